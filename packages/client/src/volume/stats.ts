import type { BigIntStats, BigIntStatsFs, Stats, StatsFs } from "node:fs";
import {
  type Attr,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  S_IFSOCK,
  type StatFs,
  type Timespec,
} from "@kedgefs/core";

const nsPerMs = 1_000_000;

const nsOf = ({ sec, nsec }: Timespec): bigint => BigInt(sec) * 1_000_000_000n + BigInt(nsec);
const msOf = ({ sec, nsec }: Timespec): number => sec * 1000 + nsec / nsPerMs;
const dateOf = (time: Timespec): Date => new Date(Math.round(msOf(time)));

/** The questions about the type that node's Stats and Dirent answer. */
export function typePredicates(mode: number) {
  const is = (type: number) => () => (mode & S_IFMT) === type;
  return {
    isFile: is(S_IFREG),
    isDirectory: is(S_IFDIR),
    isSymbolicLink: is(S_IFLNK),
    isFIFO: is(S_IFIFO),
    isSocket: is(S_IFSOCK),
    isCharacterDevice: is(S_IFCHR),
    isBlockDevice: is(S_IFBLK),
  };
}

const datesOf = ({ atime, mtime, ctime, btime }: Attr) => ({
  atime: dateOf(atime),
  mtime: dateOf(mtime),
  ctime: dateOf(ctime),
  birthtime: dateOf(btime),
});

/** Attributes in the shape of node's Stats. `dev` is 0: a volume is one device, and has no number. */
export function statsFromAttr(attr: Attr): Stats {
  const { mode, nlink, uid, gid, rdev, blksize, atime, mtime, ctime, btime } = attr;
  return {
    ...typePredicates(mode),
    ...{ dev: 0, mode, nlink, uid, gid, rdev, blksize },
    ...{ ino: Number(attr.ino), size: Number(attr.size), blocks: Number(attr.blocks) },
    ...{ atimeMs: msOf(atime), mtimeMs: msOf(mtime), ctimeMs: msOf(ctime), birthtimeMs: msOf(btime) },
    ...datesOf(attr),
  };
}

/** Attributes in the shape of node's BigIntStats, exact to the nanosecond. */
export function bigIntStatsFromAttr(attr: Attr): BigIntStats {
  const { ino, mode, nlink, uid, gid, rdev, size, blocks, blksize, atime, mtime, ctime, btime } = attr;
  const ns = { atimeNs: nsOf(atime), mtimeNs: nsOf(mtime), ctimeNs: nsOf(ctime), birthtimeNs: nsOf(btime) };
  return {
    ...typePredicates(mode),
    ...{ dev: 0n, ino, size, blocks, mode: BigInt(mode), nlink: BigInt(nlink), uid: BigInt(uid), gid: BigInt(gid) },
    ...{ rdev: BigInt(rdev), blksize: BigInt(blksize) },
    ...ns,
    atimeMs: floorDivide(ns.atimeNs),
    mtimeMs: floorDivide(ns.mtimeNs),
    ctimeMs: floorDivide(ns.ctimeNs),
    birthtimeMs: floorDivide(ns.birthtimeNs),
    ...datesOf(attr),
  };
}

function floorDivide(ns: bigint): bigint {
  const ms = ns / BigInt(nsPerMs);
  return ns < 0n && ns % BigInt(nsPerMs) !== 0n ? ms - 1n : ms;
}

/** node's StatFs counts blocks in units of `bsize`, and leaves out the longest name. `type` is 0: a volume has no magic. */
export function bigIntStatsFsFrom({ blocks, bfree, bavail, files, ffree, bsize, frsize }: StatFs): BigIntStatsFs {
  const inBsize = (count: bigint) => (count * BigInt(frsize)) / BigInt(bsize);
  const counts = { blocks: inBsize(blocks), bfree: inBsize(bfree), bavail: inBsize(bavail) };
  return { type: 0n, bsize: BigInt(bsize), ...counts, files, ffree } as BigIntStatsFs;
}

export function statsFsFrom(statFs: StatFs): StatsFs {
  const exact = Object.entries(bigIntStatsFsFrom(statFs)) as [keyof StatsFs, bigint][];
  return Object.fromEntries(exact.map(([field, value]) => [field, Number(value)])) as unknown as StatsFs;
}
