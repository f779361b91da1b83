import { FsError, isSymlink, type SetTime } from "@kedgefs/core";
import { AT_EACCESS, AT_EMPTY_PATH } from "./at-flags.ts";
import { check, checkOffset, fsErrorFromErrno, lastErrno, libc, type Native } from "./library.ts";
import { emptyPath, procFdPath } from "./native-path.ts";
import { fstatx } from "./stat.ts";
import { syscallNumbers } from "./syscall-numbers.ts";

/** syscall(2) with a descriptor, a path, a number and flags. */
const nativeSyscall: Native<[number, number, Buffer, number, number]> = libc.func("syscall", "long", [
  "long",
  "int",
  "const uint8_t *",
  "uint32_t",
  "uint32_t",
]);
const nativeChmod: Native<[Buffer, number]> = libc.func("int chmod(const uint8_t *path, uint32_t mode)");
const nativeFchownat: Native<[number, Buffer, number, number, number]> = libc.func(
  "int fchownat(int dirfd, const uint8_t *path, uint32_t uid, uint32_t gid, int flags)",
);
const nativeUtimensat: Native<[number, Buffer, Buffer, number]> = libc.func(
  "int utimensat(int dirfd, const uint8_t *path, const uint8_t *times, int flags)",
);
const nativeTruncate: Native<[Buffer, bigint]> = libc.func("int truncate64(const uint8_t *path, int64_t size)");
const nativeFtruncate: Native<[number, bigint]> = libc.func("int ftruncate64(int fd, int64_t size)");

const EINVAL = 22;
const ENOSYS = 38;

let hasFchmodat2 = true;

/** chmod(2) of a descriptor, O_PATH ones included. EOPNOTSUPP for a symbolic link, EPERM, EROFS. */
export function chmodFd(fd: number, mode: number): void {
  if (hasFchmodat2) {
    if (nativeSyscall(syscallNumbers.fchmodat2, fd, emptyPath, mode, AT_EMPTY_PATH) === 0) return;
    const errno = lastErrno();
    if (errno !== ENOSYS) throw fsErrorFromErrno(errno, "fchmodat2");
    hasFchmodat2 = false;
  }
  chmodByProc(fd, mode);
}

/** chmodFd before Linux 6.6, exported so that it is tested on later ones too. */
export function chmodByProc(fd: number, mode: number): void {
  // Some file systems change a symbolic link's mode by this way and then say that they cannot, so it must not come so
  // far.
  if (isSymlink(fstatx(fd).attr.mode)) throw new FsError("EOPNOTSUPP", "chmod: a symbolic link has no mode of its own");
  check(nativeChmod(procFdPath(fd), mode), "chmod");
}

/**
 * fchownat(2) of a descriptor, O_PATH ones and those of symbolic links included. -1 leaves an id as it is. EPERM,
 * EROFS.
 */
export function chownFd(fd: number, uid: number, gid: number): void {
  check(nativeFchownat(fd, emptyPath, idOrLeave(uid), idOrLeave(gid), AT_EMPTY_PATH), "fchownat");
}

/** EINVAL for what is no id: it would wrap round, 2^32 to root. */
function idOrLeave(id: number): number {
  const unsigned = id >>> 0;
  if (id !== -1 && unsigned !== id) throw new FsError("EINVAL", `${id} is no user or group id`);
  return unsigned;
}

/** Values of tv_nsec with a meaning of their own. Source: utimensat(2), linux/stat.h. */
const UTIME_NOW = 0x3fffffff;
const UTIME_OMIT = 0x3ffffffe;

const times = Buffer.alloc(32);
const timesView = new DataView(times.buffer, times.byteOffset, times.length);

function putTime(offset: number, time: SetTime | undefined): void {
  const special = time === undefined ? UTIME_OMIT : time.now ? UTIME_NOW : undefined;
  if (time === undefined || special !== undefined) {
    timesView.setBigInt64(offset, 0n, true);
    timesView.setBigInt64(offset + 8, BigInt(special ?? UTIME_OMIT), true);
    return;
  }
  const { sec, nsec } = time;
  // Checked here because the kernel would take the two special values for what they are not meant to be.
  if (!Number.isSafeInteger(sec) || !Number.isInteger(nsec) || nsec < 0 || nsec > 999_999_999) {
    throw new FsError("EINVAL", `${sec} s and ${nsec} ns are no time`);
  }
  timesView.setBigInt64(offset, BigInt(sec), true);
  timesView.setBigInt64(offset + 8, BigInt(nsec), true);
}

let hasUtimensatEmptyPath = true;

/**
 * utimensat(2) of a descriptor, O_PATH ones and those of symbolic links included. An undefined time stays as it is, one
 * with `now` becomes the kernel's present (for which write permission is enough). The file system rounds to what it can
 * store and clamps what is out of its range. EACCES, EPERM, EINVAL, EROFS.
 */
export function utimensFd(fd: number, atime: SetTime | undefined, mtime: SetTime | undefined): void {
  putTime(0, atime);
  putTime(16, mtime);
  if (hasUtimensatEmptyPath) {
    if (nativeUtimensat(fd, emptyPath, times, AT_EMPTY_PATH) === 0) return;
    const errno = lastErrno();
    // The times were checked, so EINVAL is an answer to the flag (before Linux 5.8).
    if (errno !== EINVAL) throw fsErrorFromErrno(errno, "utimensat");
    utimensByProc(fd);
    hasUtimensatEmptyPath = false;
    return;
  }
  utimensByProc(fd);
}

function utimensByProc(fd: number): void {
  check(nativeUtimensat(-1, procFdPath(fd), times, 0), "utimensat");
}

/** utimensFd before Linux 5.8, exported so that it is tested on later ones too. */
export function utimensFdByProc(fd: number, atime: SetTime | undefined, mtime: SetTime | undefined): void {
  putTime(0, atime);
  putTime(16, mtime);
  utimensByProc(fd);
}

/**
 * truncate(2) of a descriptor's inode, which may be O_PATH: write permission is checked now. EACCES, EISDIR, EINVAL,
 * EFBIG.
 */
export function truncateFd(fd: number, size: bigint): void {
  checkOffset(size, "truncate");
  check(nativeTruncate(procFdPath(fd), size), "truncate");
}

/** ftruncate(2) of a descriptor that is open for writing. EINVAL (not open for writing), EFBIG, ENOSPC. */
export function ftruncate(fd: number, size: bigint): void {
  checkOffset(size, "ftruncate");
  check(nativeFtruncate(fd, size), "ftruncate");
}

/** access(2) of a descriptor, O_PATH ones included, for the identity that the calling thread runs as. EACCES, EROFS. */
export function faccessFd(fd: number, mask: number): void {
  check(nativeSyscall(syscallNumbers.faccessat2, fd, emptyPath, mask, AT_EACCESS | AT_EMPTY_PATH), "faccessat2");
}
