import type { CallContext } from "../call-context.ts";
import { FsError } from "../errno.ts";
import type { LockBook } from "./lock-book.ts";
import type { LockAsk } from "./lock-manager.ts";
import type { LockRange } from "./lock-range.ts";

/** What came of an attempt: granted, or in whose way something is. */
export type Waiting = "granted" | "inside" | "outside";

interface Waiter<File, Through> {
  readonly ask: LockAsk<File, Through>;
  blockedBy: Waiting;
  settled: boolean;
  readonly settle: (error?: unknown) => void;
}

/** Nobody tells when a lock outside is given back, so it is tried again and again: first after, at most every, milliseconds. */
const pollMsMin = 4;
const pollMsMax = 300;
/** Waits that are followed to find one that waits for itself; Linux follows 10 (MAX_DEADLK_ITERATIONS in fs/locks.c). */
const deadlockLooksMax = 32;

/** The calls that wait for locks. */
export class LockWaits<File, Through> {
  readonly #book: LockBook<File, Through>;
  readonly #attempt: (ask: LockAsk<File, Through>) => Waiting;
  readonly #byFile = new Map<File, Set<Waiter<File, Through>>>();
  readonly #byOwner = new Map<bigint, Set<Waiter<File, Through>>>();
  readonly #polls = new Map<File, NodeJS.Timeout>();
  #size = 0;

  constructor(book: LockBook<File, Through>, attempt: (ask: LockAsk<File, Through>) => Waiting) {
    this.#book = book;
    this.#attempt = attempt;
  }

  get size(): number {
    return this.#size;
  }

  /** Settles when the lock is granted. EDEADLK, EINTR, EBADF (its open file is gone), ENOLCK. */
  async wait(ask: LockAsk<File, Through>, blockedBy: Waiting, { signal }: CallContext): Promise<void> {
    if (signal.aborted) throw interrupted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const abort = (): void => waiter.settle(interrupted());
    const waiter: Waiter<File, Through> = {
      ask,
      blockedBy,
      settled: false,
      settle: (error) => {
        if (waiter.settled) return;
        this.#remove(waiter);
        signal.removeEventListener("abort", abort);
        if (error === undefined) resolve();
        else reject(error);
      },
    };
    signal.addEventListener("abort", abort, { once: true });
    this.#add(waiter);
    if (this.#waitsForItself(waiter)) waiter.settle(deadlock());
    else this.#pollIfOutside(ask.file, pollMsMin);
    await promise;
  }

  /** Something of a file was given back: those who wait for it try again, in the order in which they came. */
  wake(file: File): void {
    for (const waiter of [...(this.#byFile.get(file) ?? [])]) if (!waiter.settled) this.#retry(waiter);
    this.#pollIfOutside(file, pollMsMin);
  }

  released(through: Through): void {
    if (this.#size === 0) return;
    const gone = [...this.#byFile.values()].flatMap((waiters) =>
      [...waiters].filter((waiter) => waiter.ask.through === through),
    );
    for (const waiter of gone) waiter.settle(new FsError("EBADF", "the file was closed meanwhile"));
  }

  #retry(waiter: Waiter<File, Through>): void {
    try {
      waiter.blockedBy = this.#attempt(waiter.ask);
    } catch (error) {
      waiter.settle(error);
      return;
    }
    if (waiter.blockedBy === "granted") waiter.settle();
    else if (this.#waitsForItself(waiter)) waiter.settle(deadlock());
  }

  #pollIfOutside(file: File, afterMs: number): void {
    const isNeeded = [...(this.#byFile.get(file) ?? [])].some(({ blockedBy }) => blockedBy === "outside");
    if (!isNeeded || this.#polls.has(file)) return;
    const timer = setTimeout(() => {
      this.#polls.delete(file);
      for (const waiter of [...(this.#byFile.get(file) ?? [])])
        if (!waiter.settled && waiter.blockedBy === "outside") this.#retry(waiter);
      this.#pollIfOutside(file, Math.min(pollMsMax, afterMs * 1.5));
    }, afterMs);
    this.#polls.set(file, timer);
  }

  /**
   * Whether it would wait for a lock of an owner who waits, perhaps by way of others, for a lock of its own. Not of flock(2), as in
   * Linux. OFD locks can't be told from those of processes, so they are looked at too, where Linux would let them wait for ever.
   */
  #waitsForItself(waiter: Waiter<File, Through>): boolean {
    if (waiter.ask.kind === "flock") return false;
    const seen = new Set<bigint>();
    const next = [waiter];
    let looks = 0;
    for (let one = next.pop(); one !== undefined && looks < deadlockLooksMax; one = next.pop(), looks++) {
      for (const { record } of this.#book.allInTheWay(one.ask, one.ask.change as LockRange)) {
        if (record.owner === waiter.ask.owner) return true;
        if (seen.has(record.owner)) continue;
        seen.add(record.owner);
        for (const waits of this.#byOwner.get(record.owner) ?? []) if (waits.ask.kind === "posix") next.push(waits);
      }
    }
    return false;
  }

  #add(waiter: Waiter<File, Through>): void {
    const { file, owner } = waiter.ask;
    this.#byFile.set(file, (this.#byFile.get(file) ?? new Set()).add(waiter));
    this.#byOwner.set(owner, (this.#byOwner.get(owner) ?? new Set()).add(waiter));
    this.#size++;
  }

  #remove(waiter: Waiter<File, Through>): void {
    waiter.settled = true;
    this.#size--;
    const { file, owner } = waiter.ask;
    removeFrom(this.#byFile, file, waiter);
    removeFrom(this.#byOwner, owner, waiter);
    if (this.#byFile.has(file)) return;
    clearTimeout(this.#polls.get(file));
    this.#polls.delete(file);
  }
}

function removeFrom<Key, Item>(sets: Map<Key, Set<Item>>, key: Key, item: Item): void {
  const set = sets.get(key);
  set?.delete(item);
  if (set?.size === 0) sets.delete(key);
}

const interrupted = (): FsError => new FsError("EINTR", "interrupted while it waited for a lock");
const deadlock = (): FsError => new FsError("EDEADLK", "it would wait for a lock that waits for it");
