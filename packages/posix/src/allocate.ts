import { checkOffset, libc, type Native } from "./library.ts";
import { callAsync } from "./native-async.ts";

/** Modes of fallocate. Source: linux/falloc.h. */
export const FALLOC_FL_KEEP_SIZE = 0x01;
/** Only together with FALLOC_FL_KEEP_SIZE. */
export const FALLOC_FL_PUNCH_HOLE = 0x02;
export const FALLOC_FL_COLLAPSE_RANGE = 0x08;
export const FALLOC_FL_ZERO_RANGE = 0x10;
export const FALLOC_FL_INSERT_RANGE = 0x20;
export const FALLOC_FL_UNSHARE_RANGE = 0x40;

const nativeFallocate: Native<[number, number, bigint, bigint]> = libc.func(
  "int fallocate64(int fd, int mode, int64_t offset, int64_t length)",
);

/**
 * fallocate(2) off the event loop, on a descriptor that is open for writing. `mode` is 0 (space, and a larger size
 * where the range ends past it) or FALLOC_FL_* bits; `length` is at least 1. It is done as the process, so a file that
 * the process may leave so keeps its set-user-ID bit. EOPNOTSUPP (the file system or the kernel has no such mode),
 * EINVAL (also where collapse and insert are not at blocks, or reach the end), EBADF, EFBIG, ENOSPC, EDQUOT, EPERM (the
 * file is immutable, or append-only and to be changed), ENODEV (no regular file), ESPIPE, ETXTBSY, EINTR, EIO.
 */
export async function fallocate(fd: number, mode: number, offset: bigint, length: bigint): Promise<void> {
  checkOffset(offset, "fallocate");
  checkOffset(length, "fallocate");
  await callAsync("fallocate", nativeFallocate, fd, mode, offset, length);
}
