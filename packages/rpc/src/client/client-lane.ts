import type { ClientDuplexStream, ServiceError } from "@grpc/grpc-js";
import { FrameBatch, frameFlushBytes } from "../frame-batch.ts";
import type { ClientFrame } from "../generated/kedge/v1/ClientFrame.ts";
import type { ServerFrame__Output } from "../generated/kedge/v1/ServerFrame.ts";
import {
  fromServerFrame,
  isUrgent,
  type ReceivedReply,
  requestBytes,
  toClientFrame,
  type WireRecall,
  type WireRequest,
} from "../wire.ts";

export interface ClientLaneEvents {
  reply(reply: ReceivedReply): void;
  /** Told before the replies of the same frame. The server takes it for done when this returns, or what it returns settles. */
  recall(recall: WireRecall): Promise<unknown> | undefined;
  /** All replies to requests below this id have arrived, on whichever lane. */
  ackedBelow(): number;
  /** Called once, whatever ended the lane. */
  ended(reason: string): void;
}

/** The client's end of one Session stream. */
export class ClientLane {
  readonly #call: ClientDuplexStream<ClientFrame, ServerFrame__Output>;
  readonly #events: ClientLaneEvents;
  readonly #requests: FrameBatch<WireRequest>;
  /** All recalls up to this id are done. */
  #recalled = 0;
  /** Settles when those before the next one are done. */
  #recalling: Promise<unknown> | undefined;
  #ended = false;

  constructor(call: ClientDuplexStream<ClientFrame, ServerFrame__Output>, events: ClientLaneEvents) {
    this.#call = call;
    this.#events = events;
    this.#requests = new FrameBatch((requests) => {
      this.#write(requests);
    }, frameFlushBytes);
    call.on("data", (frame: ServerFrame__Output) => {
      if (this.#ended) return;
      try {
        const { replies, recalls } = fromServerFrame(frame);
        if (recalls.length > 0) this.#recall(recalls);
        for (const reply of replies) events.reply(reply);
      } catch (error) {
        call.cancel();
        this.#end(`the server sent a frame that makes no sense: ${(error as Error).message}`);
      }
    });
    call.on("error", (error: ServiceError) => this.#end(error.details || error.message));
    call.on("end", () => this.#end("the server closed the stream"));
  }

  send(request: WireRequest): void {
    if (!this.#ended) this.#requests.add(request, requestBytes(request), isUrgent(request));
  }

  /** The caller of a request that was sent on this lane was interrupted. */
  interrupt(request: number): void {
    this.flush();
    this.#write([], [request]);
  }

  /** Sends what waits for company. */
  flush(): void {
    if (!this.#ended) this.#requests.flush();
  }

  close(): void {
    this.#ended = true;
    this.#requests.discard();
    this.#call.cancel();
  }

  /** Somebody waits for the answer to a recall: it goes at once. */
  #recall(recalls: readonly WireRecall[]): void {
    const last = recalls.at(-1)?.id ?? 0;
    const waiting = recalls.map((recall) => this.#events.recall(recall)).filter((each) => each !== undefined);
    if (waiting.length === 0 && this.#recalling === undefined) {
      this.#recalled = last;
      this.#write([]);
      return;
    }
    const recalling = Promise.allSettled([this.#recalling, ...waiting]).then(() => {
      if (this.#recalling === recalling) this.#recalling = undefined;
      this.#recalled = last;
      this.#write([]);
    });
    this.#recalling = recalling;
  }

  #write(requests: readonly WireRequest[], interrupted: readonly number[] = []): void {
    if (this.#ended) return;
    const ackedBelow = this.#events.ackedBelow();
    this.#call.write(toClientFrame(requests, ackedBelow, this.#recalled, interrupted) as ClientFrame);
  }

  #end(reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#requests.discard();
    this.#events.ended(reason);
  }
}
