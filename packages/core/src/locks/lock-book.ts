import { firstConflict, type LockChange, type LockKind, type LockRange, withChange } from "./lock-range.ts";

/** All that one owner has of one file. It is not empty while it is in a book. */
export interface LockRecord<File, Through> {
  readonly file: File;
  readonly kind: LockKind;
  readonly owner: bigint;
  /** The process that locked last. */
  readonly pid: number;
  /** The open files through which the locks were made: they go with the last of these. */
  readonly through: ReadonlySet<Through>;
  /** Sorted, disjoint. */
  readonly ranges: readonly LockRange[];
}

export interface LockOwner<File> {
  readonly file: File;
  readonly kind: LockKind;
  readonly owner: bigint;
}

interface KeptRecord<File, Through> extends LockRecord<File, Through> {
  pid: number;
  readonly through: Set<Through>;
  ranges: readonly LockRange[];
}

const ownerKey = ({ kind, owner }: { readonly kind: LockKind; readonly owner: bigint }): string => `${kind} ${owner}`;

/** Who holds which locks. It only writes down: nothing here waits, or refuses. */
export class LockBook<File, Through> {
  readonly #files = new Map<File, Map<string, KeptRecord<File, Through>>>();
  readonly #byThrough = new Map<Through, Set<KeptRecord<File, Through>>>();
  #rangeCount = 0;

  /** Ranges of all owners on all files. */
  get rangeCount(): number {
    return this.#rangeCount;
  }

  get isEmpty(): boolean {
    return this.#files.size === 0;
  }

  /** Whether any lock was made through an open file. */
  hasThrough(through: Through): boolean {
    return this.#byThrough.has(through);
  }

  /** Ranges of all owners of a file. */
  rangeCountOf(file: File): number {
    let count = 0;
    for (const { ranges } of this.#files.get(file)?.values() ?? []) count += ranges.length;
    return count;
  }

  find(of: LockOwner<File>): LockRecord<File, Through> | undefined {
    return this.#files.get(of.file)?.get(ownerKey(of));
  }

  /** Of a file, or of all. A copy: the book may change meanwhile. */
  records(file?: File): readonly LockRecord<File, Through>[] {
    if (file !== undefined) return [...(this.#files.get(file)?.values() ?? [])];
    return [...this.#files.values()].flatMap((records) => [...records.values()]);
  }

  /** A lock that keeps an owner from `range`, or undefined. */
  inTheWay(of: LockOwner<File>, range: LockRange): { record: LockRecord<File, Through>; range: LockRange } | undefined {
    for (const blocking of this.allInTheWay(of, range)) return blocking;
    return undefined;
  }

  /** The same of each other owner that has one. */
  *allInTheWay(
    of: LockOwner<File>,
    range: LockRange,
  ): Generator<{ record: LockRecord<File, Through>; range: LockRange }> {
    for (const record of this.#files.get(of.file)?.values() ?? []) {
      if (record.kind !== of.kind || record.owner === of.owner) continue;
      const held = firstConflict(record.ranges, range);
      if (held !== undefined) yield { record, range: held };
    }
  }

  change(of: LockOwner<File>, change: LockChange, by?: { readonly pid: number; readonly through: Through }): void {
    const { file, kind, owner } = of;
    const records = this.#files.get(file) ?? new Map<string, KeptRecord<File, Through>>();
    let record = records.get(ownerKey(of));
    if (record === undefined) {
      if (change.type === "unlock") return;
      record = { file, kind, owner, pid: 0, through: new Set(), ranges: [] };
    }
    const ranges = withChange(record.ranges, change);
    this.#rangeCount += ranges.length - record.ranges.length;
    record.ranges = ranges;
    if (ranges.length === 0) {
      this.#remove(records, record);
      return;
    }
    this.#files.set(file, records);
    records.set(ownerKey(of), record);
    if (change.type === "unlock" || by === undefined) return;
    record.pid = by.pid;
    record.through.add(by.through);
    const through = this.#byThrough.get(by.through) ?? new Set();
    this.#byThrough.set(by.through, through.add(record));
  }

  /** Before `change` is asked for: a flock(2) that is turned into the other kind is given back first, and may so be lost. */
  converts(of: LockOwner<File>, change: LockChange): boolean {
    return of.kind === "flock" && this.find(of)?.ranges.some(({ type }) => type !== change.type) === true;
  }

  /** An open file is gone. Returns those that have no other through which they were made; they are still in the book. */
  released(through: Through): readonly LockRecord<File, Through>[] {
    const records = this.#byThrough.get(through);
    if (records === undefined) return [];
    this.#byThrough.delete(through);
    for (const record of records) record.through.delete(through);
    return [...records].filter((record) => record.through.size === 0);
  }

  remove(of: LockOwner<File>): void {
    const records = this.#files.get(of.file);
    const record = records?.get(ownerKey(of));
    if (records === undefined || record === undefined) return;
    this.#rangeCount -= record.ranges.length;
    record.ranges = [];
    this.#remove(records, record);
  }

  clear(): void {
    this.#files.clear();
    this.#byThrough.clear();
    this.#rangeCount = 0;
  }

  #remove(records: Map<string, KeptRecord<File, Through>>, record: KeptRecord<File, Through>): void {
    records.delete(ownerKey(record));
    if (records.size === 0) this.#files.delete(record.file);
    for (const through of record.through) {
      const others = this.#byThrough.get(through);
      others?.delete(record);
      if (others?.size === 0) this.#byThrough.delete(through);
    }
  }
}
