import { FsError } from "@kedgefs/core";
import { check, checkOffset, fsErrorFromErrno, lastErrno, libc, type Native } from "./library.ts";

export type FileLockType = "read" | "write" | "unlock";

/** A range of bytes and what is to be, or is, done with it. */
export interface FileLock {
  readonly type: FileLockType;
  readonly start: bigint;
  /** Bytes; 0 reaches to the end of the file, however far that moves. */
  readonly length: bigint;
}

/** A lock that is in the way. */
export interface HeldFileLock extends FileLock {
  readonly type: "read" | "write";
  /**
   * The process that holds it by F_SETLK, 0 where that is not of our pid namespace; -1 for an open file description's.
   */
  readonly pid: number;
}

const nativeFcntl: Native<[number, number, Buffer]> = libc.func("int fcntl(int fd, int command, uint8_t *lock)");

/** Commands of fcntl(2), kinds of locks and where `l_start` counts from. Source: asm-generic/fcntl.h, linux/fs.h. */
const F_OFD_GETLK = 36;
const F_OFD_SETLK = 37;
const F_RDLCK = 0;
const F_WRLCK = 1;
const F_UNLCK = 2;
const SEEK_SET = 0;

const EACCES = 13;
const EAGAIN = 11;

const typeNumbers: Readonly<Record<FileLockType, number>> = { read: F_RDLCK, write: F_WRLCK, unlock: F_UNLCK };

/** struct flock of asm-generic/fcntl.h for 64-bit machines: type and whence at 0, start at 8, length at 16, pid at 24. */
const struct = Buffer.alloc(32);
const view = new DataView(struct.buffer, struct.byteOffset, struct.length);

function putLock({ type, start, length }: FileLock, call: string): void {
  checkOffset(start, call);
  checkOffset(length, call);
  view.setInt16(0, typeNumbers[type], true);
  view.setInt16(2, SEEK_SET, true);
  view.setBigInt64(8, start, true);
  view.setBigInt64(16, length, true);
  view.setInt32(24, 0, true);
}

/**
 * fcntl(2) with F_OFD_SETLK: locks a range of bytes for the open file description of `fd`, turns what that holds of it
 * into the other kind, or gives it back. Never waits: false where another open file description or a process holds what
 * is in the way. Descriptors made by dup share the locks, which go when the last of them is closed; flock(2) knows
 * nothing of them. EBADF (also a read lock without reading, a write lock without writing, and any on O_PATH), EINVAL
 * (a range that is none), EOVERFLOW (it ends past 2^63 - 1), ENOLCK.
 */
export function setlk(fd: number, lock: FileLock): boolean {
  putLock(lock, "fcntl");
  if (nativeFcntl(fd, F_OFD_SETLK, struct) === 0) return true;
  const errno = lastErrno();
  if (errno === EAGAIN || errno === EACCES) return false;
  throw fsErrorFromErrno(errno, "fcntl");
}

/**
 * fcntl(2) with F_OFD_GETLK: a lock that keeps setlk from succeeding, or undefined where there is none. Of several, any
 * one. `fd` may be open for anything but O_PATH (EBADF). EINVAL (also for "unlock", to which kernels give different
 * answers), EOVERFLOW.
 */
export function getlk(fd: number, lock: FileLock): HeldFileLock | undefined {
  if (lock.type === "unlock") throw new FsError("EINVAL", "fcntl: nothing is in the way of an unlock");
  putLock(lock, "fcntl");
  check(nativeFcntl(fd, F_OFD_GETLK, struct), "fcntl");
  const type = view.getInt16(0, true);
  if (type === F_UNLCK) return undefined;
  return {
    type: type === F_WRLCK ? "write" : "read",
    start: view.getBigInt64(8, true),
    length: view.getBigInt64(16, true),
    pid: view.getInt32(24, true),
  };
}
