/** A buffer that the kernel's requests are read into, with the view that its numbers are read through. */
export interface RequestBuffer {
  readonly bytes: Buffer;
  readonly view: DataView;
}

export function requestBufferFrom(bytes: Buffer): RequestBuffer {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
}

/** Idle buffers that are kept for the next WRITE; more are left to the garbage collector. */
const idleBuffersMax = 16;

/**
 * Read buffers of one size. A WRITE keeps the buffer that it came in until it is answered, so one buffer is not enough; most
 * of the time a few circulate. What is out at once is bounded by the driver (`limits.clientWriteBytesHeldMax`).
 */
export class BufferPool {
  readonly bufferBytes: number;
  readonly #idle: RequestBuffer[] = [];

  constructor(bufferBytes: number) {
    this.bufferBytes = bufferBytes;
  }

  take(): RequestBuffer {
    return this.#idle.pop() ?? requestBufferFrom(Buffer.allocUnsafeSlow(this.bufferBytes));
  }

  giveBack(buffer: RequestBuffer): void {
    if (this.#idle.length < idleBuffersMax) this.#idle.push(buffer);
  }
}
