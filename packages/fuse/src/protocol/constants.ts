/**
 * The numbers of the FUSE kernel protocol that this driver uses. Source: linux/fuse.h; the names are the header's, less the
 * FUSE_ prefix. All integers travel in the byte order of the machine; the driver takes little-endian machines only.
 */

export const KERNEL_VERSION = 7;
/** The newest minor version whose structures are laid out as this driver writes them (7.39 has FUSE_DIRECT_IO_ALLOW_MMAP). */
export const KERNEL_MINOR_VERSION = 39;
/** Linux 5.4 speaks 7.31; everything that the driver relies on without a flag is in it. */
export const KERNEL_MINOR_VERSION_MIN = 31;

export const ROOT_ID = 1;

/** Bytes of struct fuse_in_header and struct fuse_out_header. */
export const IN_HEADER_BYTES = 40;
export const OUT_HEADER_BYTES = 16;
/** Bytes of struct fuse_attr, fuse_entry_out, fuse_attr_out, fuse_open_out and of fuse_dirent before its name. */
export const ATTR_BYTES = 88;
export const ENTRY_OUT_BYTES = 40 + ATTR_BYTES;
export const ATTR_OUT_BYTES = 16 + ATTR_BYTES;
export const OPEN_OUT_BYTES = 16;
export const IOCTL_OUT_BYTES = 16;
export const STATX_OUT_BYTES = 32 + 256;
export const DIRENT_BYTES = 24;
/** Bytes of struct fuse_init_out from 7.23 on. */
export const INIT_OUT_BYTES = 64;

/** The kernel reads only into buffers that have this room beside max_write (fuse_in_header and fuse_write_in are 80 bytes). */
export const REQUEST_ROOM_BYTES = 4096;

export const opcodeNumbers = {
  LOOKUP: 1,
  FORGET: 2,
  GETATTR: 3,
  SETATTR: 4,
  READLINK: 5,
  SYMLINK: 6,
  MKNOD: 8,
  MKDIR: 9,
  UNLINK: 10,
  RMDIR: 11,
  RENAME: 12,
  LINK: 13,
  OPEN: 14,
  READ: 15,
  WRITE: 16,
  STATFS: 17,
  RELEASE: 18,
  FSYNC: 20,
  SETXATTR: 21,
  GETXATTR: 22,
  LISTXATTR: 23,
  REMOVEXATTR: 24,
  FLUSH: 25,
  INIT: 26,
  OPENDIR: 27,
  READDIR: 28,
  RELEASEDIR: 29,
  FSYNCDIR: 30,
  GETLK: 31,
  SETLK: 32,
  SETLKW: 33,
  ACCESS: 34,
  CREATE: 35,
  INTERRUPT: 36,
  BMAP: 37,
  DESTROY: 38,
  IOCTL: 39,
  POLL: 40,
  NOTIFY_REPLY: 41,
  BATCH_FORGET: 42,
  FALLOCATE: 43,
  READDIRPLUS: 44,
  RENAME2: 45,
  LSEEK: 46,
  COPY_FILE_RANGE: 47,
  SETUPMAPPING: 48,
  REMOVEMAPPING: 49,
  SYNCFS: 50,
  TMPFILE: 51,
  STATX: 52,
  COPY_FILE_RANGE_64: 53,
} as const;

export type OpcodeName = keyof typeof opcodeNumbers;

/** Flags of INIT, bits 0–31 (`flags` of fuse_init_in and fuse_init_out). */
export const init = {
  ASYNC_READ: 1 << 0,
  POSIX_LOCKS: 1 << 1,
  ATOMIC_O_TRUNC: 1 << 3,
  BIG_WRITES: 1 << 5,
  DONT_MASK: 1 << 6,
  FLOCK_LOCKS: 1 << 10,
  AUTO_INVAL_DATA: 1 << 12,
  DO_READDIRPLUS: 1 << 13,
  ASYNC_DIO: 1 << 15,
  PARALLEL_DIROPS: 1 << 18,
  HANDLE_KILLPRIV: 1 << 19,
  POSIX_ACL: 1 << 20,
  MAX_PAGES: 1 << 22,
  HANDLE_KILLPRIV_V2: 1 << 28,
  INIT_EXT: 1 << 30,
} as const;

/** Flags of INIT, bits 32–63, as they stand in `flags2`. */
export const init2 = {
  DIRECT_IO_ALLOW_MMAP: 1 << (36 - 32),
} as const;

/** Bits of `valid` in fuse_setattr_in. */
export const fattr = {
  MODE: 1 << 0,
  UID: 1 << 1,
  GID: 1 << 2,
  SIZE: 1 << 3,
  ATIME: 1 << 4,
  MTIME: 1 << 5,
  FH: 1 << 6,
  ATIME_NOW: 1 << 7,
  MTIME_NOW: 1 << 8,
} as const;

/**
 * Commands of ioctl on 64-bit machines (linux/fs.h). From Linux 5.13 on the kernel sends them for a handle that it opens for that
 * alone, a directory's too (fuse_priv_ioctl in fs/fuse/ioctl.c).
 */
export const FS_IOC_GETFLAGS = 0x80086601;
export const FS_IOC_SETFLAGS = 0x40086602;
export const FS_IOC_FSGETXATTR = 0x801c581f;
export const FS_IOC_FSSETXATTR = 0x401c5820;
/** Bytes of struct fsxattr. */
export const FSXATTR_BYTES = 28;

export const GETATTR_FH = 1 << 0;
export const FSYNC_FDATASYNC = 1 << 0;
/** In `write_flags` of fuse_write_in: dirty pages that are written back, not a call of write(2). */
export const WRITE_CACHE = 1 << 0;

/** Bits of statx's mask: what every file system has, and the birth time (linux/stat.h). */
export const STATX_BASIC_STATS = 0x7ff;
export const STATX_BTIME = 0x800;

/** Bits of `open_flags` in fuse_open_out. */
export const FOPEN_DIRECT_IO = 1 << 0;

/** In `lk_flags` of fuse_lk_in. */
export const LK_FLOCK = 1 << 0;
/** `type` of fuse_file_lock (asm-generic/fcntl.h). */
export const lockTypes = { read: 0, write: 1, unlock: 2 } as const;

/** The protocol of Linux 6.16, which brought NOTIFY_INC_EPOCH; there is no flag for it. */
export const EPOCH_MINOR_VERSION = 44;

/** Codes of notifications: `error` of a fuse_out_header whose `unique` is 0. */
export const NOTIFY_INVAL_INODE = 2;
export const NOTIFY_INVAL_ENTRY = 3;
/** No body. */
export const NOTIFY_INC_EPOCH = 8;
