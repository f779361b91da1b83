import { check, fsErrorFromErrno, lastErrno, libc, type Native } from "./library.ts";
import { syscallNumbers } from "./syscall-numbers.ts";

/** An entry of a directory as the kernel tells it; `offset` is where to lseek to go on after it. */
export interface Dent {
  readonly ino: bigint;
  readonly offset: bigint;
  /** DT_* of readdir(3); DT_UNKNOWN (0) where the file system does not say. */
  readonly type: number;
  readonly name: Buffer;
}

/** Where lseek counts from. Source: linux/fs.h. */
export const SEEK_SET = 0;
export const SEEK_CUR = 1;
export const SEEK_END = 2;
export const SEEK_DATA = 3;
export const SEEK_HOLE = 4;

const nativeLseek: Native<[number, bigint, number], number | bigint> = libc.func(
  "int64_t lseek64(int fd, int64_t offset, int whence)",
);
const nativeGetdents64: Native<[number, number, Uint8Array, number]> = libc.func("syscall", "long", [
  "long",
  "int",
  "uint8_t *",
  "uint32_t",
]);

const int64Min = -(2n ** 63n);
const int64Max = 2n ** 63n - 1n;

/**
 * lseek(2): returns the new position. On a directory `offset` is 0 or a Dent's. ENXIO (nothing follows, for SEEK_DATA
 * and SEEK_HOLE), EINVAL, ESPIPE.
 */
export function lseek(fd: number, offset: bigint, whence: number): bigint {
  if (offset < int64Min || offset > int64Max) throw fsErrorFromErrno(22, "lseek");
  const position = nativeLseek(fd, offset, whence);
  // Offsets in a directory are hashes, and some file systems hand out negative ones; only -1 is an error.
  if (position === -1) throw fsErrorFromErrno(lastErrno(), "lseek");
  return BigInt(position);
}

/**
 * getdents64(2): fills `buffer` with entries from the descriptor's position on and returns how many bytes they take, 0
 * at the end. EINVAL (too small for one entry), ENOTDIR, ENOENT (the directory was removed).
 */
export function getdents64(fd: number, buffer: Uint8Array): number {
  return check(nativeGetdents64(syscallNumbers.getdents64, fd, buffer, buffer.length), "getdents64");
}

/** Offsets in struct linux_dirent64 (linux/dirent.h): ino, offset, record length, type, name. */
const nameAt = 19;

/** The entries in the first `length` bytes of what getdents64 filled. The names are copies and share one allocation. */
export function parseDents(buffer: Uint8Array, length: number): Dent[] {
  const view = new DataView(buffer.buffer, buffer.byteOffset, length);
  const dents: Dent[] = [];
  const names = Buffer.allocUnsafeSlow(namesBytes(view));
  let used = 0;
  for (let at = 0; at < length; at += view.getUint16(at + 16, true)) {
    const start = used;
    const end = nameEnd(view, at);
    for (let from = at + nameAt; from < end; from++) names[used++] = view.getUint8(from);
    dents.push({
      ino: view.getBigUint64(at, true),
      offset: view.getBigInt64(at + 8, true),
      type: view.getUint8(at + 18),
      name: names.subarray(start, used),
    });
  }
  return dents;
}

/**
 * Where the name of the record at `at` ends. Its NUL is among the last eight bytes; what follows the NUL is left over.
 */
function nameEnd(view: DataView, at: number): number {
  let end = Math.max(at + nameAt, at + view.getUint16(at + 16, true) - 8);
  while (view.getUint8(end) !== 0) end++;
  return end;
}

function namesBytes(view: DataView): number {
  let sum = 0;
  for (let at = 0; at < view.byteLength; at += view.getUint16(at + 16, true)) sum += nameEnd(view, at) - at - nameAt;
  return sum;
}
