/** A call that took longer than this had to wait for a disk, milliseconds. */
const slowMs = 2;
/** How long such calls are then made elsewhere, milliseconds. */
const awayMs = 1_000;

/**
 * Says whether a call that usually returns within microseconds may be made on the event loop: a hand-over to the pool costs
 * more than the call itself, until a disk is busy and a write has to wait for it. Then calls go to the pool for a while.
 */
export class LoopGuard {
  #awayUntilMs = 0;

  get open(): boolean {
    return performance.now() >= this.#awayUntilMs;
  }

  /** Makes the call and takes its time. */
  run<T>(call: () => T): T {
    const startedMs = performance.now();
    try {
      return call();
    } finally {
      const endedMs = performance.now();
      if (endedMs - startedMs > slowMs) this.#awayUntilMs = endedMs + awayMs;
    }
  }
}
