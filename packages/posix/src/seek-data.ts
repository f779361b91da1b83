import { lseek, SEEK_DATA, SEEK_HOLE } from "./directory.ts";

/**
 * lseek(2) with SEEK_DATA: where data starts at or after `offset`. Moves the descriptor's position, which pread and
 * pwrite don't look at. A file system without holes says `offset` itself. ENXIO (no data follows, or `offset` is at the
 * end of the file or past it), EINVAL, EBADF, ESPIPE.
 */
export function seekData(fd: number, offset: bigint): bigint {
  return lseek(fd, offset, SEEK_DATA);
}

/**
 * lseek(2) with SEEK_HOLE, likewise: where a hole starts at or after `offset`; the end of the file counts as one. ENXIO
 * (`offset` is at the end of the file or past it), EINVAL, EBADF, ESPIPE.
 */
export function seekHole(fd: number, offset: bigint): bigint {
  return lseek(fd, offset, SEEK_HOLE);
}
