import { type Entry, type HandleId, limits, type ReadRequest } from "@kedgefs/core";
import type { Asked, LeaseCache } from "./leases/lease-cache.ts";

/** Handles whose content is remembered; past it the oldest goes. */
const handlesMax = 64;

/** What came with the answer to an open under a lease. */
export interface OpenedContent {
  /** The file, with its attributes of before `content` was read. */
  readonly entry: Entry;
  readonly content: Uint8Array;
  /** Before the open. */
  readonly asked: Asked;
}

/** The content of small files that came with the answers to their opens, for the reads through those handles. */
export class OpenedContents {
  readonly #cache: LeaseCache;
  readonly #contents = new Map<HandleId, OpenedContent>();

  constructor(cache: LeaseCache) {
    this.#cache = cache;
  }

  keep(handle: HandleId, { entry, content, asked }: OpenedContent): void {
    if (content.length === 0 || content.length > limits.openContentBytesMax) return;
    if (this.#contents.size >= handlesMax) {
      const [oldest] = this.#contents.keys();
      this.#contents.delete(oldest as HandleId);
    }
    // A copy, for these bytes may be a part of a frame of megabytes.
    this.#contents.set(handle, { entry, content: Buffer.from(content), asked });
  }

  /** What a read would answer now; undefined where only the server knows. */
  read({ handle, offset, size }: ReadRequest): Uint8Array | undefined {
    const opened = this.#contents.get(handle);
    if (opened === undefined) return undefined;
    const { entry, content, asked } = opened;
    if (!this.#cache.holds(entry, asked)) {
      this.drop(handle);
      return undefined;
    }
    const start = offset < content.length ? Number(offset) : content.length;
    return Buffer.from(content.subarray(start, start + size));
  }

  drop(handle: HandleId): void {
    this.#contents.delete(handle);
  }
}
