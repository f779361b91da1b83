import { FsError } from "../errno.ts";

/**
 * `posix`: of a process, or by an OFD lock of an open file description (fcntl(2)), over ranges of bytes. `flock`: of an open file
 * description (flock(2)), over the whole file. The two know nothing of each other.
 */
export type LockKind = "posix" | "flock";
export type LockType = "read" | "write";

/** Bytes from `start` to `end`, the last one included; 0 ≤ start ≤ end ≤ `lockEndMax`. */
export interface LockSpan {
  readonly start: bigint;
  readonly end: bigint;
}

/** A part of a file that is locked. flock(2)'s shared lock is a read lock. */
export interface LockRange extends LockSpan {
  readonly type: LockType;
}

/** What a range is to become. */
export interface LockChange extends LockSpan {
  readonly type: LockType | "unlock";
}

/** The end of a lock that reaches to the end of the file, however far that moves (OFFSET_MAX in linux/fs.h). */
export const lockEndMax = 2n ** 63n - 1n;

export const wholeFile: LockSpan = { start: 0n, end: lockEndMax };

const kinds: ReadonlySet<string> = new Set<LockKind>(["posix", "flock"]);
const types: ReadonlySet<string> = new Set<LockChange["type"]>(["read", "write", "unlock"]);

/** What a lock request comes with, before it was looked at. */
export interface AskedLock {
  readonly kind: string;
  readonly type: string;
  readonly start: bigint;
  /** Bytes; 0: to the end. */
  readonly length: bigint;
}

/**
 * Checks what a request asks for. EINVAL: a kind or type that is none, a negative number, a flock of less than the file. EOVERFLOW:
 * the range ends past `lockEndMax`.
 */
export function lockChangeOf({ kind, type, start, length }: AskedLock): LockChange {
  if (!kinds.has(kind) || !types.has(type)) throw new FsError("EINVAL", "no such kind of lock");
  if (start < 0n || length < 0n || start > lockEndMax) throw new FsError("EINVAL", "a lock before the file");
  if (kind === "flock" && (start !== 0n || length !== 0n)) throw new FsError("EINVAL", "flock is of the whole file");
  const end = length === 0n ? lockEndMax : start + length - 1n;
  if (end > lockEndMax) throw new FsError("EOVERFLOW", "a lock ends past the largest offset");
  return { type: type as LockChange["type"], start, end };
}

/** Bytes of a span, 0 where it reaches to the end: as struct flock has it. */
export function lockLengthOf({ start, end }: LockSpan): bigint {
  return end === lockEndMax ? 0n : end - start + 1n;
}

export function overlaps(a: LockSpan, b: LockSpan): boolean {
  return a.start <= b.end && b.start <= a.end;
}

/** Whether two owners can't have both. */
export function conflicts(a: LockRange, b: LockRange): boolean {
  return (a.type === "write" || b.type === "write") && overlaps(a, b);
}

/**
 * The locks of one owner after a change: it replaces what they were in its span, splits those that reach over its ends, and is one
 * with neighbours of its type. Sorted and disjoint, like `ranges`.
 */
export function withChange(ranges: readonly LockRange[], change: LockChange): readonly LockRange[] {
  const { type, start, end } = change;
  const middle: LockRange[] = [];
  // Neighbours too, with which it may become one.
  const from = firstEndingAt(ranges, start - 1n);
  let to = from;
  for (; to < ranges.length; to++) {
    const range = ranges[to] as LockRange;
    if (range.start > end + 1n) break;
    if (range.start < start) middle.push({ ...range, end: range.end < start ? range.end : start - 1n });
    if (range.end > end) middle.push({ ...range, start: range.start > end ? range.start : end + 1n });
  }
  if (type !== "unlock") {
    const at = middle.findIndex((range) => range.start > end);
    middle.splice(at === -1 ? middle.length : at, 0, { type, start, end });
  }
  return ranges.slice(0, from).concat(merged(middle), ranges.slice(to));
}

/** The first of `ranges` (sorted, disjoint) that is in the way of a lock of another owner. */
export function firstConflict(ranges: readonly LockRange[], lock: LockRange): LockRange | undefined {
  for (let at = firstEndingAt(ranges, lock.start); at < ranges.length; at++) {
    const range = ranges[at] as LockRange;
    if (range.start > lock.end) return undefined;
    if (conflicts(range, lock)) return range;
  }
  return undefined;
}

/** The index of the first that ends at `offset` or after it. */
function firstEndingAt(ranges: readonly LockRange[], offset: bigint): number {
  let [low, high] = [0, ranges.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ranges[middle] as LockRange).end < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** What of `ranges` is not held in `held` in the same way or a stronger one; in no order. Both are sorted and disjoint. */
export function withoutHeld(ranges: readonly LockRange[], held: readonly LockRange[]): readonly LockRange[] {
  const ofType = (all: readonly LockRange[], wanted: LockType): LockRange[] =>
    all.filter(({ type }) => type === wanted);
  return [...minus(ofType(ranges, "write"), ofType(held, "write")), ...minus(ofType(ranges, "read"), held)];
}

/** What of `ranges` is in none of `spans`. Both are sorted and disjoint. */
export function minus(ranges: readonly LockRange[], spans: readonly LockSpan[]): LockRange[] {
  const rest: LockRange[] = [];
  let first = 0;
  for (const { type, start, end } of ranges) {
    let from = start;
    while (first < spans.length && (spans[first] as LockSpan).end < start) first++;
    for (let at = first; at < spans.length && (spans[at] as LockSpan).start <= end; at++) {
      const span = spans[at] as LockSpan;
      if (span.start > from) rest.push({ type, start: from, end: span.start - 1n });
      from = span.end + 1n;
    }
    if (from <= end) rest.push({ type, start: from, end });
  }
  return rest;
}

function merged(ranges: readonly LockRange[]): readonly LockRange[] {
  const result: LockRange[] = [];
  for (const range of ranges) {
    const before = result.at(-1);
    if (before !== undefined && before.type === range.type && before.end + 1n === range.start)
      result[result.length - 1] = { ...before, end: range.end };
    else result.push(range);
  }
  return result;
}
