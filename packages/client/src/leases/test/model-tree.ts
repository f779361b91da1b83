import {
  type Attr,
  type Caller,
  type CreateRequest,
  type DirEntry,
  type Entry,
  type ErrnoName,
  FsError,
  type LinkRequest,
  type LookupRequest,
  type NodeId,
  O_TRUNC,
  type OpenRequest,
  type RenameRequest,
  readMovesAtime,
  type SetattrRequest,
} from "@kedgefs/core";

interface ModelNode {
  attr: Attr;
  /** Of a directory. */
  readonly names?: Map<string, NodeId>;
}

export interface Outcome {
  readonly error?: FsError;
  readonly body?: object;
  readonly after: readonly Entry[];
}

/** What a caller who is not root needs to search a directory of the model: the x of others. */
const searchBit = 0o001;
const fileMode = 0o100644;
const directoryMode = 0o040755;

/** The smallest tree of files that has all that leases are about. Each call takes effect at once. */
export class ModelTree {
  readonly root: NodeId;
  readonly #nodes = new Map<NodeId, ModelNode>();
  /** Every change has a time of its own, in seconds, all of them lately. */
  #time = Math.floor(Date.now() / 1000) - 10_000;

  constructor() {
    this.root = this.#make(true);
    const [a, b] = [Buffer.from("a"), Buffer.from("b")];
    const directory = this.#add({ parent: this.root, name: b }, this.#make(true));
    const file = this.#add({ parent: this.root, name: a }, this.#make(false));
    this.#add({ parent: directory, name: a }, file);
    this.#change(file, { nlink: 2 });
  }

  nodes(): readonly NodeId[] {
    return [...this.#nodes.keys()];
  }

  directories(): readonly NodeId[] {
    return this.nodes().filter((node) => this.#nodes.get(node)?.names !== undefined);
  }

  attr(node: NodeId): Attr {
    return this.#get(node).attr;
  }

  /** Where a name leads as a caller is told: a node, "absent", or "denied". */
  lead({ parent, name }: LookupRequest, caller: Caller): NodeId | "absent" | "denied" {
    if (!this.#maySearch(parent, caller)) return "denied";
    return this.#get(parent).names?.get(textOf(name)) ?? "absent";
  }

  run(operation: string, request: object, caller: Caller): Outcome {
    try {
      return this.#run(operation, request, caller);
    } catch (error) {
      if (!(error instanceof FsError)) throw error;
      return { error, after: [] };
    }
  }

  #run(operation: string, request: object, caller: Caller): Outcome {
    const { node } = request as { node: NodeId };
    const place = request as LookupRequest;
    const { parent = this.root, newParent = parent } = request as Partial<RenameRequest>;
    if (!this.#maySearch(parent, caller) || !this.#maySearch(newParent, caller)) throw new FsError("EACCES");
    switch (operation) {
      case "lookup": {
        const lead = this.lead(place, caller);
        if (lead === "denied" || lead === "absent") throw new FsError("ENOENT");
        return { body: this.#entry(lead), after: [] };
      }
      case "getattr":
        return { body: { attr: this.attr(node) }, after: [] };
      case "setattr": {
        const { size, mode } = request as SetattrRequest;
        if (size !== undefined) this.#change(node, { size, mtime: this.#now() });
        if (mode !== undefined) this.#change(node, { mode: (this.attr(node).mode & ~0o7777) | mode });
        return { body: { attr: this.attr(node) }, after: [] };
      }
      case "write":
        this.#change(node, { size: this.attr(node).size + 1n, mtime: this.#now() });
        return { body: { size: 1 }, after: [] };
      case "open":
        if (((request as OpenRequest).flags & O_TRUNC) !== 0) this.#change(node, { size: 0n, mtime: this.#now() });
        return { body: { ticket: Buffer.alloc(0) }, after: [this.#entry(node)] };
      case "read":
        this.#access(node);
        return { body: { data: Buffer.alloc(0) }, after: [] };
      case "readdirplus":
        return { body: this.#list(node, caller), after: [] };
      case "create":
        return this.#create(request as CreateRequest);
      case "mkdir":
        return { body: this.#entry(this.#add(place, this.#make(true))), after: [this.#entry(place.parent)] };
      case "link": {
        const { newParent, newName } = request as LinkRequest;
        if (this.#get(node).names !== undefined || this.attr(node).nlink === 0) throw new FsError("EPERM");
        this.#add({ parent: newParent, name: newName }, node);
        this.#change(node, { nlink: this.attr(node).nlink + 1 });
        return { body: this.#entry(node), after: [this.#entry(node), this.#entry(newParent)] };
      }
      case "unlink":
      case "rmdir":
        this.#remove(place, operation === "rmdir");
        return { body: {}, after: [this.#entry(place.parent)] };
      case "rename":
        return this.#rename(request as RenameRequest);
      default:
        throw new Error(`the model has no ${operation}`);
    }
  }

  #maySearch(directory: NodeId, { uid }: Caller): boolean {
    return uid === 0 || (this.attr(directory).mode & searchBit) !== 0;
  }

  #create({ parent, name, flags }: CreateRequest): Outcome {
    const found = this.#names(parent).get(textOf(name));
    if (found === undefined) this.#add({ parent, name }, this.#make(false));
    else if (this.#get(found).names !== undefined) throw new FsError("EISDIR");
    else if ((flags & O_TRUNC) !== 0) this.#change(found, { size: 0n, mtime: this.#now() });
    const node = this.#names(parent).get(textOf(name)) as NodeId;
    return { body: this.#entry(node), after: [this.#entry(parent)] };
  }

  #rename({ parent, name, newParent, newName }: RenameRequest): Outcome {
    const moved = this.#names(parent).get(textOf(name));
    const met = this.#names(newParent).get(textOf(newName));
    if (moved === undefined) throw new FsError("ENOENT");
    const isDirectory = this.#get(moved).names !== undefined;
    // No directory of the model gets another parent, so none can come into itself.
    if (isDirectory && parent !== newParent) throw new FsError("EXDEV");
    if (met !== moved) {
      if (met !== undefined) this.#remove({ parent: newParent, name: newName }, isDirectory);
      this.#names(newParent).set(textOf(newName), moved);
      this.#names(parent).delete(textOf(name));
      for (const directory of [parent, newParent]) this.#change(directory, { mtime: this.#now() });
      this.#change(moved, {});
    }
    return { body: {}, after: [this.#entry(parent), this.#entry(newParent)] };
  }

  #list(node: NodeId, caller: Caller): object {
    const names = [...this.#names(node, "ENOTDIR")];
    const entries = names.map(([text, found]): Omit<DirEntry, "offset"> => {
      const name = Buffer.from(text);
      const dirEntry = { name, ino: 1n, type: 0 };
      return this.lead({ parent: node, name }, caller) === "denied"
        ? dirEntry
        : { ...dirEntry, entry: this.#entry(found) };
    });
    this.#access(node);
    return { entries, end: true };
  }

  #add({ parent, name }: LookupRequest, node: NodeId): NodeId {
    const names = this.#names(parent);
    if (this.attr(parent).nlink === 0) throw new FsError("ENOENT");
    if (names.has(textOf(name))) throw new FsError("EEXIST");
    names.set(textOf(name), node);
    this.#change(parent, { mtime: this.#now() });
    return node;
  }

  #remove({ parent, name }: LookupRequest, asDirectory: boolean): void {
    const node = this.#names(parent).get(textOf(name));
    if (node === undefined) throw new FsError("ENOENT");
    const { names, attr } = this.#get(node);
    if ((names !== undefined) !== asDirectory) throw new FsError(asDirectory ? "ENOTDIR" : "EISDIR");
    if (names !== undefined && names.size > 0) throw new FsError("ENOTEMPTY");
    this.#names(parent).delete(textOf(name));
    this.#change(parent, { mtime: this.#now() });
    this.#change(node, { nlink: attr.nlink - 1 });
  }

  #make(directory: boolean): NodeId {
    const now = this.#now();
    const attr: Attr = {
      ...{
        ino: BigInt(this.#nodes.size),
        mode: directory ? directoryMode : fileMode,
        nlink: 1,
        uid: 0,
        gid: 0,
        rdev: 0,
      },
      ...{ size: 0n, blocks: 0n, blksize: 4096, atime: now, mtime: now, ctime: now, btime: now },
    };
    const node = `<${this.#nodes.size}>` as NodeId;
    this.#nodes.set(node, directory ? { attr, names: new Map() } : { attr });
    return node;
  }

  #change(node: NodeId, fields: Partial<Attr>): void {
    this.#get(node).attr = { ...this.attr(node), ...fields, ctime: this.#now() };
  }

  #access(node: NodeId): void {
    const { attr } = this.#get(node);
    if (readMovesAtime(attr, false)) this.#get(node).attr = { ...attr, atime: this.#now() };
  }

  #entry(node: NodeId): Entry {
    return { node, attr: this.attr(node) };
  }

  #names(node: NodeId, code: ErrnoName = "ENOTDIR"): Map<string, NodeId> {
    const { names } = this.#get(node);
    if (names === undefined) throw new FsError(code);
    return names;
  }

  #get(node: NodeId): ModelNode {
    const found = this.#nodes.get(node);
    if (found === undefined) throw new FsError("ESTALE");
    return found;
  }

  #now(): Attr["mtime"] {
    this.#time++;
    return { sec: this.#time, nsec: 0 };
  }
}

function textOf(name: Uint8Array): string {
  return Buffer.from(name).toString();
}
