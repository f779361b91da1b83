/** Of writes that were answered ahead, bytes: as many as any link is given, and as many as each is given at first. */
const windowBytesMax = 16 << 20;
const windowBytesFirst = 1 << 20;
/** A window whose writes take longer than this to be answered is too wide: others may have to wait for them, milliseconds. */
const slowMs = 400;
/** What a write counts at least, bytes: a small one costs as much memory and work at both ends. */
const writeBytesMin = 4 << 10;
/** Answers that come as late as this, beyond twice the earliest, only wait in a queue. */
const queuedMs = 5;

/**
 * How many bytes may be under way that programs take for written: what the link carries between a write and its answer, and a
 * little more to keep it busy. More would only wait, and be lost with this machine.
 */
export class WriteWindow {
  #bytes = 0;
  #windowBytes = windowBytesFirst;
  /** How soon an answer came since nothing was under way. */
  #earliestMs = Number.POSITIVE_INFINITY;
  #waiting: (() => void)[] = [];

  get bytes(): number {
    return this.#bytes;
  }

  get windowBytes(): number {
    return this.#windowBytes;
  }

  hasRoomFor(bytes: number): boolean {
    return this.#bytes === 0 || this.#bytes + counted(bytes) <= this.#windowBytes;
  }

  /** Settles when an answer has come. */
  room(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  sent(bytes: number): void {
    if (this.#bytes === 0) this.#earliestMs = Number.POSITIVE_INFINITY;
    this.#bytes += counted(bytes);
  }

  answered(sentBytes: number, tookMs: number): void {
    const bytes = counted(sentBytes);
    this.#bytes -= bytes;
    this.#earliestMs = Math.min(tookMs, this.#earliestMs);
    if (tookMs > slowMs) this.#windowBytes = Math.max(bytes, this.#windowBytes / 2);
    else if (tookMs < 2 * this.#earliestMs + queuedMs) {
      this.#windowBytes = Math.min(windowBytesMax, this.#windowBytes + bytes);
    }
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const each of waiting) each();
  }
}

const counted = (bytes: number): number => Math.max(bytes, writeBytesMin);
