import { FsError, type HandleId, limits, type NodeId } from "@kedgefs/core";

/** An open file or directory: its own node and handle, so that it stays the same file when its path leads elsewhere. */
export interface OpenHandle {
  readonly kind: "file" | "directory";
  readonly node: NodeId;
  readonly handle: HandleId;
}

/** Largest number that survives the binding, which stores it as a signed 32-bit integer and takes 0 for "none". */
const fdMax = 0x7fff_ffff;

/** Handles by the 32-bit number that the binding can carry. Numbers are reused only after all others were used. */
export class HandleTable {
  readonly #open = new Map<number, OpenHandle | undefined>();
  readonly #countMax: number;
  #last: number;

  constructor(countMax: number = limits.sessionHandlesMax, last = 0) {
    this.#countMax = countMax;
    this.#last = last;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Takes a number before anything is opened, so that a full table (EMFILE) is seen while nothing needs closing. */
  reserve(): number {
    if (this.#open.size >= this.#countMax)
      throw new FsError("EMFILE", `${this.#countMax} files are open on this mount`);
    do {
      this.#last = this.#last >= fdMax ? 1 : this.#last + 1;
    } while (this.#open.has(this.#last));
    this.#open.set(this.#last, undefined);
    return this.#last;
  }

  fill(fd: number, open: OpenHandle): void {
    this.#open.set(fd, open);
  }

  /** EBADF for a number that is not open. */
  get(fd: number): OpenHandle {
    const open = this.#open.get(fd);
    if (!open) throw new FsError("EBADF", `number ${fd} is not open`);
    return open;
  }

  /** Forgets a number, and says what it stood for. */
  remove(fd: number): OpenHandle | undefined {
    const open = this.#open.get(fd);
    this.#open.delete(fd);
    return open;
  }

  /** Forgets all numbers, and says what they stood for. */
  drain(): readonly OpenHandle[] {
    const all = [...this.#open.values()].filter((open) => open !== undefined);
    this.#open.clear();
    return all;
  }
}
