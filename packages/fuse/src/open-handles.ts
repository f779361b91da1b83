import type { CallContext, FileSystem, HandleId, NodeId } from "@kedgefs/core";
import type { NodeTable } from "./node-table.ts";

/** What an answer opened. */
export interface Opened {
  readonly kind: "file" | "directory";
  readonly node: NodeId;
  readonly handle: HandleId;
  /** Data can be read through it. */
  readonly readable: boolean;
}

/** Gives back to the FileSystem what was opened and the kernel will not close. */
export function releaseOpened(fileSystem: FileSystem, opened: Opened, context: CallContext): Promise<void> {
  const { node, handle } = opened;
  return opened.kind === "file"
    ? fileSystem.release({ node, handle }, context)
    : fileSystem.releasedir({ node, handle }, context);
}

/**
 * The handles that the kernel holds. Their number is bounded by the open files of this machine (fs.file-max); a FileSystem has
 * a bound of its own and answers EMFILE.
 */
export class OpenHandles {
  readonly #nodes: NodeTable;
  readonly #byHandle = new Map<HandleId, Opened>();

  constructor(nodes: NodeTable) {
    this.#nodes = nodes;
  }

  get size(): number {
    return this.#byHandle.size;
  }

  opened(opened: Opened): void {
    this.#byHandle.set(opened.handle, opened);
    this.#count(opened, 1);
  }

  /** The kernel closes the handle. */
  released(handle: HandleId): void {
    const opened = this.#byHandle.get(handle);
    if (opened === undefined) return;
    this.#byHandle.delete(handle);
    this.#count(opened, -1);
  }

  /** The mount is gone: what it had open, for the last time. A lazy or forced unmount leaves handles that nobody closes. */
  takeAll(): readonly Opened[] {
    const all = [...this.#byHandle.values()];
    for (const opened of all) this.released(opened.handle);
    return all;
  }

  #count({ kind, node, readable }: Opened, step: number): void {
    const record = this.#nodes.find(node);
    if (record === undefined || kind !== "file") return;
    record.opens += step;
    if (readable) record.readers += step;
  }
}
