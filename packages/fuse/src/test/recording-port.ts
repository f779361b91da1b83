import type { RequestBuffer } from "../buffer-pool.ts";
import type { ReplyOutcome, ReplyPort } from "../device.ts";
import { OUT_HEADER_BYTES } from "../protocol/constants.ts";

export interface RecordedReply {
  readonly unique: bigint;
  /** A negative errno, or 0. */
  readonly error: number;
  readonly body: Buffer;
}

/** A device that keeps what it is told. */
export class RecordingPort implements ReplyPort {
  readonly replies: RecordedReply[] = [];
  readonly givenBack: RequestBuffer[] = [];
  /** How often it was told that an answer came at once. */
  atOnce = 0;
  /** What the next replies come to; "delivered" when it is empty. */
  readonly outcomes: ReplyOutcome[] = [];
  readonly #waiting: (() => void)[] = [];

  reply(head: Uint8Array, headBytes: number, data?: Uint8Array): ReplyOutcome {
    const bytes = Buffer.concat([head.subarray(0, headBytes), data ?? Buffer.alloc(0)]);
    if (bytes.readUInt32LE(0) !== bytes.length) throw new Error("a reply's length is not what was written");
    this.replies.push({
      unique: bytes.readBigUInt64LE(8),
      error: bytes.readInt32LE(4),
      body: bytes.subarray(OUT_HEADER_BYTES),
    });
    for (const wake of this.#waiting.splice(0)) wake();
    return this.outcomes.shift() ?? "delivered";
  }

  giveBack(buffer: RequestBuffer): void {
    this.givenBack.push(buffer);
  }

  answeredAtOnce(): void {
    this.atOnce++;
  }

  /** The reply to a request, as soon as there is one. */
  async replyTo(unique: bigint): Promise<RecordedReply> {
    for (;;) {
      const reply = this.replies.findLast((each) => each.unique === unique);
      if (reply !== undefined) return reply;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }
}
