import type { Attr, StatFs, Timespec } from "@kedgefs/core";
import { AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW } from "./at-flags.ts";
import { encodeDevice } from "./device-number.ts";
import { check, libc, type Native } from "./library.ts";
import { emptyPath } from "./native-path.ts";

export interface FileStat {
  readonly attr: Attr;
  /** Device of the file system that holds the inode (st_dev). */
  readonly devMajor: number;
  readonly devMinor: number;
  /** Id of the mount that the descriptor was opened through, as in /proc/self/mountinfo. */
  readonly mountId: bigint;
  /** Whether the inode is the root of that mount. */
  readonly mountRoot: boolean;
}

/** Bits of statx(2). Source: linux/stat.h. */
const STATX_BASIC_STATS = 0x7ff;
const STATX_BTIME = 0x800;
const STATX_MNT_ID = 0x1000;
const STATX_ATTR_MOUNT_ROOT = 0x2000;
const wanted = STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID;
const itself = AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW;

const nativeStatx: Native<[number, Buffer, number, number, Buffer]> = libc.func(
  "int statx(int dirfd, const uint8_t *path, int flags, uint32_t mask, uint8_t *result)",
);

/** Bytes of struct statx (linux/stat.h), spare fields included; one layout on every 64-bit machine. */
const statxBytes = 256;

// This is the call that everything else waits for, so it reads from one buffer that never changes and lets koffi decode
// nothing.
const result = Buffer.alloc(statxBytes);
const view = new DataView(result.buffer, result.byteOffset, result.length);

function timeAt(offset: number): Timespec {
  return {
    sec: view.getInt32(offset + 4, true) * 2 ** 32 + view.getUint32(offset, true),
    nsec: view.getUint32(offset + 8, true),
  };
}

/**
 * statx(2) of a descriptor itself, O_PATH ones and those of symbolic links included. EBADF, and EIO or ESTALE of the
 * file system.
 */
export function fstatx(fd: number): FileStat {
  check(nativeStatx(fd, emptyPath, itself, wanted, result), "statx");
  const hasBirthTime = (view.getUint32(0x00, true) & STATX_BTIME) !== 0;
  return {
    attr: {
      ino: view.getBigUint64(0x20, true),
      mode: view.getUint16(0x1c, true),
      nlink: view.getUint32(0x10, true),
      uid: view.getUint32(0x14, true),
      gid: view.getUint32(0x18, true),
      rdev: encodeDevice(view.getUint32(0x80, true), view.getUint32(0x84, true)),
      size: view.getBigUint64(0x28, true),
      blocks: view.getBigUint64(0x30, true),
      blksize: view.getUint32(0x04, true),
      atime: timeAt(0x40),
      mtime: timeAt(0x70),
      ctime: timeAt(0x60),
      btime: hasBirthTime ? timeAt(0x50) : { sec: 0, nsec: 0 },
    },
    devMajor: view.getUint32(0x88, true),
    devMinor: view.getUint32(0x8c, true),
    mountId: view.getBigUint64(0x90, true),
    mountRoot: (view.getUint32(0x08, true) & STATX_ATTR_MOUNT_ROOT) !== 0,
  };
}

const nativeFstatfs: Native<[number, Buffer]> = libc.func("int fstatfs64(int fd, uint8_t *result)");

/** struct statfs64 of asm-generic/statfs.h for 64-bit machines: eleven words of eight bytes and four spare ones. */
const statfsResult = Buffer.alloc(120);

/** fstatfs(2), on O_PATH descriptors as well. EBADF, EIO. */
export function fstatfs(fd: number): StatFs {
  check(nativeFstatfs(fd, statfsResult), "fstatfs");
  const bsize = Number(statfsResult.readBigInt64LE(8));
  return {
    blocks: statfsResult.readBigUInt64LE(16),
    bfree: statfsResult.readBigUInt64LE(24),
    bavail: statfsResult.readBigUInt64LE(32),
    files: statfsResult.readBigUInt64LE(40),
    ffree: statfsResult.readBigUInt64LE(48),
    bsize,
    // A file system that tells no fragment size counts in blocks.
    frsize: Number(statfsResult.readBigInt64LE(72)) || bsize,
    namelen: Number(statfsResult.readBigInt64LE(64)),
  };
}

/**
 * The file system's id at `offset`, where it has its eight bytes (struct statfs64 and fanotify's events): 16 hex
 * digits.
 */
export const fsidAt = (bytes: Buffer, offset: number): string => bytes.toString("hex", offset, offset + 8);

/**
 * f_fsid of fstatfs(2), on O_PATH descriptors as well: a file system's key, for as long as it is mounted at least. All
 * zeros where it has none; copies of one disk may share theirs. EBADF, EIO.
 */
export function fsidOf(fd: number): string {
  check(nativeFstatfs(fd, statfsResult), "fstatfs");
  return fsidAt(statfsResult, 56);
}
