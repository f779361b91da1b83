import { FsError, O_CLOEXEC, O_NONBLOCK } from "@kedgefs/core";
import { check, libc, type Native } from "./library.ts";
import { callAsync } from "./native-async.ts";
import { closeAsync } from "./open.ts";
import { syscallNumbers } from "./syscall-numbers.ts";

const nativeDup3: Native<[number, number, number]> = libc.func("int dup3(int old, int new, int flags)");
const nativeFcntl: Native<[number, number, number]> = libc.func("int fcntl(int fd, int command, int argument)");
const nativePipe2: Native<[Buffer, number]> = libc.func("int pipe2(uint8_t *fds, int flags)");
const nativeUmask: Native<[number]> = libc.func("uint32_t umask(uint32_t mask)");

/** glibc has a wrapper since 2.34 alone. */
const nativeSyscall: Native<[number, number, number, number]> = libc.func(
  "long syscall(long number, unsigned int first, unsigned int last, int flags)",
);

/** Commands of fcntl(2). Source: linux/fcntl.h, asm-generic/fcntl.h. */
const F_GETFD = 1;
const F_GETFL = 3;
const F_SETFL = 4;
const F_DUPFD_CLOEXEC = 1030;

/** A second descriptor of the same open file, the lowest free number, with O_CLOEXEC. EBADF, EMFILE. */
export function dup(fd: number): number {
  return check(nativeFcntl(fd, F_DUPFD_CLOEXEC, 0), "fcntl");
}

/**
 * Makes `newFd` a descriptor of the open file of `oldFd`, with O_CLOEXEC, closing what `newFd` was. Returns `newFd`;
 * where the two are one, nothing changes. EBADF.
 */
export function dup2(oldFd: number, newFd: number): number {
  // dup3 alone can set O_CLOEXEC at once, and refuses two equal numbers where dup2 does nothing.
  if (oldFd === newFd) {
    check(nativeFcntl(oldFd, F_GETFD, 0), "fcntl");
    return newFd;
  }
  return check(nativeDup3(oldFd, newFd, O_CLOEXEC), "dup3");
}

const pair = Buffer.alloc(8);

/** pipe2(2) with O_CLOEXEC. EMFILE, ENFILE. */
export function pipe(): { readFd: number; writeFd: number } {
  check(nativePipe2(pair, O_CLOEXEC), "pipe2");
  return { readFd: pair.readInt32LE(0), writeFd: pair.readInt32LE(4) };
}

/** Sets O_NONBLOCK on the open file, which all descriptors of it share. EBADF. */
export function setNonblocking(fd: number): void {
  const flags = check(nativeFcntl(fd, F_GETFL, 0), "fcntl");
  check(nativeFcntl(fd, F_SETFL, flags | O_NONBLOCK), "fcntl");
}

/** umask(2) of the whole process: sets it and returns the one before. */
export function umask(mask: number): number {
  return nativeUmask(mask);
}

/**
 * close_range(2) on a pool thread: closes all descriptors from `first` to `last`, in one go (before Linux 5.9: one after the other).
 * What a close has to tell of a write is not told.
 */
export async function closeRange(first: number, last: number): Promise<void> {
  try {
    await callAsync("close_range", nativeSyscall, syscallNumbers.close_range, first, last, 0);
  } catch (error) {
    if (!(error instanceof FsError && error.code === "ENOSYS")) throw error;
    for (let fd = first; fd <= last; fd++) await closeAsync(fd).catch(() => {});
  }
}
