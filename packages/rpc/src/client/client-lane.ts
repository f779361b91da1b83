import type { ClientDuplexStream, ServiceError } from "@grpc/grpc-js";
import { FrameBatch, frameFlushBytes } from "../frame-batch.ts";
import type { ClientFrame } from "../generated/kedge/v1/ClientFrame.ts";
import type { ServerFrame__Output } from "../generated/kedge/v1/ServerFrame.ts";
import { fromServerFrame, type ReceivedReply, requestBytes, toClientFrame, type WireRequest } from "../wire.ts";

export interface ClientLaneEvents {
  reply(reply: ReceivedReply): void;
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
  #ended = false;

  constructor(call: ClientDuplexStream<ClientFrame, ServerFrame__Output>, events: ClientLaneEvents) {
    this.#call = call;
    this.#events = events;
    this.#requests = new FrameBatch((requests) => {
      if (!this.#ended) call.write(toClientFrame(requests, events.ackedBelow()) as ClientFrame);
    }, frameFlushBytes);
    call.on("data", (frame: ServerFrame__Output) => {
      if (this.#ended) return;
      try {
        for (const reply of fromServerFrame(frame)) events.reply(reply);
      } catch (error) {
        call.cancel();
        this.#end(`the server sent a frame that makes no sense: ${(error as Error).message}`);
      }
    });
    call.on("error", (error: ServiceError) => this.#end(error.details || error.message));
    call.on("end", () => this.#end("the server closed the stream"));
  }

  send(request: WireRequest): void {
    if (!this.#ended) this.#requests.add(request, requestBytes(request));
  }

  close(): void {
    this.#ended = true;
    this.#requests.discard();
    this.#call.cancel();
  }

  #end(reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#requests.discard();
    this.#events.ended(reason);
  }
}
