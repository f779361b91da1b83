import assert from "node:assert/strict";
import { test } from "node:test";
import { type Attr, S_IFIFO } from "@kedgefs/core";
import { bigIntStatsFromAttr, bigIntStatsFsFrom, statsFromAttr, statsFsFrom } from "./stats.ts";
import { setTimeFrom, setTimeFromExact } from "./times.ts";

const attr: Attr = {
  ino: 2n ** 63n + 1n,
  mode: S_IFIFO | 0o640,
  nlink: 3,
  uid: 1,
  gid: 2,
  rdev: 0,
  size: 2n ** 60n + 1n,
  blocks: 8n,
  blksize: 4096,
  atime: { sec: 1, nsec: 500_000_000 },
  mtime: { sec: -1, nsec: 999_999_999 },
  ctime: { sec: 1_700_000_000, nsec: 123_456_789 },
  btime: { sec: 0, nsec: 0 },
};

test("big stats are exact", () => {
  const stats = bigIntStatsFromAttr(attr);
  assert.equal(stats.ino, attr.ino);
  assert.equal(stats.size, attr.size);
  assert.equal(stats.atimeNs, 1_500_000_000n);
  assert.equal(stats.mtimeNs, -1n);
  assert.equal(stats.mtimeMs, -1n);
  assert.equal(stats.ctimeNs, 1_700_000_000_123_456_789n);
  assert.equal(stats.isFIFO(), true);
  assert.equal(stats.isFile(), false);
});

test("stats are numbers, milliseconds and dates", () => {
  const stats = statsFromAttr(attr);
  assert.equal(stats.atimeMs, 1500);
  assert.equal(stats.atime.getTime(), 1500);
  assert.equal(stats.mode & 0o777, 0o640);
  assert.equal(stats.nlink, 3);
});

test("file system counts are in blocks of bsize", () => {
  const counts = { blocks: 100n, bfree: 50n, bavail: 40n, files: 10n, ffree: 5n };
  const statFs = { ...counts, bsize: 8192, frsize: 4096, namelen: 255 };
  const { blocks, bfree, bavail, bsize } = bigIntStatsFsFrom(statFs);
  assert.deepEqual({ blocks, bfree, bavail, bsize }, { blocks: 50n, bfree: 25n, bavail: 20n, bsize: 8192n });
  assert.equal(statsFsFrom(statFs).bavail, 20);
});

test("times are taken as seconds, text, dates and exact nanoseconds", () => {
  assert.deepEqual(setTimeFrom(1.5), { sec: 1, nsec: 500_000_000, now: false });
  assert.deepEqual(setTimeFrom("7"), { sec: 7, nsec: 0, now: false });
  assert.deepEqual(setTimeFrom(new Date(2500)), { sec: 2, nsec: 500_000_000, now: false });
  assert.deepEqual(setTimeFrom(-0.5), { sec: -1, nsec: 500_000_000, now: false });
  assert.throws(() => setTimeFrom("soon"), { code: "EINVAL" });
  assert.deepEqual(setTimeFromExact(-1n), { sec: -1, nsec: 999_999_999, now: false });
  assert.equal(setTimeFromExact("omit"), undefined);
  assert.equal(setTimeFromExact("now")?.now, true);
});
