import { FsError } from "@kedgefs/core";
import { AT_EMPTY_PATH, AT_SYMLINK_FOLLOW } from "./at-flags.ts";
import { check, fsErrorFromErrno, lastErrno, libc, type Native } from "./library.ts";
import { emptyPath, encodePath, PathEncoder, procFdPath } from "./native-path.ts";
import { syscallNumbers } from "./syscall-numbers.ts";

const nativeMkdirat: Native<[number, Buffer, number]> = libc.func(
  "int mkdirat(int dirfd, const uint8_t *path, uint32_t mode)",
);
const nativeMknodat: Native<[number, number, Buffer, number, number]> = libc.func("syscall", "long", [
  "long",
  "int",
  "const uint8_t *",
  "uint32_t",
  "uint32_t",
]);
const nativeSymlinkat: Native<[Buffer, number, Buffer]> = libc.func(
  "int symlinkat(const uint8_t *target, int dirfd, const uint8_t *path)",
);
const nativeUnlinkat: Native<[number, Buffer, number]> = libc.func(
  "int unlinkat(int dirfd, const uint8_t *path, int flags)",
);
const nativeRenameat2: Native<[number, Buffer, number, Buffer, number]> = libc.func(
  "int renameat2(int oldDirfd, const uint8_t *oldPath, int newDirfd, const uint8_t *newPath, uint32_t flags)",
);
const nativeLinkat: Native<[number, Buffer, number, Buffer, number]> = libc.func(
  "int linkat(int oldDirfd, const uint8_t *oldPath, int newDirfd, const uint8_t *newPath, int flags)",
);
const nativeReadlinkat: Native<[number, Buffer, Buffer, number]> = libc.func(
  "int64_t readlinkat(int dirfd, const uint8_t *path, uint8_t *target, size_t size)",
);

const newName = new PathEncoder();

/** mkdirat(2). The umask applies to `mode`. EEXIST, ENOENT, EACCES, EMLINK, ENOSPC. */
export function mkdirat(dirfd: number, name: Uint8Array | string, mode: number): void {
  check(nativeMkdirat(dirfd, encodePath(name), mode), "mkdirat");
}

/**
 * mknodat(2). The type bits of `mode` say what to make, the umask applies to the others; `rdev` is in the form of
 * `encodeDevice`. EEXIST, EPERM (a device without CAP_MKNOD, or a directory), EINVAL (no such type).
 */
export function mknodat(dirfd: number, name: Uint8Array | string, mode: number, rdev: number): void {
  // glibc would want its own 64-bit dev_t and turn it into the very form that we have.
  check(nativeMknodat(syscallNumbers.mknodat, dirfd, encodePath(name), mode, rdev), "mknodat");
}

/** symlinkat(2). EEXIST, ENOENT (also for an empty target), ENAMETOOLONG (target over 4,095 bytes), EACCES. */
export function symlinkat(target: Uint8Array | string, dirfd: number, name: Uint8Array | string): void {
  check(nativeSymlinkat(encodePath(target), dirfd, newName.encode(name)), "symlinkat");
}

/**
 * unlinkat(2): unlink, or rmdir with AT_REMOVEDIR. EISDIR, ENOTDIR, ENOTEMPTY, ENOENT, EACCES, EPERM (sticky), EBUSY.
 */
export function unlinkat(dirfd: number, name: Uint8Array | string, flags: number): void {
  check(nativeUnlinkat(dirfd, encodePath(name), flags), "unlinkat");
}

/**
 * renameat2(2). EEXIST with RENAME_NOREPLACE; EINVAL for flags that the file system cannot do, or a directory into
 * itself.
 */
export function renameat2(
  oldDirfd: number,
  oldName: Uint8Array | string,
  newDirfd: number,
  newNameBytes: Uint8Array | string,
  flags: number,
): void {
  check(nativeRenameat2(oldDirfd, encodePath(oldName), newDirfd, newName.encode(newNameBytes), flags), "renameat2");
}

const ENOENT = 2;

/**
 * A new name for the inode of a descriptor, O_PATH ones and those of symbolic links included: the link itself, not what
 * it points to. EEXIST, EPERM (a directory, or by /proc/sys/fs/protected_hardlinks an inode that the caller neither
 * owns nor may read and write), EMLINK, EXDEV, ENOENT (the inode has no name left).
 *
 * AT_EMPTY_PATH is the shorter way, but answers ENOENT without CAP_DAC_READ_SEARCH, which a thread lacks while it runs
 * as another than root; from Linux 6.10 the credentials that opened the descriptor serve too. The magic link in
 * /proc/self/fd needs no capability, and leads to a symbolic link's own inode where the descriptor is one's.
 */
export function linkFd(fd: number, newDirfd: number, name: Uint8Array | string): void {
  const to = newName.encode(name);
  if (nativeLinkat(fd, emptyPath, newDirfd, to, AT_EMPTY_PATH) === 0) return;
  const errno = lastErrno();
  if (errno !== ENOENT) throw fsErrorFromErrno(errno, "linkat");
  check(nativeLinkat(-1, procFdPath(fd), newDirfd, to, AT_SYMLINK_FOLLOW), "linkat");
}

const target = Buffer.alloc(4096);

/**
 * The target of a symbolic link by a descriptor of its own (O_PATH with O_NOFOLLOW). EINVAL on anything else, EBADF.
 */
export function readlinkFd(fd: number): Buffer {
  const length = nativeReadlinkat(fd, emptyPath, target, target.length);
  if (length < 0) {
    const errno = lastErrno();
    // With an empty path the kernel says ENOENT where it would say EINVAL with a name: this inode is no symbolic link.
    if (errno === ENOENT) throw new FsError("EINVAL", "readlinkat: not a symbolic link");
    throw fsErrorFromErrno(errno, "readlinkat");
  }
  return Buffer.from(target.subarray(0, length));
}
