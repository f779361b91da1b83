import { type CallContext, limits } from "@kedgefs/core";
import type { RequestBuffer } from "./buffer-pool.ts";
import { Interrupts } from "./interrupts.ts";
import type { ForwardedRow } from "./protocol/opcode-row.ts";

/** A request that was read and not answered yet. */
export interface InFlightRequest {
  readonly unique: bigint;
  /** As in linux/fuse.h, less the FUSE_ prefix. */
  readonly opcode: string;
  /** Thread that waits; 0 where there is none (readahead) or it can't be seen from here. */
  readonly pid: number;
  /** Milliseconds since it was read. */
  readonly sinceMs: number;
}

/** A request on its way through the FileSystem. */
export interface Call {
  readonly unique: bigint;
  readonly opcode: string;
  readonly pid: number;
  readonly startedMs: number;
  readonly context: CallContext;
  /** The moment when it began, as Beliefs counts. */
  readonly stamp: number;
  /** Settles when the kernel believes nothing of what the call changes unseen; the answer must wait for it. */
  disbelieved?: Promise<unknown> | undefined;
  readonly row: ForwardedRow;
  readonly request: unknown;
  /** The read buffer, where the request keeps it. */
  readonly buffer: RequestBuffer | undefined;
  /** Settles when the request's data is not needed any more, where that is after the answer. */
  dataNeeded?: Promise<void> | undefined;
  /** Memory of the request's data, bytes. */
  readonly heldBytes: number;
}

/**
 * The calls in flight: counted, so that the driver stops reading before it holds too much
 * (`limits.clientRequestsHeldMax`, `limits.clientWriteBytesHeldMax`), and found again when the kernel interrupts one.
 */
export class Calls {
  readonly #byUnique = new Map<bigint, Call>();
  readonly #interrupts = new Interrupts<Call>();
  readonly #full: (isFull: boolean) => void;
  #heldBytes = 0;
  #isFull = false;

  /** `full` is called when no more may be read (true), and when there is room again (false). */
  constructor(full: (isFull: boolean) => void) {
    this.#full = full;
  }

  get size(): number {
    return this.#byUnique.size;
  }

  list(): readonly InFlightRequest[] {
    const nowMs = performance.now();
    return [...this.#byUnique.values()].map(({ unique, opcode, pid, startedMs }) => {
      return { unique, opcode, pid, sinceMs: nowMs - startedMs };
    });
  }

  begin(call: Call): void {
    this.#byUnique.set(call.unique, call);
    this.#heldBytes += call.heldBytes;
    this.#checkFull();
  }

  finish(call: Call): void {
    if (!this.#byUnique.delete(call.unique)) return;
    this.#interrupts.answered(call);
    this.#heldBytes -= call.heldBytes;
    this.#checkFull();
  }

  /** The kernel's INTERRUPT. It may come after the answer; then there is nothing to do. */
  interrupt(unique: bigint): void {
    const call = this.#byUnique.get(unique);
    if (call !== undefined) this.#interrupts.interrupted(call);
  }

  /** Nobody waits for any of them any more. */
  abortAll(): void {
    this.#interrupts.close();
    for (const call of this.#byUnique.values()) call.context.abort();
  }

  #checkFull(): void {
    const isFull =
      this.#byUnique.size >= limits.clientRequestsHeldMax || this.#heldBytes >= limits.clientWriteBytesHeldMax;
    if (isFull === this.#isFull) return;
    this.#isFull = isFull;
    this.#full(isFull);
  }
}
