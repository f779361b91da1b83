import { FsError } from "@kedgefs/core";
import { check, libc, type Native } from "./library.ts";

/** Requests of ioctl on 64-bit machines. Source: linux/fs.h. */
export const FS_IOC_GETFLAGS = 0x80086601;
export const FS_IOC_SETFLAGS = 0x40086602;
export const FS_IOC_FSGETXATTR = 0x801c581f;
export const FS_IOC_FSSETXATTR = 0x401c5820;

/** Some of the flags, those of chattr(1)'s i, a, d, A and j. Source: linux/fs.h. */
export const FS_IMMUTABLE_FL = 0x10;
export const FS_APPEND_FL = 0x20;
export const FS_NODUMP_FL = 0x40;
export const FS_NOATIME_FL = 0x80;
export const FS_JOURNAL_DATA_FL = 0x4000;

/** Bytes of struct fsxattr. */
export const fsxattrBytes = 28;

const nativeIoctl: Native<[number, number, Buffer]> = libc.func(
  "int ioctl(int fd, unsigned long request, uint8_t *argument)",
);

// The requests are coded for a long, but all file systems read and write an int. A long is what must be there.
const flagsBytes = Buffer.alloc(8);

/**
 * FS_IOC_GETFLAGS of ioctl_iflags(2): FS_*_FL bits. `fd` is open for anything but O_PATH (EBADF), so a symbolic link
 * has no way here. ENOTTY or EOPNOTSUPP (the file system has no flags).
 */
export function getInodeFlags(fd: number): number {
  check(nativeIoctl(fd, FS_IOC_GETFLAGS, flagsBytes), "FS_IOC_GETFLAGS");
  return flagsBytes.readUInt32LE(0);
}

/**
 * FS_IOC_SETFLAGS of ioctl_iflags(2), likewise: takes all FS_*_FL bits, so that who changes one gets them first. EPERM
 * (the thread's fsuid is not the owner, or has no CAP_LINUX_IMMUTABLE for FS_IMMUTABLE_FL and FS_APPEND_FL), EOPNOTSUPP
 * (a flag that the file system has not), EINVAL, EROFS, EBADF, ENOTTY.
 *
 * `runAs` leaves CAP_SYS_RESOURCE to the thread, which is all that ext4 asks for its FS_JOURNAL_DATA_FL
 * (ext4_ioctl_setflags in fs/ext4/ioctl.c).
 */
export function setInodeFlags(fd: number, flags: number): void {
  flagsBytes.fill(0);
  flagsBytes.writeUInt32LE(flags >>> 0, 0);
  check(nativeIoctl(fd, FS_IOC_SETFLAGS, flagsBytes), "FS_IOC_SETFLAGS");
}

const fsxattr = Buffer.alloc(fsxattrBytes);

/**
 * FS_IOC_FSGETXATTR of linux/fs.h: a copy of struct fsxattr, five 32-bit words and 8 bytes of
 * padding: xflags (FS_XFLAG_*), extsize, nextents, projid, cowextsize. `fd` and errno as for getInodeFlags.
 */
export function getFsxattr(fd: number): Buffer {
  check(nativeIoctl(fd, FS_IOC_FSGETXATTR, fsxattr), "FS_IOC_FSGETXATTR");
  return Buffer.from(fsxattr);
}

/**
 * FS_IOC_FSSETXATTR, likewise: takes all of the struct, 28 bytes (EINVAL for another length). The kernel ignores
 * nextents. EPERM as for setInodeFlags, EINVAL (an extent size or project that cannot be), EOPNOTSUPP, EROFS, EBADF,
 * ENOTTY.
 */
export function setFsxattr(fd: number, bytes: Uint8Array): void {
  if (bytes.length !== fsxattrBytes) throw new FsError("EINVAL", `struct fsxattr has 28 bytes, not ${bytes.length}`);
  fsxattr.set(bytes);
  check(nativeIoctl(fd, FS_IOC_FSSETXATTR, fsxattr), "FS_IOC_FSSETXATTR");
}
