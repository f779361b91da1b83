import { type RequestBuffer, requestBufferFrom } from "../buffer-pool.ts";
import { IN_HEADER_BYTES, type OpcodeName, opcodeNumbers } from "../protocol/constants.ts";
import { RequestFrame } from "../protocol/request-frame.ts";

export interface HeaderFields {
  readonly unique?: bigint;
  readonly nodeid?: bigint;
  readonly uid?: number;
  readonly gid?: number;
  readonly pid?: number;
}

/** A request as the kernel would write it: struct fuse_in_header and a body. */
export function requestBytes(opcode: OpcodeName | number, body: Uint8Array, fields: HeaderFields = {}): Buffer {
  const header = Buffer.alloc(IN_HEADER_BYTES);
  header.writeUInt32LE(IN_HEADER_BYTES + body.length, 0);
  header.writeUInt32LE(typeof opcode === "number" ? opcode : opcodeNumbers[opcode], 4);
  header.writeBigUInt64LE(fields.unique ?? 2n, 8);
  header.writeBigUInt64LE(fields.nodeid ?? 1n, 16);
  header.writeUInt32LE(fields.uid ?? 0, 24);
  header.writeUInt32LE(fields.gid ?? 0, 28);
  header.writeUInt32LE(fields.pid ?? 0, 32);
  return Buffer.concat([header, body]);
}

/** A read buffer with a request at its start, and other bytes behind it, as left by the request before. */
export function requestBuffer(bytes: Uint8Array): RequestBuffer {
  return requestBufferFrom(Buffer.concat([bytes, Buffer.alloc(64, 0x55)]));
}

export function frameOf(opcode: OpcodeName, body: Uint8Array, fields: HeaderFields = {}): RequestFrame {
  const bytes = requestBytes(opcode, body, fields);
  return new RequestFrame(requestBuffer(bytes), bytes.length);
}

/** A field of a structure: its width in bits and its value, or bytes as they are. */
export type Field = readonly [16 | 32 | 64, number | bigint] | Uint8Array;

/** A structure of linux/fuse.h, little-endian. */
export function struct(...fields: readonly Field[]): Buffer {
  return Buffer.concat(
    fields.map((field) => {
      if (field instanceof Uint8Array) return field;
      const [bits, value] = field;
      const bytes = Buffer.alloc(8);
      bytes.writeBigUInt64LE(BigInt.asUintN(bits, BigInt(value)));
      return bytes.subarray(0, bits / 8);
    }),
  );
}

/** A name with its NUL. */
export function nul(text: string): Buffer {
  return Buffer.from(`${text}\0`);
}
