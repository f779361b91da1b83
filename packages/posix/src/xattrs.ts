import { check, libc, type Native } from "./library.ts";
import { PathEncoder, procFdPath } from "./native-path.ts";

// Everything here goes through the magic link of the descriptor, followed: it leads to a symbolic link's own inode where
// the descriptor is one's, and needs no capability. There is no other way for O_PATH descriptors: fgetxattr and the like
// answer EBADF to them, and so do getxattrat and the like (Linux 6.13) with AT_EMPTY_PATH, by intent.

/** Flags of setxattr. Source: linux/xattr.h. */
export const XATTR_CREATE = 1;
export const XATTR_REPLACE = 2;

/** Most bytes of a name, of a value, and of all names of one inode with their NULs. Source: linux/limits.h. */
export const xattrNameBytesMax = 255;
export const xattrValueBytesMax = 65_536;
export const xattrListBytesMax = 65_536;

const nativeGetxattr: Native<[Buffer, Buffer, Uint8Array, number], number | bigint> = libc.func(
  "int64_t getxattr(const uint8_t *path, const uint8_t *name, uint8_t *value, size_t size)",
);
const nativeSetxattr: Native<[Buffer, Buffer, Uint8Array, number, number]> = libc.func(
  "int setxattr(const uint8_t *path, const uint8_t *name, const uint8_t *value, size_t size, int flags)",
);
const nativeListxattr: Native<[Buffer, Uint8Array, number], number | bigint> = libc.func(
  "int64_t listxattr(const uint8_t *path, uint8_t *list, size_t size)",
);
const nativeRemovexattr: Native<[Buffer, Buffer]> = libc.func(
  "int removexattr(const uint8_t *path, const uint8_t *name)",
);

const attributeName = new PathEncoder();

/**
 * getxattr(2) of a descriptor's inode, O_PATH ones and those of symbolic links included: fills `value` and returns the
 * length, or the length alone where `value` is empty. `name` has its namespace in front ("user.x"). ENODATA (no such
 * attribute), ERANGE (`value` is too small; or the name has no byte or more than 255), EOPNOTSUPP (the file system has
 * no such namespace), EACCES, E2BIG (more than 64 KiB), ENOENT (no such descriptor).
 *
 * Permission for "user." and ACLs is the thread's fsuid's. "security." is open to all who read, and to whoever has
 * CAP_SYS_ADMIN or CAP_SETFCAP to change it; "trusted." is CAP_SYS_ADMIN's. `runAs` leaves the thread those two
 * capabilities, so who serves others must itself refuse them these two namespaces, here and in the calls below.
 */
export function getxattr(fd: number, name: Uint8Array | string, value: Uint8Array): number {
  const nameBytes = attributeName.encode(name);
  return check(Number(nativeGetxattr(procFdPath(fd), nameBytes, value, value.length)), "getxattr");
}

/**
 * setxattr(2), likewise. `flags` is 0, XATTR_CREATE (EEXIST where it is there) or XATTR_REPLACE (ENODATA where it is
 * not). EPERM ("user." on what is neither file nor directory, or a sticky directory of somebody else; an immutable
 * inode), EACCES, EOPNOTSUPP, ERANGE (name), E2BIG (a value over 64 KiB), ENOSPC (ext4 has less room than that),
 * EDQUOT, EINVAL (an ACL that is none), EROFS.
 */
export function setxattr(fd: number, name: Uint8Array | string, value: Uint8Array, flags: number): void {
  const nameBytes = attributeName.encode(name);
  check(nativeSetxattr(procFdPath(fd), nameBytes, value, value.length, flags), "setxattr");
}

/**
 * listxattr(2), likewise: fills `list` with names, each with a NUL after it, and returns how many bytes they take, or
 * that number alone where `list` is empty. Needs no permission on the inode; "trusted." names show with CAP_SYS_ADMIN
 * alone. ERANGE (`list` is too small), E2BIG (more than 64 KiB), EOPNOTSUPP, ENOENT (no such descriptor).
 */
export function listxattr(fd: number, list: Uint8Array): number {
  return check(Number(nativeListxattr(procFdPath(fd), list, list.length)), "listxattr");
}

/** removexattr(2), likewise. ENODATA (no such attribute), EPERM, EACCES, EOPNOTSUPP, ERANGE (name), EROFS. */
export function removexattr(fd: number, name: Uint8Array | string): void {
  const nameBytes = attributeName.encode(name);
  check(nativeRemovexattr(procFdPath(fd), nameBytes), "removexattr");
}

/** The names in the first `length` bytes of what listxattr filled. They are copies and share one allocation. */
export function parseXattrNames(list: Uint8Array, length: number): Buffer[] {
  const bytes = Buffer.from(list.subarray(0, length));
  const names: Buffer[] = [];
  let start = 0;
  for (let end = bytes.indexOf(0); end !== -1; end = bytes.indexOf(0, start)) {
    names.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return names;
}
