import type { Attr, DirEntry, StatFs, Timespec } from "@kedgefs/core";

/** Elements of the arrays that fuse-native.c reads a struct stat and a struct statvfs from (populate_stat, populate_statvfs). */
export const statArrayLength = 18;
export const statfsArrayLength = 11;

const uint32Max = 0xffff_ffffn;

/** A struct stat for fuse-native.c: 32 bits each; size, blocks and times (milliseconds) as a low and a high half. */
export function statArrayFromAttr(attr: Attr): Uint32Array {
  const stat = new Uint32Array(statArrayLength);
  stat[0] = attr.mode;
  stat[1] = attr.uid;
  stat[2] = attr.gid;
  setHalves(stat, 3, attr.size);
  stat[6] = attr.nlink;
  stat[7] = inodeNumber32(attr.ino);
  stat[8] = attr.rdev;
  stat[9] = attr.blksize;
  setHalves(stat, 10, attr.blocks);
  setHalves(stat, 12, shownMs(attr.atime));
  setHalves(stat, 14, shownMs(attr.mtime));
  setHalves(stat, 16, shownMs(attr.ctime));
  return stat;
}

/** What a listing tells of an entry: its type and its inode number. */
export function statArrayFromDirEntry(entry: DirEntry): Uint32Array {
  const stat = new Uint32Array(statArrayLength);
  stat[0] = entry.type << 12;
  stat[7] = inodeNumber32(entry.ino);
  return stat;
}

/**
 * An inode number in the 32 bits that the binding carries. One number always gives the same, so hard links still agree; small
 * ones stay as they are, large ones are mixed (Knuth's multiplicative hash, 64-bit golden ratio). 0 would hide an entry from
 * readdir(3), and 2^32-1 is libfuse's "unknown"; neither is given.
 */
export function inodeNumber32(ino: bigint): number {
  const folded = ino < uint32Max ? ino : BigInt.asUintN(64, ino * 0x9e37_79b9_7f4a_7c15n) >> 32n;
  if (folded === 0n) return 1;
  return folded === uint32Max ? 0xffff_fffe : Number(folded);
}

/**
 * A struct statvfs for fuse-native.c. Its counts have 32 bits, which at 4 KiB is 16 TiB: the unit grows until all counts fit,
 * so that df(1) stays right to within one unit.
 */
export function statfsArrayFromStatFs(statfs: StatFs): Uint32Array {
  let shift = 0n;
  while (statfs.blocks >> shift > uint32Max || statfs.bfree >> shift > uint32Max) shift += 1n;
  const array = new Uint32Array(statfsArrayLength);
  array[0] = statfs.bsize;
  array[1] = Number(clamped(BigInt(statfs.frsize) << shift));
  array[2] = Number(statfs.blocks >> shift);
  array[3] = Number(statfs.bfree >> shift);
  array[4] = Number(clamped(statfs.bavail >> shift));
  array[5] = Number(clamped(statfs.files));
  array[6] = Number(clamped(statfs.ffree));
  array[7] = Number(clamped(statfs.ffree));
  array[10] = statfs.namelen;
  return array;
}

function clamped(count: bigint): bigint {
  return count > uint32Max ? uint32Max : count;
}

/** The binding divides unsigned milliseconds, so a time before 1970 cannot be shown: it is shown as 1970. */
function shownMs(time: Timespec): bigint {
  const ms = BigInt(time.sec) * 1000n + BigInt(Math.floor(time.nsec / 1_000_000));
  return ms < 0n ? 0n : ms;
}

function setHalves(array: Uint32Array, index: number, value: bigint): void {
  array[index] = Number(value & uint32Max);
  array[index + 1] = Number(value >> 32n);
}
