import type { Caller, NodeId } from "@kedgefs/core";
import type { ClientHandle } from "./client-handles.ts";
import { type LeaseCache, rightsOf } from "./leases/lease-cache.ts";

/** Directories that are kept open; past it the oldest is closed. */
const directoriesMax = 32;

interface Kept {
  readonly handle: ClientHandle;
  readonly timer: NodeJS.Timeout;
}

/**
 * Open directories that programs have closed, with a whole listing under a lease: programs that walk a tree open each
 * directory more than once within a moment. Whoever opens one again with the same rights gets the same handle and listing; to
 * open it was permitted, and nothing that this depends on can have changed. They are closed when the lease runs out.
 */
export class ClosedDirectories {
  readonly #cache: LeaseCache;
  readonly #close: (handle: ClientHandle) => void;
  readonly #kept = new Map<string, Kept>();

  /** `close` closes it at the server. */
  constructor(cache: LeaseCache, close: (handle: ClientHandle) => void) {
    this.#cache = cache;
    this.#close = close;
  }

  /** Keeps it open, if that can be of use; false if not. */
  keep(handle: ClientHandle): boolean {
    const { node, caller, listing, lost } = handle;
    const key = keyOf(node, caller);
    if (lost !== undefined || listing?.whole === undefined || this.#kept.has(key)) return false;
    if (!this.#cache.mayAnswerReads || listing.all(node, this.#cache) === undefined) return false;
    const [oldest] = this.#kept.keys();
    if (oldest !== undefined && this.#kept.size >= directoriesMax) this.#end(oldest);
    const timer = setTimeout(() => this.#end(key), this.#cache.restMs(listing.whole));
    timer.unref();
    this.#kept.set(key, { handle, timer });
    return true;
  }

  /** One that is open and as it was listed. It is the caller's to close again. */
  take(node: NodeId, caller: Caller): ClientHandle | undefined {
    const key = keyOf(node, caller);
    const kept = this.#kept.get(key);
    if (kept === undefined) return undefined;
    if (kept.handle.listing?.all(node, this.#cache) === undefined) {
      this.#end(key);
      return undefined;
    }
    clearTimeout(kept.timer);
    this.#kept.delete(key);
    return kept.handle;
  }

  /** Closes all. */
  clear(): void {
    for (const key of [...this.#kept.keys()]) this.#end(key);
  }

  #end(key: string): void {
    const kept = this.#kept.get(key);
    if (kept === undefined) return;
    clearTimeout(kept.timer);
    this.#kept.delete(key);
    this.#close(kept.handle);
  }
}

const keyOf = (node: NodeId, caller: Caller): string => `${node} ${rightsOf(caller)}`;
