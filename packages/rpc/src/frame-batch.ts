/**
 * Collects what is sent within one turn of the event loop into one frame: a frame costs a TLS record and a system call, an
 * entry in a frame almost nothing. Bulk data goes at once, so that the other end can start on it.
 */
export class FrameBatch<Item> {
  readonly #send: (items: Item[]) => void;
  readonly #bytesMax: number;
  #items: Item[] = [];
  #bytes = 0;
  #scheduled = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(send: (items: Item[]) => void, bytesMax: number) {
    this.#send = send;
    this.#bytesMax = bytesMax;
  }

  /**
   * `bytes` is what the item takes in the frame, roughly: it keeps the frame below what the other end takes. An item that nobody
   * waits for is not `urgent`: it goes with the next one that is, or after a while.
   */
  add(item: Item, bytes: number, urgent = true): void {
    this.#items.push(item);
    this.#bytes += bytes;
    if (this.#bytes >= this.#bytesMax) {
      this.flush();
    } else if (!urgent) {
      this.#timer ??= setTimeout(() => this.flush(), restMs);
    } else if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(() => {
        this.#scheduled = false;
        this.flush();
      });
    }
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#items.length === 0) return;
    const items = this.#items;
    this.#items = [];
    this.#bytes = 0;
    this.#send(items);
  }

  discard(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#items = [];
    this.#bytes = 0;
  }
}

/** How long what nobody waits for is kept back at most, milliseconds. */
const restMs = 5;

/** Data in one frame after which it is sent without waiting for more, bytes. */
export const frameFlushBytes = 32 << 10;
