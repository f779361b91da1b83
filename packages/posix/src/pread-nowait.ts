import koffi from "koffi";
import { checkOffset, fsErrorFromErrno, lastErrno, libc, type Native } from "./library.ts";

const nativePreadv2: Native<[number, Buffer, number, bigint, number], number | bigint> = libc.func(
  "int64_t preadv64v2(int fd, const uint8_t *vector, int count, int64_t offset, int flags)",
);

/** Source: linux/fs.h. */
const RWF_NOWAIT = 0x8;
const EAGAIN = 11;
const EOPNOTSUPP = 95;

/** struct iovec of readv(2): address and length. */
const vector = Buffer.alloc(16);
const vectorView = new DataView(vector.buffer, vector.byteOffset, vector.length);

/** What the vector points to. Held here because the address alone keeps nothing from being collected. */
const held: { buffer: Uint8Array | undefined } = { buffer: undefined };

/**
 * preadv2(2) with RWF_NOWAIT: reads what is in memory already, on this thread, without waiting for a disk. Undefined
 * where nothing at `offset` is in memory, or the file system cannot tell, or the descriptor is a directory's. Fewer
 * bytes than `buffer` has may mean that the rest is not in memory; 0 means the end of the file. EBADF, EIO.
 */
export function preadNowait(fd: number, buffer: Uint8Array, offset: bigint): number | undefined {
  checkOffset(offset, "preadv2");
  // An empty read says nothing about the end, so it must not look like it.
  if (buffer.length === 0) return undefined;
  held.buffer = buffer;
  vectorView.setBigUint64(0, koffi.address(buffer), true);
  vectorView.setBigUint64(8, BigInt(buffer.length), true);
  const count = nativePreadv2(fd, vector, 1, offset, RWF_NOWAIT);
  held.buffer = undefined;
  if (count >= 0) return Number(count);
  const errno = lastErrno();
  if (errno === EAGAIN || errno === EOPNOTSUPP) return undefined;
  throw fsErrorFromErrno(errno, "preadv2");
}
