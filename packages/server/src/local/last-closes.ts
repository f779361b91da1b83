import { close as closeOnPool } from "node:fs";
import type { NodeId } from "@kedgefs/core";
import { close } from "@kedgefs/posix";

/** Pool threads that close at a time: reads and syncs need them too. */
const runningMax = 1;
/** How long a close waits for others, milliseconds: who removes a tree is not to share the processors with them all the time. */
const restMs = 20;
/** Descriptors that wait. Past it a close is made at once, which slows down whoever removes faster than blocks are freed. */
const waitingMax = 256;

/**
 * Closes descriptors of files that have no name any more. The last close of such a file frees its blocks, for which the event
 * loop would wait (tens of microseconds for a small file, and seconds for a huge one), and so would the answer.
 */
export class LastCloses {
  readonly #waiting = new Map<NodeId, number>();
  readonly #running = new Set<NodeId>();
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
    for (const [node, fd] of this.#waiting) {
      if (this.#running.size >= runningMax) return;
      this.#waiting.delete(node);
      this.#running.add(node);
      // Nothing was written by a descriptor that is not open for writing, so there is no error that anybody should hear of.
      closeOnPool(fd, () => {
        this.#running.delete(node);
        this.#next();
      });
    }
  }
}
