import { type ServerDuplexStream, status } from "@grpc/grpc-js";
import { FsError, type Logger } from "@kedgefs/core";
import { FrameBatch, frameFlushBytes } from "../frame-batch.ts";
import type { ClientFrame__Output } from "../generated/kedge/v1/ClientFrame.ts";
import type { ServerFrame } from "../generated/kedge/v1/ServerFrame.ts";
import {
  fromClientFrame,
  isUrgent,
  recallBytes,
  replyBytes,
  requestBytes,
  toServerFrame,
  type WireRecall,
  type WireReply,
  type WireRequest,
} from "../wire.ts";

export type SessionCall = ServerDuplexStream<ClientFrame__Output, ServerFrame>;

export interface LaneEvents {
  request(request: WireRequest, lane: ServerLane): void;
  /** The client has the replies to all requests below this id. */
  acked(below: number): void;
  /** The client has acted on all recalls up to this id. */
  recalled(upTo: number): void;
  /** The callers of these requests were interrupted. Told after the requests that came before it, or with it. */
  interrupted(requests: readonly number[]): void;
  /** Called once, whatever ended the lane. */
  closed(lane: ServerLane): void;
}

/**
 * Requests that are read and wait while the session holds the lane, bytes: behind them may be the answer to a recall, for which
 * other clients wait.
 */
const waitingBytesMax = 1 << 20;

/**
 * The server's end of one Session stream: frames in, frames out, and back-pressure both ways. While the client does not read
 * its replies, its requests are not read either; those of a frame that has been read wait here.
 */
export class ServerLane {
  readonly #call: SessionCall;
  readonly #logger: Logger;
  readonly #out: FrameBatch<WireReply | WireRecall>;
  /** Requests of frames that were read, which wait until the lane is held no longer. */
  #waiting: WireRequest[] = [];
  #events: LaneEvents | undefined;
  #ended = false;
  #heldBySession = false;
  #heldByPeer = false;

  constructor(call: SessionCall, logger: Logger) {
    this.#call = call;
    this.#logger = logger;
    this.#out = new FrameBatch((items) => this.#write(items), frameFlushBytes);
    call.on("error", () => this.#finish());
  }

  open(events: LaneEvents): void {
    this.#events = events;
    this.#call.on("data", (frame: ClientFrame__Output) => {
      if (this.#ended) return;
      try {
        const { requests, ackedBelow, recalled, interrupted } = fromClientFrame(frame);
        if (ackedBelow > 0) events.acked(ackedBelow);
        if (recalled > 0) events.recalled(recalled);
        this.#waiting = this.#waiting.length === 0 ? requests : this.#waiting.concat(requests);
        this.#update();
        if (interrupted.length > 0) this.#interrupted(interrupted);
      } catch (error) {
        this.#logger.warn(`a client sent a frame that makes no sense: ${(error as Error).message}`);
        this.refuse(status.INVALID_ARGUMENT, `a frame makes no sense: ${(error as Error).message}`);
      }
    });
    this.#call.on("end", () => this.close());
    this.#call.on("cancelled", () => this.#finish());
    this.#call.on("close", () => this.#finish());
    this.#call.on("drain", () => {
      this.#heldByPeer = false;
      this.#update();
    });
  }

  /** Replies of a lane that has ended go nowhere: the client asks again on its next one. */
  reply(reply: WireReply): void {
    if (!this.#ended) this.#out.add(reply, replyBytes(reply), isUrgent(reply));
  }

  recall(recall: WireRecall): void {
    if (!this.#ended) this.#out.add(recall, recallBytes(recall));
  }

  hold(): void {
    this.#heldBySession = true;
    this.#update();
  }

  release(): void {
    this.#heldBySession = false;
    this.#update();
  }

  close(): void {
    if (this.#ended) return;
    this.#out.flush();
    this.#finish();
    this.#call.end();
  }

  refuse(code: status, details: string): void {
    this.#finish();
    this.#call.emit("error", { code, details });
  }

  #write(items: (WireReply | WireRecall)[]): void {
    if (this.#ended) return;
    const replies: WireReply[] = [];
    const recalls: WireRecall[] = [];
    for (const item of items) {
      if ("operation" in item) replies.push(item);
      else recalls.push(item);
    }
    let more: boolean;
    try {
      more = this.#call.write(toServerFrame(replies, recalls) as ServerFrame);
    } catch (error) {
      this.#logger.error(`a reply could not be sent: ${(error as Error).stack}`);
      this.refuse(status.INTERNAL, "a reply could not be sent");
      return;
    }
    if (!more) {
      this.#heldByPeer = true;
      this.#update();
    }
  }

  #update(): void {
    if (!this.#isHeld()) this.#deliver();
    if (this.#ended) return;
    const pause = this.#heldByPeer || (this.#heldBySession && this.#waitIsFull());
    if (pause && !this.#call.isPaused()) this.#call.pause();
    else if (!pause && this.#call.isPaused()) this.#call.resume();
  }

  /** One that is not begun yet will not be. */
  #interrupted(requests: readonly number[]): void {
    if (requests.length === 0) return;
    const ids = new Set(requests);
    const waiting = this.#waiting.filter(({ id }) => ids.has(id));
    for (const { id, operation } of waiting) {
      const error = new FsError("EINTR", "interrupted before it was begun");
      this.reply({ id, operation, error });
    }
    if (waiting.length > 0) this.#waiting = this.#waiting.filter(({ id }) => !ids.has(id));
    this.#events?.interrupted(requests);
  }

  #waitIsFull(): boolean {
    let bytes = 0;
    return this.#waiting.some((request) => {
      bytes += requestBytes(request);
      return bytes >= waitingBytesMax;
    });
  }

  #isHeld(): boolean {
    return this.#heldBySession || this.#heldByPeer;
  }

  #deliver(): void {
    const waiting = this.#waiting;
    let next = 0;
    while (next < waiting.length && !this.#isHeld() && !this.#ended && this.#waiting === waiting) {
      this.#events?.request(waiting[next++] as WireRequest, this);
    }
    if (this.#waiting === waiting) this.#waiting = waiting.slice(next);
  }

  #finish(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#out.discard();
    this.#waiting = [];
    this.#events?.closed(this);
  }
}
