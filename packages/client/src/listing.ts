import type { DirEntry, NodeId, ReaddirReply } from "@kedgefs/core";
import type { Asked, LeaseCache } from "./leases/lease-cache.ts";

/**
 * The last part of a directory that was fetched for an open handle: the kernel asks for little at a time, and a round trip
 * costs more than what it brings. What comes or goes after the opendir, or the last rewind, may be in a listing or not
 * (readdir(3)); a rewind asks anew, unless all of the directory was told under a lease that still holds.
 */
export class Listing {
  readonly #entries: readonly DirEntry[];
  readonly #end: boolean;
  /** Undefined for an offset that several entries share: what follows it, only the server knows. */
  readonly #next = new Map<bigint, number | undefined>();
  /** If it is all of a directory, told under a lease: what was asked for it. */
  readonly whole: Asked | undefined;

  constructor({ entries, end }: ReaddirReply, whole?: Asked) {
    this.whole = whole;
    this.#entries = entries;
    this.#end = end;
    for (const [index, { offset }] of entries.entries()) {
      this.#next.set(offset, this.#next.has(offset) ? undefined : index + 1);
    }
  }

  /** All of `directory`, undefined where the server has to be asked. */
  all(directory: NodeId, cache: LeaseCache): ReaddirReply | undefined {
    const holds = this.whole !== undefined && cache.holdsNames(directory, this.whole);
    return holds ? { entries: this.#entries, end: this.#end } : undefined;
  }

  /** What follows a position, undefined where the server has to be asked. */
  after(offset: bigint): ReaddirReply | undefined {
    const next = offset === 0n ? undefined : this.#next.get(offset);
    if (next === undefined || (next === this.#entries.length && !this.#end)) return undefined;
    return { entries: this.#entries.slice(next), end: this.#end };
  }
}
