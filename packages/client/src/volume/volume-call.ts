import {
  type Attr,
  CallContext,
  type Caller,
  type Entry,
  type FileSystem,
  FsError,
  isDirectory,
  isSymlink,
  type Name,
  type NodeId,
} from "@kedgefs/core";
import { nodeError, type SystemCall } from "./node-error.ts";
import { isDot, isDotDot, type PathParts, partsOf, pathBytes } from "./path.ts";
import type { VolumePath } from "./types.ts";

/** Symbolic links that one path may lead through (MAXSYMLINKS in linux/namei.h); ELOOP past it. */
const symlinksMax = 40;

const searchPermission = 1;

export interface VolumeContext {
  readonly fileSystem: FileSystem;
  readonly caller: Caller;
  readonly umask: number;
}

/** A node on a path. The root's attributes are not known from a lookup. */
interface WalkedNode {
  readonly node: NodeId;
  readonly attr?: Attr;
}

/** Where a name is, or is to be: the directory and the last component, which is special for "", "." and "..". */
export interface Place {
  readonly parent: NodeId;
  readonly name: Name;
  readonly last: "name" | "dot" | "dotdot" | "root";
  readonly trailingSlash: boolean;
  /** The directories from the root to `parent`, for going on from here through a symbolic link. */
  readonly stack: readonly WalkedNode[];
}

/** One call of the volume's API: walks paths, and forgets in the end every node that it came to hold. */
export class VolumeCall {
  readonly fileSystem: FileSystem;
  readonly context: CallContext;
  readonly umask: number;
  readonly #held: NodeId[] = [];
  #symlinks = 0;

  constructor({ fileSystem, caller, umask }: VolumeContext) {
    this.fileSystem = fileSystem;
    this.context = new CallContext(caller);
    this.umask = umask;
  }

  /** What a path leads to. Its last component is followed if it is a symbolic link, unless `follow` is false. */
  async node(path: VolumePath, follow = true): Promise<NodeId> {
    return (await this.#resolve(path, follow)).node;
  }

  async entry(path: VolumePath, follow = true): Promise<Entry> {
    const { node, attr } = await this.#resolve(path, follow);
    return { node, attr: attr ?? (await this.fileSystem.getattr({ node }, this.context)).attr };
  }

  /** Where the last component of a path is, without looking at it. */
  async place(path: VolumePath): Promise<Place> {
    this.#symlinks = 0;
    return this.#placeOf(partsOf(pathBytes(path)), await this.#start());
  }

  /** The place that a symbolic link found at `place` leads to. */
  async placeThrough(place: Place, link: NodeId): Promise<Place> {
    const parts = partsOf(await this.#target(link));
    return this.#placeOf(parts, parts.absolute ? await this.#start() : [...place.stack]);
  }

  /** EACCES where the caller may not search a directory. */
  async requireSearch(directory: NodeId): Promise<void> {
    await this.fileSystem.access({ node: directory, mask: searchPermission }, this.context);
  }

  async lookup(parent: NodeId, name: Name): Promise<Entry> {
    return this.hold(await this.fileSystem.lookup({ parent, name }, this.context));
  }

  async lookupIfThere({ parent, name }: Place): Promise<Entry | undefined> {
    try {
      return await this.lookup(parent, name);
    } catch (error) {
      if (error instanceof FsError && error.code === "ENOENT") return undefined;
      throw error;
    }
  }

  /** Notes a node from an answer, to be forgotten when the call ends. */
  hold<Reply extends Entry>(reply: Reply): Reply {
    this.#held.push(reply.node);
    return reply;
  }

  /** Gives one hold of `node` to the caller, who forgets it later. False where there is none, as of the root. */
  keep(node: NodeId): boolean {
    const index = this.#held.lastIndexOf(node);
    if (index >= 0) this.#held.splice(index, 1);
    return index >= 0;
  }

  /** Forgets one hold of `node` before the call ends, where a call goes through many nodes. */
  async drop(node: NodeId): Promise<void> {
    if (this.keep(node)) await this.fileSystem.forget({ node, nlookup: 1 }, this.context);
  }

  async end(): Promise<void> {
    const counts = new Map<NodeId, number>();
    for (const node of this.#held) counts.set(node, (counts.get(node) ?? 0) + 1);
    this.#held.length = 0;
    for (const [node, nlookup] of counts) await this.fileSystem.forget({ node, nlookup }, this.context);
  }

  async #resolve(path: VolumePath, follow: boolean): Promise<WalkedNode> {
    this.#symlinks = 0;
    return topOf(await this.#walk(partsOf(pathBytes(path)), await this.#start(), follow));
  }

  async #placeOf(parts: PathParts, start: WalkedNode[]): Promise<Place> {
    const last = parts.components.at(-1);
    const before = { ...parts, components: parts.components.slice(0, -1), trailingSlash: true };
    const stack = await this.#walk(before, start, true);
    const { node: parent } = topOf(stack);
    const kind = last === undefined ? "root" : isDot(last) ? "dot" : isDotDot(last) ? "dotdot" : "name";
    // A name is looked up or made next, which asks for search permission; the others are refused for what they are after it.
    if (kind !== "root" && (kind !== "name" || parts.trailingSlash)) await this.requireSearch(parent);
    return { parent, name: last ?? Buffer.alloc(0), last: kind, trailingSlash: parts.trailingSlash, stack };
  }

  async #start(): Promise<WalkedNode[]> {
    const { node } = await this.fileSystem.root(this.context);
    return [{ node }];
  }

  async #target(link: NodeId): Promise<Buffer> {
    this.#symlinks += 1;
    if (this.#symlinks > symlinksMax) throw new FsError("ELOOP");
    const { target } = await this.fileSystem.readlink({ node: link }, this.context);
    return Buffer.from(target);
  }

  // The stack holds the directories from the root to where the walk is, because ".." of a node can't be asked for.
  async #walk(
    { components, trailingSlash }: PathParts,
    start: WalkedNode[],
    followLast: boolean,
  ): Promise<WalkedNode[]> {
    let stack = start;
    let endsInDirectory = trailingSlash;
    const pending = components.toReversed();
    for (let component = pending.pop(); component !== undefined; component = pending.pop()) {
      const { node } = requireDirectory(topOf(stack));
      if (isDot(component) || isDotDot(component)) {
        await this.requireSearch(node);
        if (isDotDot(component) && stack.length > 1) stack.pop();
        continue;
      }
      const found = await this.lookup(node, component);
      const isLast = pending.length === 0;
      if (!isSymlink(found.attr.mode) || (isLast && !followLast && !endsInDirectory)) {
        stack.push(found);
        continue;
      }
      const parts = partsOf(await this.#target(found.node));
      if (parts.absolute) stack = await this.#start();
      if (isLast) endsInDirectory ||= parts.trailingSlash;
      pending.push(...parts.components.toReversed());
    }
    if (endsInDirectory) requireDirectory(topOf(stack));
    return stack;
  }
}

// The root alone comes without attributes.
function requireDirectory(walked: WalkedNode): WalkedNode {
  if (walked.attr !== undefined && !isDirectory(walked.attr.mode)) throw new FsError("ENOTDIR");
  return walked;
}

function topOf(stack: readonly WalkedNode[]): WalkedNode {
  const top = stack.at(-1);
  if (top === undefined) throw new Error("a path walk lost its root");
  return top;
}

/**
 * Runs one call of the API. ESTALE means that a file went between finding and using it, and that nothing was done: then the
 * path is walked once more, as the kernel does it.
 */
export async function runCall<Result>(
  volume: VolumeContext,
  systemCall: SystemCall,
  body: (call: VolumeCall) => Promise<Result>,
): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    const call = new VolumeCall(volume);
    try {
      return await body(call);
    } catch (error) {
      if (error instanceof TypeError && "code" in error) throw error;
      if (error instanceof FsError && error.code === "ESTALE" && attempt === 1) continue;
      throw nodeError(error, systemCall);
    } finally {
      await call.end();
    }
  }
}
