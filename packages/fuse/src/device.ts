import { closeSync, write, writeSync, writevSync } from "node:fs";
import type { Socket } from "node:net";
import type { Logger } from "@kedgefs/core";
import { readNow, readWhenReady } from "@kedgefs/posix";
import { BufferPool, type RequestBuffer } from "./buffer-pool.ts";

/** What became of a reply: the kernel took it, it no longer waits for it, or it says that the reply is malformed. */
export type ReplyOutcome = "delivered" | "gone" | "malformed";

/** The half of the device that answers, as the driver sees it. */
export interface ReplyPort {
  /** Writes a reply: the first `headBytes` of `head`, which begin with the fuse_out_header, then `data`. */
  reply(head: Uint8Array, headBytes: number, data?: Uint8Array): ReplyOutcome;
  /** A buffer that a request kept can be read into again. */
  giveBack(buffer: RequestBuffer): void;
  /** A request was answered at once, so that whoever made it may make the next one soon. */
  answeredAtOnce(): void;
}

/**
 * Takes one request, `length` bytes at the start of `buffer`. Returns true if it keeps the buffer, which it then gives back
 * to the ReplyPort.
 */
export type RequestHandler = (buffer: RequestBuffer, length: number) => boolean;

/** How long the next request is waited for without sleeping, milliseconds: waking up takes as long. */
const lookMs = 0.05;
/** Requests that are taken so in a row, before other events have their turn. */
const looksMax = 16;

/** The connection ended in an orderly way: unmounted (ENODEV), or aborted through /sys/fs/fuse (ENOENT, ECONNABORTED). */
const endCodes: ReadonlySet<string | undefined> = new Set(["ENODEV", "ENOENT", "ECONNABORTED"]);

/**
 * An open /dev/fuse: requests come in, replies and notifications go out.
 *
 * Each read gives one request, straight into our buffer (see `readWhenReady`).
 *
 * A reply never blocks, so it is written synchronously. A notification can block in the kernel on locks that wait for our own
 * replies, so it is written by a thread of libuv's pool, one at a time for each lane (see `notify`).
 */
export class FuseDevice implements ReplyPort {
  /** Settles when the kernel has ended the connection (or `close` did) and the descriptors are closed. Never rejects. */
  readonly closed: Promise<void>;
  readonly #fd: number;
  readonly #socket: Socket;
  readonly #pool: BufferPool;
  readonly #logger: Logger;
  readonly #lanes = new Map<string, Promise<void>>();
  #buffer: RequestBuffer;
  /** For requests that are read without the socket, which has the other one. */
  #ownBuffer: RequestBuffer | undefined;
  #looks = 0;
  #handler: RequestHandler | undefined;
  #ended = false;

  /** Takes over `fd`, an open /dev/fuse that belongs to a mount. `requestBytes` is max_write and room for the header. */
  constructor(fd: number, requestBytes: number, logger: Logger) {
    this.#fd = fd;
    this.#logger = logger;
    this.#pool = new BufferPool(requestBytes);
    this.#buffer = this.#pool.take();
    this.#socket = readWhenReady(fd, {
      buffer: () => this.#buffer.bytes,
      received: (length) => this.#received(length),
    });
    this.#socket.on("error", (error: NodeJS.ErrnoException) => {
      if (!endCodes.has(error.code)) logger.error("reading /dev/fuse failed", { error: error.message });
    });
    this.closed = new Promise((resolve) => {
      this.#socket.once("close", () => resolve(this.#end()));
    });
  }

  /** Starts reading. */
  start(handler: RequestHandler): void {
    this.#handler = handler;
    this.#socket.resume();
  }

  /** Stops reading; requests wait in the kernel, where a caller can still be killed. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#ended) this.#socket.resume();
  }

  /** Closes the device. If it is still mounted, the kernel then aborts the connection: every call on it fails with ENOTCONN. */
  close(): Promise<void> {
    this.#socket.destroy();
    return this.closed;
  }

  reply(head: Uint8Array, headBytes: number, data?: Uint8Array): ReplyOutcome {
    if (this.#ended) return "gone";
    try {
      if (data === undefined || data.length === 0) writeSync(this.#fd, head, 0, headBytes);
      else writevSync(this.#fd, [head.subarray(0, headBytes), data]);
      return "delivered";
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      // ENOENT: the caller was killed, or the connection aborted. EPERM and ENODEV: unmounted.
      if (code === "ENOENT" || code === "ENODEV" || code === "EPERM" || code === "ECONNABORTED") return "gone";
      this.#logger.error("the kernel refused a reply", { error: (error as Error).message });
      return "malformed";
    }
  }

  giveBack(buffer: RequestBuffer): void {
    this.#pool.giveBack(buffer);
  }

  /**
   * Writes a notification on a thread of the pool and settles when the kernel has acted on it: true, or false for one that
   * concerns nothing which the kernel has (ENOENT), or comes after the end. Rejects with the system's error otherwise.
   *
   * Notifications of a lane go one after the other, so that each lane takes at most one thread of the pool, which the
   * FileSystem may need for the answer that a notification waits for. Lanes are apart where one may wait for the other: `entry`
   * waits for a directory's lock, which a LOOKUP holds, whose answer may wait for `inode`; `lease` waits for neither, and another
   * client waits for it.
   */
  notify(lane: "inode" | "entry" | "lease", message: Uint8Array): Promise<boolean> {
    const result = (this.#lanes.get(lane) ?? Promise.resolve()).then(() => this.#writeOnPool(message));
    const settled = result
      .catch(() => {})
      .then((): void => {
        if (this.#lanes.get(lane) === settled) this.#lanes.delete(lane);
      });
    this.#lanes.set(lane, settled);
    return result;
  }

  /**
   * A program that walks a tree or writes blocks makes its next request some microseconds after an answer. To sleep until then
   * costs more than to look for it: a processor that sleeps takes 30 us to wake up, and for so long nobody does anything.
   */
  answeredAtOnce(): void {
    if (this.#ended || this.#socket.isPaused() || this.#looks >= looksMax) return;
    this.#looks++;
    this.#ownBuffer ??= this.#pool.take();
    const buffer = this.#ownBuffer;
    const untilMs = performance.now() + lookMs;
    let length: number | undefined;
    try {
      do length = readNow(this.#fd, buffer.bytes);
      while (length === undefined && performance.now() < untilMs);
    } catch {
      // The socket will meet the same error, and tells it.
    }
    if (length !== undefined && this.#handler?.(buffer, length)) this.#ownBuffer = undefined;
  }

  #received(length: number): void {
    this.#looks = 0;
    const buffer = this.#buffer;
    if (this.#handler?.(buffer, length)) this.#buffer = this.#pool.take();
  }

  #writeOnPool(message: Uint8Array): Promise<boolean> {
    if (this.#ended) return Promise.resolve(false);
    return new Promise((resolve, reject) => {
      write(this.#fd, message, (error) => {
        if (error === null) resolve(true);
        else if (error.code === "ENOENT" || error.code === "ENODEV" || error.code === "EPERM") resolve(false);
        else reject(error);
      });
    });
  }

  /** A descriptor must not be closed, and its number used again, under a notification that a thread is about to write. */
  async #end(): Promise<void> {
    this.#ended = true;
    await Promise.all(this.#lanes.values());
    closeSync(this.#fd);
  }
}
