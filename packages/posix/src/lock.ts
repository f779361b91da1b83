import { fsErrorFromErrno, lastErrno, libc, type Native } from "./library.ts";

const nativeFlock: Native<[number, number]> = libc.func("int flock(int fd, int operation)");

/** Source: asm-generic/fcntl.h. */
const LOCK_SH = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;
const LOCK_UN = 8;

const EINTR = 4;
const EAGAIN = 11;

export interface FlockOptions {
  /** Alone, or together with other shared locks. */
  readonly exclusive: boolean;
  /** False blocks this thread, and with it the event loop, until the lock is free. */
  readonly nonblocking: boolean;
}

/**
 * flock(2): locks the open file of `fd` against other open files of the inode, until its last descriptor is closed. A
 * lock that is held is turned into the other kind. False where it would have to wait and `nonblocking` is set. EBADF,
 * ENOLCK.
 */
export function flock(fd: number, { exclusive, nonblocking }: FlockOptions): boolean {
  const operation = (exclusive ? LOCK_EX : LOCK_SH) | (nonblocking ? LOCK_NB : 0);
  while (nativeFlock(fd, operation) < 0) {
    const errno = lastErrno();
    if (errno === EINTR) continue;
    if (errno === EAGAIN && nonblocking) return false;
    throw fsErrorFromErrno(errno, "flock");
  }
  return true;
}

/** flock(2) with LOCK_UN: gives back the lock of the open file of `fd`, if it has one. EBADF. */
export function unflock(fd: number): void {
  if (nativeFlock(fd, LOCK_UN) < 0) throw fsErrorFromErrno(lastErrno(), "flock");
}
