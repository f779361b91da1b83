import type { CallContext } from "../call-context.ts";
import { FsError } from "../errno.ts";
import { limits } from "../limits.ts";
import { LockBook, type LockOwner, type LockRecord } from "./lock-book.ts";
import { type LockChange, type LockRange, wholeFile, withChange } from "./lock-range.ts";
import { LockWaits, type Waiting } from "./lock-waits.ts";

/** What a lock call asks for. */
export interface LockAsk<File, Through> extends LockOwner<File> {
  readonly change: LockChange;
  readonly pid: number;
  /** The open file that it is made through. */
  readonly through: Through;
}

/** Those who lock the same files and don't ask here, such as other processes of this machine. */
export interface OutsideLocks<File, Through> {
  /**
   * Has `ask` hold there too what it is granted here. False where somebody there holds what is in the way; of a flock(2), what the
   * owner held is gone then. `held`: what the owner has now.
   */
  take(ask: LockAsk<File, Through> & { readonly change: LockRange }, held: readonly LockRange[]): boolean;
  /** Gives back; `rest` is what the owner keeps. */
  give(owner: LockOwner<File>, change: LockChange, rest: readonly LockRange[]): void;
  /** What is in the way there. */
  find(ask: LockAsk<File, Through> & { readonly change: LockRange }): LockRange | undefined;
}

/** A lock that is in the way. `owner` and `pid` are unknown for one of outside. */
export interface LockInTheWay {
  readonly range: LockRange;
  readonly owner?: bigint;
  readonly pid: number;
}

/**
 * Grants locks on files, by the rules of Linux (fs/locks.c): a range of an owner is replaced by a later one, locks of others in the
 * way are waited for or refused. Nobody has a claim to a lock before it is granted: of those who wait the first that can have it gets
 * it, and who comes meanwhile gets what is free.
 */
export class LockManager<File, Through> {
  readonly #outside: OutsideLocks<File, Through> | undefined;
  readonly #book = new LockBook<File, Through>();
  readonly #waits: LockWaits<File, Through>;

  constructor(outside?: OutsideLocks<File, Through>) {
    this.#outside = outside;
    this.#waits = new LockWaits(this.#book, (ask) => this.#attempt(ask));
  }

  /** Calls that wait. */
  get waiting(): number {
    return this.#waits.size;
  }

  records(file?: File): readonly LockRecord<File, Through>[] {
    return this.#book.records(file);
  }

  /**
   * Locks or unlocks. Without `wait` EAGAIN where something is in the way; with it EDEADLK where it would wait for itself (not for
   * flock), EINTR where the caller is interrupted first. ENOLCK: the file has as many ranges as it may.
   */
  async setlk(ask: LockAsk<File, Through>, wait?: CallContext): Promise<void> {
    if (ask.change.type === "unlock") {
      this.#unlock(ask, ask.change);
      return;
    }
    const outcome = this.#attempt(ask);
    if (outcome === "granted") return;
    if (wait === undefined) throw new FsError("EAGAIN", "somebody else holds a lock that is in the way");
    await this.#waits.wait(ask, outcome, wait);
  }

  /** A lock that keeps `ask` from being granted; of an unlock, one that the owner itself holds there. */
  getlk(ask: LockAsk<File, Through>): LockInTheWay | undefined {
    const { change } = ask;
    if (change.type === "unlock") {
      const own = this.#book.find(ask);
      const range = own?.ranges.find(({ start, end }) => start <= change.end && change.start <= end);
      return own === undefined || range === undefined ? undefined : { range, owner: own.owner, pid: own.pid };
    }
    const wanted = { ...ask, change: change as LockRange };
    const blocking = this.#book.inTheWay(ask, wanted.change);
    if (blocking !== undefined) {
      const { record, range } = blocking;
      return { range, owner: record.owner, pid: record.pid };
    }
    const range = this.#outside?.find(wanted);
    return range === undefined ? undefined : { range, pid: 0 };
  }

  /** Gives back all that an owner holds of a file. */
  drop(owner: LockOwner<File>): void {
    this.#unlock(owner, { type: "unlock", ...wholeFile });
  }

  /** An open file is gone, and with it the locks that were made through no other. */
  released(through: Through): void {
    this.#waits.released(through);
    for (const record of this.#book.released(through)) this.drop(record);
  }

  #unlock(owner: LockOwner<File>, change: LockChange): void {
    if (this.#book.find(owner) === undefined) return;
    this.#book.change(owner, change);
    this.#outside?.give(owner, change, this.#book.find(owner)?.ranges ?? []);
    this.#waits.wake(owner.file);
  }

  #attempt(ask: LockAsk<File, Through>): Waiting {
    const change = ask.change as LockRange;
    const held = this.#book.find(ask)?.ranges ?? [];
    const blocked = this.#book.inTheWay(ask, change) !== undefined;
    const converts = this.#book.converts(ask, change);
    if (blocked) {
      if (converts) this.drop(ask);
      return "inside";
    }
    this.#checkRoom(ask, held);
    if (this.#outside?.take({ ...ask, change }, held) === false) {
      if (converts) this.drop(ask);
      return "outside";
    }
    this.#book.change(ask, change, ask);
    // Others may read now what was locked for writing.
    if (change.type === "read" && held.some(({ type }) => type === "write")) this.#waits.wake(ask.file);
    return "granted";
  }

  #checkRoom(ask: LockAsk<File, Through>, held: readonly LockRange[]): void {
    const count = this.#book.rangeCountOf(ask.file);
    // One range more, and one that is split.
    if (count + 2 <= limits.fileLockRangesMax) return;
    const more = withChange(held, ask.change).length - held.length;
    if (more > 0 && count + more > limits.fileLockRangesMax)
      throw new FsError("ENOLCK", "the file has as many locks as it may");
  }
}
