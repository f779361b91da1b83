import type { DirEntry, HandleId, NodeId } from "@kedgefs/core";
import { direntOf, readBatch, typeOf } from "./directory-batches.ts";
import { nodeError } from "./node-error.ts";
import type { VolumeDir, VolumeDirent } from "./types.ts";
import { runCall, VolumeCall, type VolumeContext } from "./volume-call.ts";

interface OpenDirectory {
  readonly node: NodeId;
  readonly handle: HandleId;
  /** Whether `node` is to be forgotten in the end; the root never is. */
  readonly held: boolean;
}

/** What `opendir` answers: one open directory that is read batch by batch. */
export class VolumeDirectory implements VolumeDir {
  readonly #volume: VolumeContext;
  readonly #path: string;
  readonly #directory: OpenDirectory;
  #waiting: DirEntry[] = [];
  #offset = 0n;
  #end = false;
  #closed = false;

  constructor(volume: VolumeContext, path: string, directory: OpenDirectory) {
    this.#volume = volume;
    this.#path = path;
    this.#directory = directory;
  }

  async read(): Promise<VolumeDirent | null> {
    if (this.#closed) throw Object.assign(new Error("Directory handle was closed"), { code: "ERR_DIR_CLOSED" });
    const { node, handle } = this.#directory;
    return runCall(this.#volume, { syscall: "scandir", path: this.#path }, async (call) => {
      while (this.#waiting.length === 0 && !this.#end) {
        const batch = await readBatch(call, node, handle, this.#offset);
        this.#waiting = batch.entries.toReversed();
        this.#offset = batch.offset;
        this.#end = batch.end;
      }
      const entry = this.#waiting.pop();
      return entry === undefined ? null : direntOf(Buffer.from(entry.name).toString(), await typeOf(call, node, entry));
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const { node, handle, held } = this.#directory;
    const call = new VolumeCall(this.#volume);
    try {
      await call.fileSystem.releasedir({ node, handle }, call.context);
    } catch (error) {
      throw nodeError(error, { syscall: "closedir", path: this.#path });
    } finally {
      if (held) await call.fileSystem.forget({ node, nlookup: 1 }, call.context);
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<VolumeDirent> {
    try {
      for (let entry = await this.read(); entry !== null; entry = await this.read()) yield entry;
    } finally {
      await this.close();
    }
  }
}
