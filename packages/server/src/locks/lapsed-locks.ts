import { conflicts, type LockOwner, type LockRange, limits } from "@kedgefs/core";
import type { LockFile } from "./host-locks.ts";

/** What an owner had of a file when its client had been away for too long. */
export interface LapsedLock extends LockOwner<LockFile> {
  readonly ranges: readonly LockRange[];
  /** The file's ctime then. */
  readonly ctime: string;
}

/**
 * Locks that were given back in the name of clients that stayed away. One that nobody else could have had since can be reclaimed:
 * no lock in its way was granted, and the file is as it was, which tells of most that a process of this machine did under a lock.
 */
export class LapsedLocks {
  readonly #byFile = new Map<LockFile, Set<LapsedLock>>();
  #rangeCount = 0;

  add(lapsed: LapsedLock): void {
    // What is not remembered can't be reclaimed.
    if (this.#rangeCount + lapsed.ranges.length > limits.sessionLockRangesMax) return;
    this.#rangeCount += lapsed.ranges.length;
    this.#byFile.set(lapsed.file, (this.#byFile.get(lapsed.file) ?? new Set()).add(lapsed));
  }

  /** A lock was granted: whoever lapsed and had one in its way has lost that for good. */
  granted({ file, kind, owner }: LockOwner<LockFile>, range: LockRange): void {
    for (const lapsed of this.#byFile.get(file) ?? []) {
      if (lapsed.kind !== kind || lapsed.owner === owner) continue;
      if (lapsed.ranges.some((each) => conflicts(each, range))) this.#remove(lapsed);
    }
  }

  /** What may be taken back of it, once. */
  take(of: LockOwner<LockFile>, ctime: string): readonly LockRange[] {
    for (const lapsed of this.#byFile.get(of.file) ?? []) {
      if (lapsed.kind !== of.kind || lapsed.owner !== of.owner) continue;
      this.#remove(lapsed);
      return lapsed.ctime === ctime ? lapsed.ranges : [];
    }
    return [];
  }

  /** The session is gone, and with it whoever could reclaim. */
  forget(isOf: (owner: bigint) => boolean): void {
    for (const lapsed of [...this.#byFile.values()].flatMap((each) => [...each]))
      if (isOf(lapsed.owner)) this.#remove(lapsed);
  }

  #remove(lapsed: LapsedLock): void {
    const all = this.#byFile.get(lapsed.file);
    if (!all?.delete(lapsed)) return;
    this.#rangeCount -= lapsed.ranges.length;
    if (all.size === 0) this.#byFile.delete(lapsed.file);
  }
}
