import assert from "node:assert/strict";
import { chmodSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { FsError, O_APPEND, O_PATH, O_RDONLY, O_WRONLY } from "@kedgefs/core";
import { chownFd } from "./attributes.ts";
import { pipe } from "./descriptor.ts";
import { runAs } from "./identity.ts";
import {
  FS_APPEND_FL,
  FS_IMMUTABLE_FL,
  FS_NODUMP_FL,
  fsxattrBytes,
  getFsxattr,
  getInodeFlags,
  setFsxattr,
  setInodeFlags,
} from "./inode-flags.ts";
import { close, O_NOFOLLOW, openat } from "./open.ts";
import { asAnybody, asRoot, asRootWith, temporaryFolder } from "./testing/temporary-folder.ts";

const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);
const nobody = { uid: 65534, gid: 65534, groups: [], pid: 0 };

function newFile(name: string): number {
  writeFileSync(at(name), "");
  return openat(folder.fd, name, O_RDONLY);
}

/** FS_XFLAG_NODUMP of linux/fs.h. */
const FS_XFLAG_NODUMP = 0x80;

function lacks(get: (fd: number) => unknown): boolean {
  try {
    get(folder.fd);
    return false;
  } catch (error) {
    if (!(error instanceof FsError) || !/^(ENOTTY|EOPNOTSUPP)$/.test(error.code)) throw error;
    return true;
  }
}

const noFlags = lacks(getInodeFlags) && `needs inode flags at ${folder.path}`;
const noFsxattr = lacks(getFsxattr) && `needs FS_IOC_FSGETXATTR at ${folder.path}`;
const withFlags = { ...asAnybody, skip: noFlags };
const withFsxattr = { ...asAnybody, skip: noFsxattr };
const asOther = { ...asRoot, skip: noFlags || asRoot.skip };
const asImmutable = asRootWith("CAP_LINUX_IMMUTABLE");
const withImmutable = { ...asImmutable, skip: noFlags || asImmutable.skip };

/** Some file systems have flags, but not this one. */
function set(t: TestContext, fd: number, flags: number): boolean {
  try {
    setInodeFlags(fd, flags);
    return true;
  } catch (error) {
    if (!(error instanceof FsError) || error.code !== "EOPNOTSUPP") throw error;
    t.skip(`needs the flag 0x${flags.toString(16)} at ${folder.path}`);
    return false;
  }
}

test("a flag is set and taken away, the others stay", withFlags, (t) => {
  const fd = newFile("flagged");
  const before = getInodeFlags(fd);
  if (set(t, fd, before | FS_NODUMP_FL)) {
    assert.equal(getInodeFlags(fd), before | FS_NODUMP_FL);
    setInodeFlags(fd, before);
    assert.equal(getInodeFlags(fd), before);
  }
  close(fd);
});

test("an append-only file can only be appended to", withImmutable, (t) => {
  const fd = newFile("append-only");
  const before = getInodeFlags(fd);
  if (set(t, fd, before | FS_APPEND_FL)) {
    try {
      assert.throws(() => openat(folder.fd, "append-only", O_WRONLY), { code: "EPERM" });
      close(openat(folder.fd, "append-only", O_WRONLY | O_APPEND));
    } finally {
      setInodeFlags(fd, before);
    }
  }
  close(fd);
});

test("a flag is the owner's to change, and immutable is nobody's without its capability", asOther, () => {
  const fd = newFile("of-root");
  chmodSync(at("of-root"), 0o666);
  const before = getInodeFlags(fd);
  runAs(nobody, () => {
    assert.equal(getInodeFlags(fd), before);
    assert.throws(() => setInodeFlags(fd, before | FS_NODUMP_FL), { code: "EPERM", message: /^FS_IOC_SETFLAGS: / });
    assert.throws(() => setFsxattr(fd, getFsxattr(fd)), { code: "EPERM" });
  });
  chownFd(fd, nobody.uid, nobody.gid);
  runAs(nobody, () => {
    for (const flag of [FS_IMMUTABLE_FL, FS_APPEND_FL]) {
      assert.throws(() => setInodeFlags(fd, before | flag), { code: "EPERM" });
    }
    setInodeFlags(fd, before | FS_NODUMP_FL);
  });
  assert.equal(getInodeFlags(fd), before | FS_NODUMP_FL);
  close(fd);
});

test("struct fsxattr comes and goes whole", withFsxattr, () => {
  const fd = newFile("fsxattr");
  const before = getFsxattr(fd);
  assert.equal(before.length, fsxattrBytes);
  const changed = Buffer.from(before);
  changed.writeUInt32LE((before.readUInt32LE(0) | FS_XFLAG_NODUMP) >>> 0, 0);
  setFsxattr(fd, changed);
  assert.equal(getFsxattr(fd).readUInt32LE(0), changed.readUInt32LE(0));
  assert.notEqual(before.readUInt32LE(0), changed.readUInt32LE(0));
  assert.equal(getInodeFlags(fd) & FS_NODUMP_FL, FS_NODUMP_FL);
  setFsxattr(fd, before);
  assert.deepEqual(getFsxattr(fd), before);
  assert.throws(() => setFsxattr(fd, before.subarray(1)), { code: "EINVAL" });
  assert.throws(() => setFsxattr(fd, Buffer.alloc(29)), { code: "EINVAL" });
  close(fd);
});

test("what has no flags says so: EBADF for O_PATH, ENOTTY for a pipe", asAnybody, () => {
  close(newFile("plain"));
  symlinkSync("plain", at("link"));
  const path = openat(folder.fd, "plain", O_PATH);
  const link = openat(folder.fd, "link", O_PATH | O_NOFOLLOW);
  for (const fd of [path, link, -1]) {
    assert.throws(() => getInodeFlags(fd), { code: "EBADF" });
    assert.throws(() => setInodeFlags(fd, 0), { code: "EBADF" });
    assert.throws(() => getFsxattr(fd), { code: "EBADF" });
    assert.throws(() => setFsxattr(fd, Buffer.alloc(fsxattrBytes)), { code: "EBADF" });
  }
  const { readFd, writeFd } = pipe();
  assert.throws(() => getInodeFlags(readFd), { code: "ENOTTY" });
  assert.throws(() => getFsxattr(readFd), { code: "ENOTTY" });
  for (const fd of [path, link, readFd, writeFd]) close(fd);
});
