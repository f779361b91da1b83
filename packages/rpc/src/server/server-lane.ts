import { type ServerDuplexStream, status } from "@grpc/grpc-js";
import type { Logger } from "@kedgefs/core";
import { FrameBatch, frameFlushBytes } from "../frame-batch.ts";
import type { ClientFrame__Output } from "../generated/kedge/v1/ClientFrame.ts";
import type { ServerFrame } from "../generated/kedge/v1/ServerFrame.ts";
import { fromClientFrame, toServerFrame, type WireReply, type WireRequest } from "../wire.ts";

export type SessionCall = ServerDuplexStream<ClientFrame__Output, ServerFrame>;

export interface LaneEvents {
  request(request: WireRequest, lane: ServerLane): void;
  /** The client has the replies to all requests below this id. */
  acked(below: number): void;
  closed(lane: ServerLane): void;
}

/**
 * The server's end of one Session stream: frames in, frames out, and back-pressure both ways. While the client does not read
 * its replies, its requests are not read either.
 */
export class ServerLane {
  readonly #call: SessionCall;
  readonly #logger: Logger;
  readonly #replies: FrameBatch<WireReply>;
  #ended = false;
  #heldBySession = false;
  #heldByPeer = false;

  constructor(call: SessionCall, logger: Logger) {
    this.#call = call;
    this.#logger = logger;
    this.#replies = new FrameBatch((replies) => this.#write(replies), frameFlushBytes);
    call.on("error", () => this.#finish());
  }

  open(events: LaneEvents): void {
    this.#call.on("data", (frame: ClientFrame__Output) => {
      if (this.#ended) return;
      try {
        const { requests, ackedBelow } = fromClientFrame(frame);
        if (ackedBelow > 0) events.acked(ackedBelow);
        for (const request of requests) events.request(request, this);
      } catch (error) {
        this.#logger.warn(`a client sent a frame that makes no sense: ${(error as Error).message}`);
        this.refuse(status.INVALID_ARGUMENT, `a frame makes no sense: ${(error as Error).message}`);
      }
    });
    const closed = (): void => {
      this.#finish();
      events.closed(this);
    };
    this.#call.on("end", () => this.close());
    this.#call.on("cancelled", closed);
    this.#call.on("close", closed);
    this.#call.on("drain", () => {
      this.#heldByPeer = false;
      this.#update();
    });
  }

  /** Replies of a lane that has ended go nowhere: the client asks again on its next one. */
  reply(reply: WireReply, bytes: number): void {
    if (!this.#ended) this.#replies.add(reply, bytes);
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
    this.#replies.flush();
    this.#finish();
    this.#call.end();
  }

  refuse(code: status, details: string): void {
    this.#finish();
    this.#call.emit("error", { code, details });
  }

  #write(replies: WireReply[]): void {
    if (this.#ended) return;
    let more: boolean;
    try {
      more = this.#call.write(toServerFrame(replies) as ServerFrame);
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
    if (this.#ended) return;
    const hold = this.#heldBySession || this.#heldByPeer;
    if (hold && !this.#call.isPaused()) this.#call.pause();
    else if (!hold && this.#call.isPaused()) this.#call.resume();
  }

  #finish(): void {
    this.#ended = true;
    this.#replies.discard();
  }
}
