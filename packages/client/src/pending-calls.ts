import { type CallContext, FsError, limits, type SetlkRequest } from "@kedgefs/core";
import type { ReceivedReply, WireRequest } from "@kedgefs/rpc";

export interface PendingCall {
  readonly request: WireRequest;
  /** Data that the request carries, bytes. */
  readonly bytes: number;
  readonly context: CallContext;
  readonly startedMs: number;
  /** Whether it was put on a lane once: the server may have run it. */
  sent: boolean;
  slowReported: boolean;
  settle(reply: ReceivedReply | FsError): void;
  stopListening?: () => void;
}

/** Whether a call may be answered only when somebody else gives a lock back. */
export const waitsForLock = ({ operation, body }: WireRequest): boolean =>
  operation === "setlk" && (body as SetlkRequest).wait;

/**
 * The calls that were made and not answered. They stay here through every reconnection, in the order of their ids, which is
 * the order in which they are sent again.
 */
export class PendingCalls {
  readonly #calls = new Map<number, PendingCall>();
  #bytes = 0;
  #last = 0;
  #full = false;
  #pause: () => void = () => {};
  #resume: () => void = () => {};

  get size(): number {
    return this.#calls.size;
  }

  /** In the order of ids. */
  all(): IterableIterator<PendingCall> {
    return this.#calls.values();
  }

  /** `pause` is called when as much is held as may be, `resume` when there is room again. */
  onFull(pause: () => void, resume: () => void): void {
    this.#pause = pause;
    this.#resume = resume;
  }

  nextId(): number {
    this.#last++;
    return this.#last;
  }

  /**
   * The replies to all ids below it have arrived, or are not wanted any more, or are of calls that may wait for days and whose answer
   * can be made again: the server keeps what it has answered since, until it is told this.
   */
  ackedBelow(): number {
    for (const [id, { request }] of this.#calls) if (!waitsForLock(request)) return id;
    return this.#last + 1;
  }

  add(call: PendingCall): void {
    this.#calls.set(call.request.id, call);
    this.#bytes += call.bytes;
    if (
      !this.#full &&
      (this.#calls.size >= limits.clientRequestsHeldMax || this.#bytes >= limits.clientWriteBytesHeldMax)
    ) {
      this.#full = true;
      this.#pause();
    }
  }

  /** Answers a call. False if there is none of this id: it was given up. */
  settle(id: number, reply: ReceivedReply | FsError): boolean {
    const call = this.#calls.get(id);
    if (call === undefined) return false;
    this.#calls.delete(id);
    this.#bytes -= call.bytes;
    call.stopListening?.();
    // What the answer of another operation has for a body is not what the caller takes it for.
    const strange =
      !(reply instanceof FsError) && reply.error === undefined && reply.operation !== call.request.operation;
    call.settle(strange ? new FsError("EIO", "the server answered another operation than was asked") : reply);
    if (
      this.#full &&
      this.#calls.size <= limits.clientRequestsHeldMax / 2 &&
      this.#bytes <= limits.clientWriteBytesHeldMax / 2
    ) {
      this.#full = false;
      this.#resume();
    }
    return true;
  }

  /**
   * While the server is away: a call whose caller is interrupted by a signal fails with EINTR. Not one about a lock that the server
   * may have, which has to be heard of (ClientLocks).
   */
  interruptible(call: PendingCall, given: (call: PendingCall) => void): void {
    const { request, context } = call;
    if (request.operation === "setlk" && call.sent) return;
    const giveUp = (): void => {
      if (this.settle(request.id, new FsError("EINTR", "interrupted while the server was away"))) given(call);
    };
    if (context.aborted) {
      giveUp();
      return;
    }
    const { signal } = context;
    signal.addEventListener("abort", giveUp, { once: true });
    call.stopListening = () => signal.removeEventListener("abort", giveUp);
  }

  /** The server is there: its answers come soon, and an operation that it has begun is not given up. */
  uninterruptible(): void {
    for (const call of this.#calls.values()) {
      call.stopListening?.();
      delete call.stopListening;
    }
  }

  failAll(error: FsError): void {
    for (const id of [...this.#calls.keys()]) this.settle(id, error);
  }
}
