import fs from "node:fs";
import { FsError } from "@kedgefs/core";
import { checkOffset, fsErrorFromErrno, libc, type Native } from "./library.ts";
import { callAsync } from "./native-async.ts";
import { preadNowait } from "./pread-nowait.ts";

const nativePread: Native<[number, Uint8Array, number, bigint], number | bigint> = libc.func(
  "int64_t pread64(int fd, uint8_t *buffer, size_t size, int64_t offset)",
);
const nativePwrite: Native<[number, Uint8Array, number, bigint], number | bigint> = libc.func(
  "int64_t pwrite64(int fd, const uint8_t *buffer, size_t size, int64_t offset)",
);

/** Past it a number is not exact, and fs.write takes nothing but a number: a bigint it ignores without a word. */
const nodeOffsetMax = BigInt(Number.MAX_SAFE_INTEGER);

/**
 * pread(2) off the event loop: fills `buffer` and returns its length, or fewer bytes at the end of the file, or
 * rejects. What was read before an error is not told: a short count would be taken for the end of the file. EBADF,
 * EINVAL, EISDIR, EIO.
 */
export async function pread(fd: number, buffer: Uint8Array, offset: bigint): Promise<number> {
  checkRange(fd, buffer, offset, "pread");
  let done = 0;
  while (done < buffer.length) {
    const rest = done === 0 ? buffer : buffer.subarray(done);
    const position = offset + BigInt(done);
    // A short read is the end of the file, or an error cut it short. Asking again at the end never waits, so it is
    // asked here.
    const count = (done === 0 ? undefined : preadNowait(fd, rest, position)) ?? (await preadOnce(fd, rest, position));
    if (count === 0) break;
    done += count;
  }
  return done;
}

/**
 * pwrite(2) off the event loop; returns how many bytes were written: of a regular file less than `buffer` only where an error
 * met the rest, which the next call for that rest tells. With O_APPEND Linux writes at the end whatever `offset` says. ENOSPC,
 * EDQUOT, EFBIG.
 */
export async function pwrite(fd: number, buffer: Uint8Array, offset: bigint): Promise<number> {
  checkRange(fd, buffer, offset, "pwrite");
  if (offset > nodeOffsetMax) return await callAsync("pwrite", nativePwrite, fd, buffer, buffer.length, offset);
  return await new Promise((resolve, reject) => {
    fs.write(fd, buffer, 0, buffer.length, Number(offset), (error, count) =>
      error ? reject(fromNode(error, "pwrite")) : resolve(count),
    );
  });
}

/** fsync(2), or fdatasync(2), off the event loop. EIO, ENOSPC, EDQUOT: an earlier write was lost. EBADF, EINVAL. */
export function fsync(fd: number, datasync: boolean): Promise<void> {
  const call = datasync ? "fdatasync" : "fsync";
  return new Promise((resolve, reject) => {
    checkFd(fd, call);
    const done = (error: NodeJS.ErrnoException | null): void => (error ? reject(fromNode(error, call)) : resolve());
    if (datasync) fs.fdatasync(fd, done);
    else fs.fsync(fd, done);
  });
}

function preadOnce(fd: number, buffer: Uint8Array, offset: bigint): Promise<number> {
  if (offset > nodeOffsetMax) return callAsync("pread", nativePread, fd, buffer, buffer.length, offset);
  return new Promise((resolve, reject) => {
    fs.read(fd, buffer, 0, buffer.length, Number(offset), (error, count) =>
      error ? reject(fromNode(error, "pread")) : resolve(count),
    );
  });
}

function checkRange(fd: number, buffer: Uint8Array, offset: bigint, call: string): void {
  checkFd(fd, call);
  checkOffset(offset, call);
  checkOffset(offset + BigInt(buffer.length), call);
}

/** Node throws a TypeError of its own for a number that cannot be a descriptor. */
function checkFd(fd: number, call: string): void {
  if (!(fd >= 0)) throw new FsError("EBADF", `${call}: EBADF`);
}

function fromNode(error: NodeJS.ErrnoException, call: string): FsError {
  return fsErrorFromErrno(-(error.errno ?? 0), call);
}
