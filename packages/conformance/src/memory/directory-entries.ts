import type { Inode } from "./inode.ts";

/** One name in a directory. `key` is the name with one char (0–255) for each byte. */
export interface NamedInode {
  readonly key: string;
  readonly cookie: bigint;
  inode: Inode;
}

/** Positions after "." and "..", which every directory has. */
export const cookieOfDot = 1n;
export const cookieOfDotDot = 2n;

/**
 * The names of one directory in the order of their making. A name's cookie grows with each name made and is never used
 * again, so that a listing goes on at the right place whatever was made and removed meanwhile.
 */
export class DirectoryEntries {
  readonly #byKey = new Map<string, NamedInode>();
  readonly #inOrder: NamedInode[] = [];
  #nextCookie = cookieOfDotDot + 1n;

  get size(): number {
    return this.#inOrder.length;
  }

  get(key: string): Inode | undefined {
    return this.#byKey.get(key)?.inode;
  }

  /** A name that is there already keeps its place: it existed all the time, only what it leads to has changed. */
  set(key: string, inode: Inode): void {
    const existing = this.#byKey.get(key);
    if (existing !== undefined) {
      existing.inode = inode;
      return;
    }
    const entry: NamedInode = { key, cookie: this.#nextCookie, inode };
    this.#nextCookie += 1n;
    this.#byKey.set(key, entry);
    this.#inOrder.push(entry);
  }

  delete(key: string): void {
    const entry = this.#byKey.get(key);
    if (entry === undefined) return;
    this.#byKey.delete(key);
    this.#inOrder.splice(this.#indexAfter(entry.cookie - 1n), 1);
  }

  /** Entries whose cookie is greater than `cookie`, in order. Consume it before the directory changes. */
  *after(cookie: bigint): Generator<NamedInode> {
    for (let index = this.#indexAfter(cookie); index < this.#inOrder.length; index += 1) {
      const entry = this.#inOrder[index];
      if (entry !== undefined) yield entry;
    }
  }

  #indexAfter(cookie: bigint): number {
    let low = 0;
    let high = this.#inOrder.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const entry = this.#inOrder[middle];
      if (entry !== undefined && entry.cookie <= cookie) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
