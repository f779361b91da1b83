import type { Attr, CallContext, Entry, FileSystem, Name, NodeId, ReportUnexpected } from "@kedgefs/core";
import { FsError } from "@kedgefs/core";
import { namesFromPath } from "./native-path.ts";

/** Where paths start and what to walk with: the same for every call of one mount. */
export interface WalkBase {
  readonly fileSystem: FileSystem;
  readonly root: NodeId;
  readonly reportUnexpected: ReportUnexpected;
}

/** A node that a path led to; its attributes too, where the last lookup told them (not for the root). */
export interface Reached {
  readonly node: NodeId;
  readonly attr?: Attr;
}

/**
 * The paths of one call, walked from the root by lookup, and every reference to a node that the call took. Nothing outlives the
 * call, so no path can lead where another client has put something else meanwhile.
 */
export class PathWalk {
  readonly #base: WalkBase;
  readonly #context: CallContext;
  readonly #counts = new Map<NodeId, number>();
  /** Directories of this call by path: a rename within one directory walks there once. */
  readonly #reached = new Map<string, Reached>();

  constructor(base: WalkBase, context: CallContext) {
    this.#base = base;
    this.#context = context;
    this.#reached.set("", { node: base.root });
  }

  /** ENOENT, ENOTDIR, EACCES as lookup, EILSEQ for a path that is not UTF-8. */
  to(path: string): Promise<Reached> {
    return this.#walk(namesFromPath(path));
  }

  /** The directory of a path's last name, and that name. EBUSY for the root, which has none. */
  async toParent(path: string): Promise<{ parent: NodeId; name: Name }> {
    const names = namesFromPath(path);
    const name = names.at(-1);
    if (name === undefined) throw new FsError("EBUSY", "the root of a mount has no name of its own");
    const { node } = await this.#walk(names.slice(0, -1));
    return { parent: node, name };
  }

  /** Counts an answer that led to a node (lookup, mkdir, create and the like), so that it is given back at the end. */
  took(entry: Entry): void {
    this.#counts.set(entry.node, (this.#counts.get(entry.node) ?? 0) + 1);
  }

  /** Leaves one reference to `node` to somebody who gives it back later. The root has no references to leave. */
  leave(node: NodeId): void {
    const count = this.#counts.get(node);
    if (count !== undefined) this.#counts.set(node, count - 1);
  }

  /** Gives back what the call took. */
  end(): void {
    for (const [node, nlookup] of this.#counts) if (nlookup > 0) forget(this.#base, this.#context, node, nlookup);
    this.#counts.clear();
  }

  async #walk(names: readonly Name[]): Promise<Reached> {
    let reached: Reached = { node: this.#base.root };
    let key = "";
    for (const name of names) {
      key += `/${Buffer.from(name).toString("latin1")}`;
      const known = this.#reached.get(key);
      if (known) {
        reached = known;
        continue;
      }
      const entry = await this.#base.fileSystem.lookup({ parent: reached.node, name }, this.#context);
      this.took(entry);
      this.#reached.set(key, entry);
      reached = entry;
    }
    return reached;
  }
}

/** Forget is a hint that nobody waits for; an error in it is a bug, to be seen and no more. */
export function forget(base: WalkBase, context: CallContext, node: NodeId, nlookup: number): void {
  if (node === base.root) return;
  base.fileSystem.forget({ node, nlookup }, context).catch(base.reportUnexpected);
}
