import { FsError } from "@kedgefs/core";

export const pageBytes = 4096;

/** Pages that all files of one memory file system may hold together. */
export interface Space {
  usedPages: number;
  readonly totalPages: number;
}

/** Largest size of a file, bytes: what an off_t holds. */
export const fileBytesMax = 2n ** 63n - 1n;

/** The bytes of one file. Only pages that were written to take memory; what lies between them reads as zeros. */
export class SparseBytes {
  readonly #space: Space;
  readonly #pages = new Map<number, Uint8Array>();
  #size = 0n;

  constructor(space: Space) {
    this.#space = space;
  }

  get size(): bigint {
    return this.#size;
  }

  get allocatedPages(): number {
    return this.#pages.size;
  }

  read(offset: bigint, size: number): Uint8Array {
    const left = this.#size - offset;
    const length = left <= 0n ? 0 : left < BigInt(size) ? Number(left) : size;
    const data = Buffer.alloc(length);
    eachPage(offset, length, (page, from, to, at) => {
      const bytes = this.#pages.get(page);
      if (bytes !== undefined) data.set(bytes.subarray(from, to), at);
    });
    return data;
  }

  /** ENOSPC before anything is changed. The end is at most `fileBytesMax`: the caller has checked that. */
  write(offset: bigint, data: Uint8Array): void {
    let missing = 0;
    eachPage(offset, data.length, (page) => {
      if (!this.#pages.has(page)) missing += 1;
    });
    if (this.#space.usedPages + missing > this.#space.totalPages) throw new FsError("ENOSPC");
    this.#space.usedPages += missing;
    eachPage(offset, data.length, (page, from, to, at) => {
      let bytes = this.#pages.get(page);
      if (bytes === undefined) {
        bytes = new Uint8Array(pageBytes);
        this.#pages.set(page, bytes);
      }
      bytes.set(data.subarray(at, at + to - from), from);
    });
    const end = offset + BigInt(data.length);
    if (end > this.#size) this.#size = end;
  }

  /** Gives pages to a range, or with `zero` fresh ones. ENOSPC before anything is changed. */
  allocate(offset: bigint, end: bigint, zero: boolean): void {
    const first = Number(offset / BigInt(pageBytes));
    const count = Number((end + BigInt(pageBytes) - 1n) / BigInt(pageBytes)) - first;
    if (this.#space.usedPages + count - this.#pages.size > this.#space.totalPages) throw new FsError("ENOSPC");
    if (zero) this.punch(offset, end);
    for (let page = first; page < first + count; page++) {
      if (this.#pages.has(page)) continue;
      this.#space.usedPages += 1;
      this.#pages.set(page, new Uint8Array(pageBytes));
    }
  }

  /** Makes a range read as zeros, and takes its whole pages away. */
  punch(offset: bigint, end: bigint): void {
    for (const [page, bytes] of this.#pages) {
      const start = BigInt(page) * BigInt(pageBytes);
      const from = offset > start ? Number(offset - start) : 0;
      const to = end - start < BigInt(pageBytes) ? Number(end - start) : pageBytes;
      if (from >= pageBytes || to <= 0) continue;
      if (from === 0 && to === pageBytes) {
        this.#pages.delete(page);
        this.#space.usedPages -= 1;
      } else {
        bytes.fill(0, from, to);
      }
    }
  }

  /** Where data, or else a hole, begins at `offset` or after it; undefined past the end. The end is the last hole. */
  seek(offset: bigint, data: boolean): bigint | undefined {
    if (offset < 0n || offset >= this.#size) return undefined;
    const wanted = (page: number): boolean => this.#pages.has(page) === data;
    let page = Number(offset / BigInt(pageBytes));
    if (wanted(page)) return offset;
    const pages = [...this.#pages.keys()].filter((each) => each > page).sort((a, b) => a - b);
    if (data) {
      const [next] = pages;
      const found = next === undefined ? this.#size : BigInt(next) * BigInt(pageBytes);
      return found < this.#size ? found : undefined;
    }
    while (!wanted(page)) page++;
    const found = BigInt(page) * BigInt(pageBytes);
    return found < this.#size ? found : this.#size;
  }

  truncate(size: bigint): void {
    if (size < this.#size) {
      const keptPages = Number((size + BigInt(pageBytes) - 1n) / BigInt(pageBytes));
      for (const page of [...this.#pages.keys()]) {
        if (page < keptPages) continue;
        this.#pages.delete(page);
        this.#space.usedPages -= 1;
      }
      const used = Number(size % BigInt(pageBytes));
      // What was cut off must read as zeros when the file grows again.
      if (used > 0) this.#pages.get(keptPages - 1)?.fill(0, used);
    }
    this.#size = size;
  }
}

/** Calls `visit` with each page that a range touches: bytes `from` to `to` of the page are those at `at` of the range. */
function eachPage(
  offset: bigint,
  length: number,
  visit: (page: number, from: number, to: number, at: number) => void,
): void {
  let page = Number(offset / BigInt(pageBytes));
  let from = Number(offset % BigInt(pageBytes));
  for (let at = 0; at < length; ) {
    const to = Math.min(pageBytes, from + length - at);
    visit(page, from, to, at);
    at += to - from;
    page += 1;
    from = 0;
  }
}
