import { check, lastErrno, libc, type Native } from "./library.ts";

const nativeRead: Native<[number, Uint8Array, number], number | bigint> = libc.func(
  "int64_t read(int fd, uint8_t *buffer, size_t size)",
);

const EAGAIN = 11;

/**
 * read(2) of a descriptor that is O_NONBLOCK: what one read put into `buffer`, bytes, or undefined where there is nothing now
 * (EAGAIN). Throws the FsError of any other errno.
 */
export function readNow(fd: number, buffer: Uint8Array): number | undefined {
  const count = Number(nativeRead(fd, buffer, buffer.length));
  return count < 0 && lastErrno() === EAGAIN ? undefined : check(count, "read");
}
