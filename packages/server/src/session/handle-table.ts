import { type FileSystem, FsError, type HandleId, limits, type NodeId, O_ACCMODE, rootContext } from "@kedgefs/core";
import { openFilesMax } from "@kedgefs/posix";

/** Descriptors that the server keeps for nodes, connections and its own files, where its limit leaves that many. */
const reservedDescriptors = 8_192;

/** An open file or directory of a session: the client's number for it leads to the file system's. */
export interface SessionHandle {
  readonly local: HandleId;
  readonly node: NodeId;
  /** Of the open that was permitted. */
  readonly flags: number;
  readonly directory: boolean;
}

/** What a request may name by the client's numbers, and the node that it says to be behind each. */
export interface HandleBody {
  readonly node: NodeId;
  readonly handle?: number | undefined;
  readonly newNode?: NodeId | undefined;
  readonly newHandle?: number | undefined;
}

/** Every field of a request that is a handle, with the one that says which node it is of. */
const handleFields = [
  ["handle", "node"],
  ["newHandle", "newNode"],
] as const satisfies readonly (readonly [keyof HandleBody, keyof HandleBody])[];

/** The handles of one session. */
export class HandleTable {
  /** Of all tables: they share the descriptors of this process. */
  static #openCount = 0;
  static readonly #openMax = Math.max(openFilesMax() - reservedDescriptors, Math.floor(openFilesMax() / 2));

  readonly #fileSystem: FileSystem;
  readonly #handles = new Map<number, SessionHandle>();

  constructor(fileSystem: FileSystem) {
    this.#fileSystem = fileSystem;
  }

  get size(): number {
    return this.#handles.size;
  }

  find(number: number): SessionHandle | undefined {
    return this.#handles.get(number);
  }

  /** EBADF for a number that is not open here. */
  get(number: number): SessionHandle {
    const handle = this.#handles.get(number);
    if (handle === undefined) throw new FsError("EBADF", `handle ${number} is not open at the server`);
    return handle;
  }

  /** The same with the nodes that its handles lead to. That is the server's to know, whatever nodes the client names beside them. */
  withNodes<Body extends HandleBody>(body: Body): Body {
    let known = body;
    for (const [handleField, nodeField] of handleFields) {
      const number = body[handleField];
      const handle = number === undefined ? undefined : this.#handles.get(number);
      if (handle !== undefined && handle.node !== body[nodeField]) known = { ...known, [nodeField]: handle.node };
    }
    return known;
  }

  /**
   * The same with the file system's handles in place of the client's numbers. EBADF for a number that is not open here, or is another
   * file since the request came in: that file's leases were not taken back. Where handles are `optional` those are left out.
   */
  withLocals<Body extends HandleBody>(body: Body, optional: boolean): Body {
    let local = body;
    for (const [handleField, nodeField] of handleFields) {
      const number = body[handleField];
      if (number === undefined) continue;
      const handle = optional ? this.#handles.get(number) : this.get(number);
      const isAnother = handle !== undefined && handle.node !== body[nodeField];
      if (isAnother && !optional) throw new FsError("EBADF", `handle ${number} is another file by now`);
      local = { ...local, [handleField]: isAnother ? undefined : handle?.local };
    }
    return local;
  }

  /**
   * EMFILE when the session has as many as it may. ENFILE when all sessions together have: without descriptors the server could
   * not even look a name up, for anybody.
   */
  checkRoom(): void {
    if (this.#handles.size >= limits.sessionHandlesMax) {
      throw new FsError("EMFILE", `a session may have ${limits.sessionHandlesMax} files open`);
    }
    if (HandleTable.#openCount >= HandleTable.#openMax) {
      throw new FsError("ENFILE", `all clients together may have ${HandleTable.#openMax} files open`);
    }
  }

  /** No honest client gives a number to two files. The earlier one is closed, so that none can be open without counting. */
  set(number: number, handle: SessionHandle): void {
    const replaced = this.#handles.get(number);
    this.#handles.set(number, handle);
    if (replaced === undefined) HandleTable.#openCount++;
    else void this.#close(replaced);
  }

  delete(number: number): SessionHandle | undefined {
    const handle = this.#handles.get(number);
    if (this.#handles.delete(number)) HandleTable.#openCount--;
    return handle;
  }

  async closeAll(): Promise<void> {
    const handles = [...this.#handles.values()];
    HandleTable.#openCount -= handles.length;
    this.#handles.clear();
    for (const handle of handles) await this.#close(handle);
  }

  async #close({ local, node, directory }: SessionHandle): Promise<void> {
    const release = directory ? this.#fileSystem.releasedir : this.#fileSystem.release;
    await release.call(this.#fileSystem, { node, handle: local }, rootContext()).catch(() => {});
  }
}

/** What a ticket of an open vouches for: this identity had this node open for this kind of access. */
export function ticketBytes(identity: string, node: NodeId, flags: number, directory: boolean): Buffer {
  return Buffer.from(JSON.stringify([identity, node, flags & O_ACCMODE, directory]));
}
