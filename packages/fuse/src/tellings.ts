import type { NodeRecord } from "./node-table.ts";

/** Threads of which it is remembered what they were told last; past it nothing that they were told is known to be worked in. */
const threadsMax = 4_096;

/**
 * Attributes that the kernel was told it may believe, in answers that it may not have worked in yet. The thread that asked works
 * them in before it does anything else, so its next request says that it has. Of an answer to READDIRPLUS that is not so: its
 * entries are worked in one by one, with page faults in between.
 */
export class Tellings {
  readonly #byThread = new Map<number, NodeRecord[]>();

  /** `pid`: the thread; 0 where it can't be seen from here, or proves nothing. `untilMs`: when the time has run out. */
  told(record: NodeRecord, pid: number, untilMs: number): void {
    if (pid === 0) {
      record.uncertainUntilMs = Math.max(record.uncertainUntilMs, untilMs);
      return;
    }
    if (this.#byThread.size >= threadsMax) this.#forgetThreads();
    record.toldTo.add(pid);
    const records = this.#byThread.get(pid);
    if (records === undefined) this.#byThread.set(pid, [record]);
    else records.push(record);
  }

  /** To be called with each request that the kernel sends. */
  requested(pid: number): void {
    const records = this.#byThread.get(pid);
    if (records === undefined) return;
    this.#byThread.delete(pid);
    for (const record of records) record.toldTo.delete(pid);
  }

  /** Whether all that was told of a node is worked in, or has run out. */
  areWorkedIn({ toldTo, uncertainUntilMs }: NodeRecord): boolean {
    return toldTo.size === 0 && performance.now() >= uncertainUntilMs;
  }

  /** The kernel has dropped what it was told, and drops what is still on its way. */
  taken(record: NodeRecord): void {
    record.toldTo.clear();
    record.uncertainUntilMs = 0;
  }

  #forgetThreads(): void {
    for (const records of this.#byThread.values()) {
      for (const record of records) {
        record.toldTo.clear();
        record.uncertainUntilMs = Math.max(record.uncertainUntilMs, record.believedUntilMs);
      }
    }
    this.#byThread.clear();
  }
}
