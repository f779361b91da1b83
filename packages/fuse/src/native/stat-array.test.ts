import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Attr, StatFs } from "@kedgefs/core";
import { inodeNumber32, statArrayFromAttr, statfsArrayFromStatFs } from "./stat-array.ts";

const zero = { sec: 0, nsec: 0 };
const attr: Attr = {
  ino: 12n,
  mode: 0o100644,
  nlink: 0,
  uid: 4_000_000_000,
  gid: 2,
  rdev: 0x80_0001,
  size: 2n ** 53n + 1n,
  blocks: 2n ** 33n,
  blksize: 4096,
  atime: { sec: 1, nsec: 999_999_999 },
  mtime: { sec: 5_000_000_000, nsec: 0 },
  ctime: { sec: -1, nsec: 0 },
  btime: zero,
};

const joined = (array: Uint32Array, index: number): bigint =>
  BigInt(array[index] ?? 0) + (BigInt(array[index + 1] ?? 0) << 32n);

describe("a struct stat for fuse-native", () => {
  it("keeps sizes past 2^53 exact and a link count of 0", () => {
    const stat = statArrayFromAttr(attr);
    assert.equal(joined(stat, 3), 2n ** 53n + 1n);
    assert.equal(joined(stat, 10), 2n ** 33n);
    assert.deepEqual([stat[0], stat[1], stat[2], stat[6], stat[7], stat[8]], [0o100644, 4e9, 2, 0, 12, 0x80_0001]);
  });

  it("shows times in milliseconds, and those before 1970 as 1970", () => {
    const stat = statArrayFromAttr(attr);
    assert.deepEqual([joined(stat, 12), joined(stat, 14), joined(stat, 16)], [1999n, 5_000_000_000_000n, 0n]);
  });

  it("gives an inode number that never hides an entry", () => {
    assert.equal(inodeNumber32(0n), 1);
    assert.equal(inodeNumber32(0xffff_fffen), 0xffff_fffe);
    assert.notEqual(inodeNumber32(0xffff_ffffn), 0xffff_ffff);
    assert.equal(inodeNumber32(2n ** 53n + 7n), inodeNumber32(2n ** 53n + 7n));
  });

  it("keeps 100,000 large inode numbers in a row apart", () => {
    const seen = new Set<number>();
    for (let i = 0n; i < 100_000n; i++) seen.add(inodeNumber32(2n ** 60n + i));
    assert.ok(seen.size > 99_990, `${seen.size} numbers`);
  });
});

describe("a struct statvfs for fuse-native", () => {
  const statfs: StatFs = {
    blocks: 2n ** 40n,
    bfree: 2n ** 39n,
    bavail: 2n ** 38n,
    files: 2n ** 40n,
    ffree: 5n,
    bsize: 4096,
    frsize: 4096,
    namelen: 255,
  };

  it("grows the unit until 4 PiB fit, and says the same space", () => {
    const array = statfsArrayFromStatFs(statfs);
    const [bsize, frsize = 0, blocks = 0, bfree = 0, bavail = 0, files, ffree] = array;
    assert.equal(BigInt(frsize) * BigInt(blocks), 2n ** 52n);
    assert.equal(BigInt(frsize) * BigInt(bfree), 2n ** 51n);
    assert.equal(BigInt(frsize) * BigInt(bavail), 2n ** 50n);
    assert.deepEqual([bsize, files, ffree, array[10]], [4096, 0xffff_ffff, 5, 255]);
  });

  it("leaves small counts as they are", () => {
    const array = statfsArrayFromStatFs({ ...statfs, blocks: 1000n, bfree: 10n, bavail: 5n });
    assert.deepEqual([...array.slice(1, 5)], [4096, 1000, 10, 5]);
  });
});
