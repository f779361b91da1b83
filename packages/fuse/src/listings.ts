import type { HandleId, NodeId } from "@kedgefs/core";
import type { Call } from "./calls.ts";

/** An answer to READDIRPLUS. */
export class Listing {
  readonly directory: NodeId;
  readonly handle: HandleId;
  /** Thread that asked; 0 where it can't be seen from here. */
  readonly pid: number;
  /** Until when the kernel may believe the names that it tells, by performance.now(). */
  untilMs = 0;
  readonly #workedIn = Promise.withResolvers<void>();

  constructor(directory: NodeId, handle: HandleId, pid: number) {
    this.directory = directory;
    this.handle = handle;
    this.pid = pid;
  }

  workedIn(): void {
    this.#workedIn.resolve();
  }

  /** Settles when it is worked in, or nothing of it may be believed any more; undefined where that is so. */
  wait(): Promise<void> | undefined {
    const restMs = this.untilMs - performance.now();
    if (restMs <= 0) return undefined;
    const { promise, resolve } = this.#workedIn;
    const timer = setTimeout(resolve, restMs);
    return promise.finally(() => clearTimeout(timer));
  }
}

/**
 * Answers to READDIRPLUS that the kernel may not have worked in yet. It does so in the thread that asked, before getdents(2)
 * returns. That it has, is known
 * - by the next READDIR or READDIRPLUS of the open directory, since getdents holds its f_pos_lock, and by RELEASEDIR, which the
 *   kernel sends when nobody uses it any more;
 * - by a request of the same thread for a path or a name. Other requests prove nothing: READ may come of a page fault in the
 *   buffer of getdents.
 *
 * There are no more of them than open directories.
 */
export class Listings {
  readonly #byHandle = new Map<HandleId, Listing>();
  readonly #byThread = new Map<number, Listing>();

  /** To be called before the answer is written. */
  add(listing: Listing): void {
    this.#end(this.#byHandle.get(listing.handle));
    this.#end(this.#byThread.get(listing.pid));
    this.#byHandle.set(listing.handle, listing);
    if (listing.pid !== 0) this.#byThread.set(listing.pid, listing);
  }

  /** To be called with each request that the kernel sends. */
  requested({ row, request, pid }: Call): void {
    if (this.#byHandle.size === 0) return;
    const handle = row.lists?.(request) ?? row.closes?.(request);
    if (handle !== undefined) this.#end(this.#byHandle.get(handle));
    if (row.namesIn !== undefined || row.changesIn !== undefined || row.opens !== undefined)
      this.#end(this.#byThread.get(pid));
  }

  /** What is on its way of a directory, or with undefined of all. */
  of(directory: NodeId | undefined): readonly Listing[] {
    if (this.#byHandle.size === 0) return [];
    const all = [...this.#byHandle.values()];
    return directory === undefined ? all : all.filter((listing) => listing.directory === directory);
  }

  #end(listing: Listing | undefined): void {
    if (listing === undefined) return;
    listing.workedIn();
    if (this.#byHandle.get(listing.handle) === listing) this.#byHandle.delete(listing.handle);
    if (this.#byThread.get(listing.pid) === listing) this.#byThread.delete(listing.pid);
  }
}
