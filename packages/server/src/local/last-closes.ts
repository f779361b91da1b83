import type { NodeId } from "@kedgefs/core";
import { close, closeRange } from "@kedgefs/posix";

/** How long a close waits for others, milliseconds: who removes a tree is not to share the processors with them all the time. */
const restMs = 20;
/** Descriptors that wait. Past it a close is made at once, which slows down whoever removes faster than blocks are freed. */
const waitingMax = 256;

/**
 * Closes descriptors of files that have no name any more. The last close of such a file frees its blocks, for which the event
 * loop would wait (tens of microseconds for a small file, and seconds for a huge one), and so would the answer. They are closed on a
 * thread of the pool, one at a time, for reads and syncs need those too; neighbours in one go, since to wake a thread and to hear of
 * its end costs the loop as much as a small file's blocks.
 */
export class LastCloses {
  readonly #waiting = new Map<NodeId, number>();
  #running: ReadonlySet<NodeId> = new Set();
  #begins: NodeJS.Timeout | undefined;

  /** Whether a descriptor of the node is still to be closed. */
  has(node: NodeId): boolean {
    return this.#waiting.has(node) || this.#running.has(node);
  }

  /** Takes `fd` over. */
  close(node: NodeId, fd: number): void {
    if (this.#waiting.size >= waitingMax || this.has(node)) {
      close(fd);
      return;
    }
    this.#waiting.set(node, fd);
    this.#begins ??= setTimeout(() => {
      this.#begins = undefined;
      this.#next();
    }, restMs);
  }

  /** Closes what waits. What is being closed on a pool thread ends by itself. */
  closeAll(): void {
    clearTimeout(this.#begins);
    for (const fd of this.#waiting.values()) close(fd);
    this.#waiting.clear();
  }

  #next(): void {
    if (this.#running.size > 0) return;
    const [first] = this.#waiting.values();
    if (first === undefined) return;
    const nodes = new Map([...this.#waiting].map(([node, fd]) => [fd, node]));
    const ends = [-1, 1].map((step) => {
      let fd = first;
      while (nodes.has(fd + step)) fd += step;
      return fd;
    });
    const [from = first, to = first] = ends;
    const closing = [...nodes].filter(([fd]) => fd >= from && fd <= to).map(([, node]) => node);
    for (const node of closing) this.#waiting.delete(node);
    this.#running = new Set(closing);
    // Nothing was written by descriptors that are not open for writing, so there is no error that anybody should hear of.
    const done = (): void => {
      this.#running = new Set();
      this.#next();
    };
    closeRange(from, to).then(done, done);
  }
}
