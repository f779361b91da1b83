import { type Attr, isRegular, type Timespec } from "@kedgefs/core";
import type { NodeRecord } from "./node-table.ts";

/**
 * How the kernel (with FUSE_AUTO_INVAL_DATA) takes attributes that it is told:
 * - `compared`: it drops the file's cached pages where size or mtime differ from what it had (fuse_change_attributes).
 * - `taken`: it takes them over without looking (the answer to SETATTR), but for the size.
 * - `truncating`: as `taken`, while it holds back all writes of dirty pages until the answer (fuse_set_nowrite).
 */
export type Taking = "compared" | "taken" | "truncating";

/** What the kernel was told last about a regular file, less what doesn't concern its data. */
export interface ToldAttributes {
  readonly size: bigint;
  readonly mtime: Timespec;
  readonly ctime: Timespec;
  /** True when it is not certain that the cached pages are of this ctime, whatever the next attributes say. */
  unsure: boolean;
  /** When this ctime was first seen (milliseconds of a clock that only counts up) while it may still have been ticking. */
  readonly tickingSinceMs: number | undefined;
}

/**
 * Twice the coarsest step of a file timestamp on Linux (a jiffy at HZ=100). Within one step a file can change twice with one
 * ctime, so pages that were read in between would pass for current.
 */
const timestampStepMs = 20;

/** A ctime older than this is taken for finished ticking; client and server clocks may differ by as much. */
const clockDifferenceMsMax = 3_600_000;

/**
 * Keeps the kernel's page cache honest where AUTO_INVAL_DATA is not enough: it goes by size and mtime, which look unchanged
 * when somebody wrote and then put mtime back, or wrote twice within one step of the server's clock. The ctime can't be put
 * back, so the driver compares that, and drops the pages itself before it answers.
 *
 * Only files that are open for reading matter: opening drops all pages, since FOPEN_KEEP_CACHE is never given. A program that
 * reads through a shared memory map and never calls read or stat sees no change of others until it does; that takes leases.
 *
 * No answer waits for an invalidation that could wait for it: dropping pages waits for page locks, which READ and WRITE hold,
 * and for dirty pages of memory maps to be written, which a truncating SETATTR holds back. Those three never wait here.
 */
export class Coherence {
  readonly #invalidate: (record: NodeRecord) => Promise<void>;
  readonly #nowMs: () => number;
  readonly #dateMs: () => number;

  /** `invalidate` drops the cached pages of a node (FUSE_NOTIFY_INVAL_INODE) and settles when that is done. */
  constructor(invalidate: (record: NodeRecord) => Promise<void>, nowMs = () => performance.now(), dateMs = Date.now) {
    this.#invalidate = invalidate;
    this.#nowMs = nowMs;
    this.#dateMs = dateMs;
  }

  /** Notes what the kernel is about to be told of a node. The answer must wait for the promise that it returns, if any. */
  tell(record: NodeRecord, attr: Attr, taking: Taking): Promise<void> | undefined {
    if (!isRegular(attr.mode)) return undefined;
    const before = record.told;
    const nowMs = this.#nowMs();
    const sameCtime = before !== undefined && compareTimes(before.ctime, attr.ctime) === 0;
    const ticking = sameCtime ? before.tickingSinceMs : this.#mayTick(attr.ctime) ? nowMs : undefined;
    const settled = ticking !== undefined && nowMs - ticking >= timestampStepMs;
    const sameStamps =
      before !== undefined && before.size === attr.size && compareTimes(before.mtime, attr.mtime) === 0;

    if (!sameCtime || !sameStamps || settled) {
      const { size, mtime, ctime } = attr;
      record.told = { size, mtime, ctime, unsure: false, tickingSinceMs: settled ? undefined : ticking };
    }
    if (record.told === undefined) return undefined;
    if (taking === "truncating") {
      record.told.unsure = true;
      return undefined;
    }
    if (record.readers === 0 || before === undefined) {
      record.told.unsure = false;
      return undefined;
    }
    const kernelDrops = taking === "compared" && !sameStamps;
    if (before.unsure || settled || (!sameCtime && !kernelDrops)) this.#drop(record);
    // Answers may overtake each other. After an older one it is not certain which the kernel goes by.
    else if (!sameCtime && compareTimes(attr.ctime, before.ctime) < 0) record.told.unsure = true;
    return record.invalidating;
  }

  /** An answer with attributes did not reach the kernel. */
  untold(record: NodeRecord): void {
    if (record.told !== undefined) record.told.unsure = true;
  }

  /**
   * To be called when an answer was delivered, or got lost: drops pages that are not certain, rather than before the next answer.
   * Of one that waits for a drop the kernel takes nothing (it was asked for before), so a read would go on with the former size.
   */
  settle(record: NodeRecord): void {
    if (record.told?.unsure && record.readers > 0) this.#drop(record);
  }

  #drop(record: NodeRecord): void {
    if (record.told !== undefined) record.told.unsure = false;
    const before = record.invalidating ?? Promise.resolve();
    const invalidating = before
      .then(() => this.#invalidate(record))
      .catch(() => this.untold(record))
      .finally(() => {
        if (record.invalidating === invalidating) record.invalidating = undefined;
      });
    record.invalidating = invalidating;
  }

  #mayTick(ctime: Timespec): boolean {
    return this.#dateMs() - ctime.sec * 1000 < clockDifferenceMsMax;
  }
}

/** Whether the kernel was told the same of a file's data. */
export function isTold(told: ToldAttributes, { size, mtime, ctime }: Attr): boolean {
  return told.size === size && compareTimes(told.mtime, mtime) === 0 && compareTimes(told.ctime, ctime) === 0;
}

function compareTimes(a: Timespec, b: Timespec): number {
  return a.sec - b.sec || a.nsec - b.nsec;
}
