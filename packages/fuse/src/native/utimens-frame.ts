import type { Timespec } from "@kedgefs/core";

/** Offsets in fuse_thread_locals_t (fuse-native.c) where pointers, size_t and off_t have 8 bytes, as on x86-64 and arm64. */
const opOffset = 8;
const atimeOffset = 104;
const mtimeOffset = 112;

export interface SetTimes {
  readonly atime: Timespec;
  readonly mtime: Timespec;
}

/**
 * The times of a utimens call, in whole milliseconds. The binding passes the access time twice and the modification time never;
 * that one is in the frame, the thread's record that the binding passes along as a Buffer. The frame is believed only where it
 * holds the operation and the access time, which are known, at their places.
 */
export function timesFromFrame(frame: Buffer, operation: number, atimeLow: number, atimeHigh: number): SetTimes {
  const atime = (BigInt(atimeHigh) << 32n) | BigInt(atimeLow);
  if (
    frame.byteLength < mtimeOffset + 8 ||
    frame.readUInt32LE(opOffset) !== operation ||
    frame.readBigUInt64LE(atimeOffset) !== atime
  ) {
    throw new Error("fuse-native's record of a utimens call is laid out in an unknown way; no time was set");
  }
  return { atime: timespecFromMs(atime), mtime: timespecFromMs(frame.readBigUInt64LE(mtimeOffset)) };
}

/** The binding's count is unsigned; a time before 1970 is its two's complement. */
function timespecFromMs(unsignedMs: bigint): Timespec {
  const ms = BigInt.asIntN(64, unsignedMs);
  const nsec = ((ms % 1000n) + 1000n) % 1000n;
  return { sec: Number((ms - nsec) / 1000n), nsec: Number(nsec) * 1_000_000 };
}
