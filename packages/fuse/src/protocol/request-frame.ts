import type { HandleId, Name } from "@kedgefs/core";
import { checkName } from "@kedgefs/core";
import type { RequestBuffer } from "../buffer-pool.ts";
import { IN_HEADER_BYTES } from "./constants.ts";

/** The kernel sent less, or something else, than linux/fuse.h says. It never does; a fuzzer or a wrong machine word might. */
export class MalformedRequest extends Error {
  constructor(message: string) {
    super(message);
    this.name = "MalformedRequest";
  }
}

/** Data of a WRITE from this size on stays in the read buffer; less is copied out, so that it doesn't hold a megabyte. */
export const keepBufferBytesMin = 256 << 10;

const twoTo32 = 0x1_0000_0000;

/**
 * One request as it lies in the read buffer: struct fuse_in_header, then the structure of its opcode, then names or data.
 * Offsets in `u32`, `u64`, `name` … count from the end of the header. Valid only until the buffer is read into again, except
 * for what `name` and `data` returned.
 */
export class RequestFrame {
  readonly opcode: number;
  readonly unique: bigint;
  readonly nodeid: number;
  readonly uid: number;
  readonly gid: number;
  readonly pid: number;
  readonly buffer: RequestBuffer;
  /** True once `data` returned a part of the read buffer itself, which then belongs to the request. */
  keepsBuffer = false;
  /** Memory that `data` returned or keeps, bytes. */
  heldBytes = 0;
  readonly #end: number;

  /** `length` is what was read; at least a header. Throws MalformedRequest. */
  constructor(buffer: RequestBuffer, length: number) {
    if (length < IN_HEADER_BYTES) throw new MalformedRequest(`a request of ${length} bytes has no header`);
    const view = buffer.view;
    if (view.getUint32(0, true) !== length) throw new MalformedRequest("a request's length is not what was read");
    this.buffer = buffer;
    this.#end = length;
    this.opcode = view.getUint32(4, true);
    this.unique = view.getBigUint64(8, true);
    this.nodeid = view.getUint32(16, true) + view.getUint32(20, true) * twoTo32;
    this.uid = view.getUint32(24, true);
    this.gid = view.getUint32(28, true);
    this.pid = view.getUint32(32, true);
  }

  /** Bytes after the header. */
  get bodyBytes(): number {
    return this.#end - IN_HEADER_BYTES;
  }

  u32(offset: number): number {
    return this.buffer.view.getUint32(this.#at(offset, 4), true);
  }

  u64(offset: number): bigint {
    return this.buffer.view.getBigUint64(this.#at(offset, 8), true);
  }

  /** A 64-bit number that this driver or the clock made: a nodeid, a handle, seconds (signed). Exact below 2^53. */
  integer64(offset: number): number {
    const at = this.#at(offset, 8);
    return this.buffer.view.getUint32(at, true) + this.buffer.view.getInt32(at + 4, true) * twoTo32;
  }

  handle(offset: number): HandleId {
    return this.integer64(offset) as HandleId;
  }

  /** The bytes of a string up to its NUL, copied. The next string begins at offset + length + 1. */
  string(offset: number): Buffer {
    const start = this.#at(offset, 1);
    const end = this.buffer.bytes.indexOf(0, start);
    if (end < 0 || end >= this.#end) throw new MalformedRequest("a name does not end");
    return Buffer.from(this.buffer.bytes.subarray(start, end));
  }

  /** A string that is one component of a path. Throws FsError: the kernel passes names of up to 1,024 bytes on. */
  name(offset: number): Name {
    const name = this.string(offset);
    checkName(name);
    return name;
  }

  /** `size` bytes of data, which the caller may hold on to. */
  data(offset: number, size: number): Buffer {
    const start = this.#at(offset, size);
    const part = this.buffer.bytes.subarray(start, start + size);
    this.keepsBuffer = size >= keepBufferBytesMin;
    this.heldBytes = this.keepsBuffer ? this.buffer.bytes.length : size;
    if (!this.keepsBuffer) return Buffer.from(part);
    return part;
  }

  #at(offset: number, size: number): number {
    const start = IN_HEADER_BYTES + offset;
    if (start + size > this.#end) throw new MalformedRequest(`opcode ${this.opcode}: a request is too short`);
    return start;
  }
}
