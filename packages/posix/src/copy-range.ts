import { checkOffset, libc, type Native } from "./library.ts";
import { callAsync } from "./native-async.ts";

const nativeCopyFileRange: Native<[number, Buffer, number, Buffer, bigint, number], number | bigint> = libc.func(
  "int64_t copy_file_range(int fdIn, int64_t *offsetIn, int fdOut, int64_t *offsetOut, size_t length, uint32_t flags)",
);

/**
 * copy_file_range(2) off the event loop: copies up to `length` bytes within the kernel, where file systems can by
 * sharing the blocks, and returns how many. Fewer may be copied at any place (one call copies 2 GiB less a page at most
 * where blocks are not shared); 0 means that `offsetIn` is at the end of the file or past it. The positions of the
 * descriptors stay. A call holds a pool thread for as long as it copies, so a server bounds `length`. Done as the
 * process, like fallocate. EBADF (not open for reading or writing, or O_APPEND on `fdOut`), EINVAL (no regular file,
 * ranges of one file that overlap, or `flags` other than 0), EISDIR, EXDEV (different file systems that cannot),
 * EOVERFLOW, EFBIG, ENOSPC, EDQUOT, EPERM (immutable), ETXTBSY, EIO, EOPNOTSUPP.
 */
export async function copyFileRange(
  fdIn: number,
  offsetIn: bigint,
  fdOut: number,
  offsetOut: bigint,
  length: bigint,
  flags = 0,
): Promise<number> {
  checkOffset(offsetIn, "copy_file_range");
  checkOffset(offsetOut, "copy_file_range");
  checkOffset(length, "copy_file_range");
  // The kernel writes the new offsets here, so each call needs its own.
  const [from, to] = [int64(offsetIn), int64(offsetOut)];
  return await callAsync("copy_file_range", nativeCopyFileRange, fdIn, from, fdOut, to, length, flags);
}

function int64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(value);
  return bytes;
}
