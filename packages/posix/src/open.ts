import { constants } from "node:fs";
import { FsError, O_CLOEXEC } from "@kedgefs/core";
import { check, fsErrorFromErrno, lastErrno, libc, type Native } from "./library.ts";
import { callAsync } from "./native-async.ts";
import { encodePath, procFdPath } from "./native-path.ts";
import { syscallNumbers } from "./syscall-numbers.ts";

/** Open flags whose values differ between x86-64 and arm64: Node knows those of the machine. */
export const O_DIRECT = constants.O_DIRECT;
export const O_DIRECTORY = constants.O_DIRECTORY;
export const O_NOFOLLOW = constants.O_NOFOLLOW;
/** An unnamed file in the directory that is opened. Source: asm-generic/fcntl.h. */
export const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;

/** How openat2 resolves. Source: linux/openat2.h. */
export const RESOLVE_NO_XDEV = 0x01;
export const RESOLVE_NO_MAGICLINKS = 0x02;
export const RESOLVE_NO_SYMLINKS = 0x04;
export const RESOLVE_BENEATH = 0x08;
export const RESOLVE_IN_ROOT = 0x10;
/** EAGAIN unless every name of the path is in the kernel's cache. */
export const RESOLVE_CACHED = 0x20;

export interface OpenHow {
  readonly flags: number;
  /** Permission bits of a file that is made; must be absent or 0 without O_CREAT or O_TMPFILE (EINVAL). */
  readonly mode?: number | undefined;
  /** RESOLVE_* bits. */
  readonly resolve: number;
}

const nativeOpenat: Native<[number, Buffer, number, number]> = libc.func(
  "int openat(int dirfd, const uint8_t *path, int flags, uint32_t mode)",
);
const nativeOpenat2: Native<[number, number, Buffer, Buffer, number]> = libc.func("syscall", "long", [
  "long",
  "int",
  "const uint8_t *",
  "const uint8_t *",
  "size_t",
]);

/** openat(2), always with O_CLOEXEC. The umask applies to `mode`. Any errno of open(2). */
export function openat(dirfd: number, name: Uint8Array | string, flags: number, mode = 0): number {
  return check(nativeOpenat(dirfd, encodePath(name), flags | O_CLOEXEC, mode), "openat");
}

/** struct open_how of linux/openat2.h: three 64-bit fields, of which only the low halves are ever used. */
const how = Buffer.alloc(24);
const howView = new DataView(how.buffer, how.byteOffset, how.length);

/**
 * openat2(2), always with O_CLOEXEC. Unlike open it refuses unknown flags (EINVAL). EXDEV where RESOLVE_BENEATH or
 * RESOLVE_NO_XDEV forbids the way, ELOOP for a forbidden symbolic link, EAGAIN where RESOLVE_CACHED finds no cached way
 * or where a rename raced with a ".." under RESOLVE_BENEATH.
 */
export function openat2(dirfd: number, name: Uint8Array | string, { flags, mode = 0, resolve }: OpenHow): number {
  const path = encodePath(name);
  howView.setUint32(0, flags | O_CLOEXEC, true);
  howView.setUint32(8, mode, true);
  howView.setUint32(16, resolve, true);
  return check(nativeOpenat2(syscallNumbers.openat2, dirfd, path, how, how.length), "openat2");
}

/**
 * Opens the inode of a descriptor anew, with other flags: what turns an O_PATH descriptor into one for I/O. Permission
 * is checked anew, for the calling thread. ELOOP for a symbolic link or with O_NOFOLLOW, ENXIO for a socket, ESTALE
 * never: the descriptor holds the inode.
 */
export function reopenFd(fd: number, flags: number): number {
  return check(nativeOpenat(-1, procFdPath(fd), flags | O_CLOEXEC, 0), "open");
}

const nativeClose: Native<[number]> = libc.func("int close(int fd)");

/** close(2). The descriptor is gone whatever it answers (EIO, ENOSPC, EDQUOT: an earlier write was lost). EBADF. */
export function close(fd: number): void {
  if (nativeClose(fd) < 0) {
    const error = fsErrorFromErrno(lastErrno(), "close");
    if (!isInterrupted(error)) throw error;
  }
}

/**
 * close(2) off the event loop, for descriptors whose close may have to write. fs.close would warn in a worker thread
 * about a descriptor that Node did not open.
 */
export async function closeAsync(fd: number): Promise<void> {
  try {
    await callAsync("close", nativeClose, fd);
  } catch (error) {
    if (!isInterrupted(error)) throw error;
  }
}

/** Linux has let go of the descriptor by then, so an interrupted close is a success and must not be repeated. */
const isInterrupted = (error: unknown): boolean => error instanceof FsError && error.code === "EINTR";
