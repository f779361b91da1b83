import type { BigIntStats, Stats } from "node:fs";
import {
  type Attr,
  CallContext,
  FsError,
  limits,
  O_ACCMODE,
  O_APPEND,
  O_RDONLY,
  O_WRONLY,
  type SetattrRequest,
} from "@kedgefs/core";
import { ownersFrom } from "./attributes.ts";
import { asNode } from "./node-error.ts";
import type { OpenNode } from "./open-path.ts";
import { bigIntStatsFromAttr, statsFromAttr } from "./stats.ts";
import { setTimeFrom } from "./times.ts";
import type { VolumeFileHandle, VolumeTime } from "./types.ts";
import type { VolumeContext } from "./volume-call.ts";

const bytesOf = (data: string | Uint8Array): Buffer =>
  typeof data === "string" ? Buffer.from(data) : Buffer.from(data);

/** An open file or directory of a volume. Reads and writes at its own position run one after another. */
export class FileHandle implements VolumeFileHandle {
  readonly #volume: VolumeContext;
  readonly #open: OpenNode;
  readonly #flags: number;
  /** Whether the node is to be forgotten in the end; the root never is. */
  readonly #held: boolean;
  #position = 0n;
  #closed = false;
  #atPosition: Promise<unknown> = Promise.resolve();

  constructor(volume: VolumeContext, open: OpenNode, flags: number, held: boolean) {
    this.#volume = volume;
    this.#open = open;
    this.#flags = flags;
    this.#held = held;
  }

  async read(
    buffer: Buffer,
    offset?: number | null,
    length?: number | null,
    position?: number | bigint | null,
  ): Promise<{ bytesRead: number; buffer: Buffer }> {
    const into = part(buffer, offset, length);
    const bytesRead = await this.#run("read", () => this.#place(position, (at) => this.#readAt(into, at), false));
    return { bytesRead, buffer };
  }

  write(
    buffer: Buffer,
    offset?: number | null,
    length?: number | null,
    position?: number | null,
  ): Promise<{ bytesWritten: number; buffer: Buffer }>;
  write(data: string, position?: number | null): Promise<{ bytesWritten: number; buffer: string }>;
  async write(
    data: Buffer | string,
    offset?: number | null,
    length?: number | null,
    position?: number | null,
  ): Promise<{ bytesWritten: number; buffer: Buffer | string }> {
    const isText = typeof data === "string";
    const from = isText ? Buffer.from(data) : part(data, offset, length);
    const bytesWritten = await this.#run("write", () =>
      this.#place(isText ? offset : position, (at) => this.#writeAt(from, at), true),
    );
    return { bytesWritten, buffer: data };
  }

  readFile(): Promise<Buffer>;
  readFile(encoding: "utf8"): Promise<string>;
  async readFile(encoding?: "utf8"): Promise<Buffer | string> {
    const chunks: Buffer[] = [];
    for (let ended = false; !ended; ) {
      const chunk = Buffer.allocUnsafe(limits.ioBytesMax);
      const { bytesRead } = await this.read(chunk);
      chunks.push(chunk.subarray(0, bytesRead));
      ended = bytesRead < chunk.length;
    }
    const data = Buffer.concat(chunks);
    return encoding === undefined ? data : data.toString(encoding);
  }

  async writeFile(data: string | Uint8Array): Promise<void> {
    await this.write(bytesOf(data));
  }

  appendFile(data: string | Uint8Array): Promise<void> {
    return this.writeFile(data);
  }

  stat(): Promise<Stats>;
  stat(options: { bigint: true }): Promise<BigIntStats>;
  async stat(options?: { bigint: true }): Promise<Stats | BigIntStats> {
    const attr = await this.#run("fstat", () => this.#getattr());
    return options?.bigint ? bigIntStatsFromAttr(attr) : statsFromAttr(attr);
  }

  truncate(length = 0): Promise<void> {
    return this.#set("ftruncate", () => {
      if (this.#open.isDirectory) throw new FsError("EINVAL");
      return { size: BigInt(length) };
    });
  }

  sync(): Promise<void> {
    return this.#sync("fsync", false);
  }

  datasync(): Promise<void> {
    return this.#sync("fdatasync", true);
  }

  chmod(mode: number): Promise<void> {
    return this.#set("fchmod", () => ({ mode: mode & 0o7777 }));
  }

  chown(uid: number, gid: number): Promise<void> {
    return this.#set("fchown", () => ownersFrom(uid, gid));
  }

  utimes(atime: VolumeTime, mtime: VolumeTime): Promise<void> {
    return this.#set("futime", () => ({ atime: setTimeFrom(atime), mtime: setTimeFrom(mtime) }));
  }

  /** Reports what flush knows of lost writes, after the handle is gone. A second close does nothing, as node's. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#atPosition;
    const { fileSystem } = this.#volume;
    const { node } = this.#open;
    const request = this.#request();
    const context = this.#context();
    await asNode({ syscall: "close" }, async () => {
      try {
        if (!this.#open.isDirectory) await fileSystem.flush(request, context);
      } finally {
        await (this.#open.isDirectory ? fileSystem.releasedir(request, context) : fileSystem.release(request, context));
        if (this.#held) await fileSystem.forget({ node, nlookup: 1 }, context);
      }
    });
  }

  #context(): CallContext {
    return new CallContext(this.#volume.caller);
  }

  #request() {
    return { node: this.#open.node, handle: this.#open.handle };
  }

  #run<Result>(syscall: string, body: () => Promise<Result>): Promise<Result> {
    return asNode({ syscall }, async () => {
      if (this.#closed) throw new FsError("EBADF");
      return body();
    });
  }

  async #getattr(): Promise<Attr> {
    return (await this.#volume.fileSystem.getattr(this.#request(), this.#context())).attr;
  }

  #set(syscall: string, change: () => Omit<SetattrRequest, "node" | "handle">): Promise<void> {
    return this.#run(syscall, async () => {
      await this.#volume.fileSystem.setattr({ ...this.#request(), ...change() }, this.#context());
    });
  }

  #sync(syscall: string, datasync: boolean): Promise<void> {
    const { fileSystem } = this.#volume;
    const operation = this.#open.isDirectory ? fileSystem.fsyncdir : fileSystem.fsync;
    return this.#run(syscall, () => operation.call(fileSystem, { ...this.#request(), datasync }, this.#context()));
  }

  /** Runs at a given position, or in its turn at the handle's own, which then moves by what was read or written. */
  #place(
    position: number | bigint | null | undefined,
    io: (at: bigint) => Promise<number>,
    writes: boolean,
  ): Promise<number> {
    if (position !== null && position !== undefined && position >= 0) return io(BigInt(position));
    const turn = this.#atPosition.then(async () => {
      const bytes = await io(this.#position);
      // Appended bytes went wherever the end was, so the end is asked for; only who also reads needs the position.
      const appended = writes && (this.#flags & O_APPEND) !== 0 && (this.#flags & O_ACCMODE) !== O_WRONLY;
      this.#position = appended ? (await this.#getattr()).size : this.#position + BigInt(bytes);
      return bytes;
    });
    // The next turn comes whether this one fails or not; its failure is its own caller's.
    this.#atPosition = turn.catch(() => {});
    return turn;
  }

  async #readAt(into: Buffer, at: bigint): Promise<number> {
    // As node does, whatever the handle is.
    if (into.length === 0) return 0;
    if (this.#open.isDirectory) throw new FsError("EISDIR");
    if ((this.#flags & O_ACCMODE) === O_WRONLY) throw new FsError("EBADF");
    let done = 0;
    while (done < into.length) {
      const size = Math.min(into.length - done, limits.ioBytesMax);
      const request = { ...this.#request(), offset: at + BigInt(done), size };
      const { data } = await this.#volume.fileSystem.read(request, this.#context());
      into.set(data, done);
      done += data.length;
      if (data.length < size) break;
    }
    return done;
  }

  async #writeAt(from: Buffer, at: bigint): Promise<number> {
    if (from.length === 0) return 0;
    if ((this.#flags & O_ACCMODE) === O_RDONLY) throw new FsError("EBADF");
    for (let done = 0; done < from.length; ) {
      const data = from.subarray(done, done + limits.ioBytesMax);
      const request = { ...this.#request(), offset: at + BigInt(done), data };
      const { size } = await this.#volume.fileSystem.write(request, this.#context());
      if (size <= 0 || size > data.length) throw new FsError("EIO", `a write was answered with ${size} bytes`);
      done += size;
    }
    return from.length;
  }
}

function part(buffer: Buffer, offset?: number | null, length?: number | null): Buffer {
  const start = offset ?? 0;
  const end = start + (length ?? buffer.length - start);
  if (start < 0 || end < start || end > buffer.length) {
    const error = new RangeError(`The range ${start} to ${end} is not within a buffer of ${buffer.length} bytes`);
    throw Object.assign(error, { code: "ERR_OUT_OF_RANGE" });
  }
  return buffer.subarray(start, end);
}
