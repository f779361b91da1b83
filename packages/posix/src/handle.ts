import { FsError, O_CLOEXEC } from "@kedgefs/core";
import { AT_EMPTY_PATH } from "./at-flags.ts";
import { check, libc, type Native } from "./library.ts";
import { emptyPath } from "./native-path.ts";

/** What the file system calls an inode, for as long as the inode exists. Opaque; `type` and `bytes` belong together. */
export interface FileHandle {
  readonly type: number;
  readonly bytes: Buffer;
}

const nativeNameToHandleAt: Native<[number, Buffer, Buffer, Buffer, number]> = libc.func(
  "int name_to_handle_at(int dirfd, const uint8_t *path, uint8_t *handle, uint8_t *mountId, int flags)",
);
const nativeOpenByHandleAt: Native<[number, Buffer, number]> = libc.func(
  "int open_by_handle_at(int mountFd, uint8_t *handle, int flags)",
);

/** Longest handle, bytes. Source: linux/exportfs.h. */
export const handleBytesMax = 128;
const headerBytes = 8;

// struct file_handle of name_to_handle_at(2): length, type, bytes.
const handle = Buffer.alloc(headerBytes + handleBytesMax);
const view = new DataView(handle.buffer, handle.byteOffset, handle.length);
const mountIdIgnored = Buffer.alloc(4);

/**
 * name_to_handle_at(2) of a descriptor itself, O_PATH or not; needs no privilege. EOPNOTSUPP where the file system has
 * no handles (overlayfs unless mounted with nfs_export, /proc). `bytes` is the caller's own copy.
 */
export function nameToHandleAt(fd: number): FileHandle {
  view.setUint32(0, handleBytesMax, true);
  check(nativeNameToHandleAt(fd, emptyPath, handle, mountIdIgnored, AT_EMPTY_PATH), "name_to_handle_at");
  const length = view.getUint32(0, true);
  const bytes = Buffer.allocUnsafe(length);
  // A loop, because a handle has about ten bytes and a view for copy() would cost more than the copy.
  for (let index = 0; index < length; index++) bytes[index] = handle[headerBytes + index] as number;
  return { type: view.getInt32(4, true), bytes };
}

/**
 * open_by_handle_at(2), always with O_CLOEXEC: the inode of a handle, by any open descriptor (not an O_PATH one: EBADF)
 * of the file system that it was taken from. ESTALE for an inode that is gone or never was, EPERM without
 * CAP_DAC_READ_SEARCH, which a thread lacks while it runs as another than root. With O_PATH in `flags` nothing about
 * the inode's permissions is checked.
 */
export function openByHandleAt(mountFd: number, type: number, bytes: Uint8Array, flags: number): number {
  if (bytes.length > handleBytesMax)
    throw new FsError("EINVAL", `a handle has ${bytes.length} bytes, at most 128 exist`);
  view.setUint32(0, bytes.length, true);
  view.setInt32(4, type, true);
  handle.set(bytes, headerBytes);
  return check(nativeOpenByHandleAt(mountFd, handle, flags | O_CLOEXEC), "open_by_handle_at");
}
