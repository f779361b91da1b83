import assert from "node:assert/strict";
import { type BigIntStats, lstatSync, statfsSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { O_PATH, type Timespec } from "@kedgefs/core";
import { AT_FDCWD } from "./at-flags.ts";
import { utimensFd } from "./attributes.ts";
import { decodeDevice, encodeDevice } from "./device-number.ts";
import { close, O_NOFOLLOW, openat } from "./open.ts";
import { fstatfs, fstatx } from "./stat.ts";
import { asAnybody, temporaryFolder } from "./testing/temporary-folder.ts";

const folder = temporaryFolder();
const billion = 1_000_000_000n;
const nanoseconds = ({ sec, nsec }: Timespec): bigint => BigInt(sec) * billion + BigInt(nsec);

function assertLikeLstat(path: string): void {
  const fd = openat(AT_FDCWD, path, O_PATH | O_NOFOLLOW);
  const { attr, devMajor, devMinor } = fstatx(fd);
  const stats: BigIntStats = lstatSync(path, { bigint: true });
  close(fd);
  assert.equal(attr.ino, stats.ino);
  assert.equal(BigInt(attr.mode), stats.mode);
  assert.equal(BigInt(attr.nlink), stats.nlink);
  assert.equal(BigInt(attr.uid), stats.uid);
  assert.equal(BigInt(attr.gid), stats.gid);
  assert.equal(attr.size, stats.size);
  assert.equal(attr.blocks, stats.blocks);
  assert.equal(BigInt(attr.blksize), stats.blksize);
  assert.equal(nanoseconds(attr.atime), stats.atimeNs);
  assert.equal(nanoseconds(attr.mtime), stats.mtimeNs);
  assert.equal(nanoseconds(attr.ctime), stats.ctimeNs);
  assert.equal(nanoseconds(attr.btime), stats.birthtimeNs);
  // For these small numbers glibc's form, which Node tells, is the kernel's.
  assert.equal(BigInt(attr.rdev), stats.rdev);
  assert.equal(BigInt(encodeDevice(devMajor, devMinor)), stats.dev);
}

test("fstatx of an O_PATH descriptor tells what lstat tells", asAnybody, () => {
  writeFileSync(join(folder.path, "file"), "some bytes");
  symlinkSync("nowhere", join(folder.path, "link"));
  writeFileSync(join(folder.path, "large"), "");
  truncateSync(join(folder.path, "large"), 2 ** 40 + 1);
  for (const name of ["file", "link", "large", "."]) assertLikeLstat(join(folder.path, name));
  assertLikeLstat("/dev/null");
  assertLikeLstat("/proc");
});

test("times before 1970 have negative seconds and positive nanoseconds", asAnybody, () => {
  const fd = openat(folder.fd, "file", O_PATH);
  utimensFd(fd, { sec: -1, nsec: 999_999_999, now: false }, { sec: -1_000_000_000, nsec: 1, now: false });
  const { attr } = fstatx(fd);
  close(fd);
  assert.deepEqual(attr.atime, { sec: -1, nsec: 999_999_999 });
  assert.deepEqual(attr.mtime, { sec: -1_000_000_000, nsec: 1 });
  assertLikeLstat(join(folder.path, "file"));
});

test("fstatx tells mounts apart and knows their roots", asAnybody, () => {
  const [root, proc] = [openat(AT_FDCWD, "/", O_PATH), openat(AT_FDCWD, "/proc", O_PATH)];
  const [rootStat, procStat, inner] = [fstatx(root), fstatx(proc), fstatx(folder.fd)];
  close(root);
  close(proc);
  assert.equal(rootStat.mountRoot, true);
  assert.equal(procStat.mountRoot, true);
  assert.equal(inner.mountRoot, false);
  assert.notEqual(rootStat.mountId, procStat.mountId);
});

test("fstatx of a closed descriptor is EBADF", asAnybody, () => {
  assert.throws(() => fstatx(-1), { code: "EBADF" });
});

test("device numbers keep all 12 and 20 bits", asAnybody, () => {
  for (const [major, minor] of [
    [1, 3],
    [0xfff, 0xfffff],
    [8, 256],
    [259, 0x12345],
  ] as const) {
    assert.deepEqual(decodeDevice(encodeDevice(major, minor)), { major, minor });
  }
  assert.equal(encodeDevice(1, 3), 0x103);
  assert.equal(encodeDevice(8, 256), 0x100800);
  assert.equal(encodeDevice(0xfff, 0xfffff), 0xffffffff);
});

test("fstatfs of an O_PATH descriptor tells what statfs tells", asAnybody, () => {
  const fd = openat(AT_FDCWD, "/proc", O_PATH);
  assert.equal(fstatfs(fd).namelen, 255);
  close(fd);
  assert.throws(() => fstatfs(fd), { code: "EBADF" });
  const ours = fstatfs(folder.fd);
  const theirs = statfsSync(folder.path, { bigint: true });
  assert.equal(ours.blocks, theirs.blocks);
  assert.equal(ours.files, theirs.files);
  assert.equal(BigInt(ours.bsize), theirs.bsize);
  assert.equal(ours.frsize, ours.bsize);
  assert.ok(ours.bavail <= ours.bfree && ours.bfree <= ours.blocks && ours.ffree <= ours.files);
});
