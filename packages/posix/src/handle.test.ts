import assert from "node:assert/strict";
import { mkdirSync, renameSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type FsError, O_PATH, O_RDONLY, rootCaller } from "@kedgefs/core";
import { AT_FDCWD } from "./at-flags.ts";
import { nameToHandleAt, openByHandleAt } from "./handle.ts";
import { runAs } from "./identity.ts";
import { readlinkFd } from "./names.ts";
import { close, O_NOFOLLOW, openat } from "./open.ts";
import { fstatx } from "./stat.ts";
import { asAnybody, temporaryFolder } from "./testing/temporary-folder.ts";

const folder = temporaryFolder();

/** Whether this machine lets us, and the temporary folder's file system can: a skip names what it said. */
function handlesSkip(): string | false {
  try {
    const { type, bytes } = nameToHandleAt(folder.fd);
    close(openByHandleAt(folder.fd, type, bytes, O_PATH));
    return false;
  } catch (error) {
    const { code, message } = error as FsError;
    if (code !== "EPERM" && code !== "EOPNOTSUPP") throw error;
    return code === "EPERM"
      ? "needs CAP_DAC_READ_SEARCH"
      : `needs handles of the file system at ${folder.path}: ${message}`;
  }
}

const withHandles = { ...asAnybody, skip: handlesSkip() };
const withoutPrivilege = {
  ...asAnybody,
  skip: String(withHandles.skip).startsWith("needs handles") && withHandles.skip,
};

function handleOf(name: string): ReturnType<typeof nameToHandleAt> {
  const fd = openat(folder.fd, name, O_PATH | O_NOFOLLOW);
  const handle = nameToHandleAt(fd);
  close(fd);
  return handle;
}

test(
  "an inode has one handle by an O_PATH and a normal descriptor, and copies stay as they are",
  withoutPrivilege,
  () => {
    writeFileSync(join(folder.path, "a"), "");
    writeFileSync(join(folder.path, "b"), "");
    const handle = handleOf("a");
    const fd = openat(folder.fd, "a", O_RDONLY);
    assert.deepEqual(nameToHandleAt(fd), handle);
    close(fd);
    const copy = Buffer.from(handle.bytes);
    assert.notDeepEqual(handleOf("b"), handle);
    assert.deepEqual(handle.bytes, copy);
  },
);

test("a file system without handles is EOPNOTSUPP", asAnybody, () => {
  const fd = openat(AT_FDCWD, "/proc/self/status", O_PATH);
  assert.throws(() => nameToHandleAt(fd), { code: "EOPNOTSUPP" });
  close(fd);
});

test("a handle leads to its inode after a rename: file, directory and symbolic link", withHandles, () => {
  writeFileSync(join(folder.path, "file"), "");
  mkdirSync(join(folder.path, "directory"));
  symlinkSync("target", join(folder.path, "link"));
  for (const name of ["file", "directory", "link"]) {
    const handle = handleOf(name);
    const { ino } = fstatx(folder.fd).attr;
    renameSync(join(folder.path, name), join(folder.path, `renamed-${name}`));
    const fd = openByHandleAt(folder.fd, handle.type, handle.bytes, O_PATH);
    assert.deepEqual(nameToHandleAt(fd), handle);
    assert.notEqual(fstatx(fd).attr.ino, ino);
    if (name === "link") assert.equal(readlinkFd(fd).toString(), "target");
    close(fd);
  }
});

test("the handle of a deleted file is ESTALE, also after another file took its name", withHandles, () => {
  writeFileSync(join(folder.path, "gone"), "");
  const handle = handleOf("gone");
  unlinkSync(join(folder.path, "gone"));
  assert.throws(() => openByHandleAt(folder.fd, handle.type, handle.bytes, O_PATH), { code: "ESTALE" });
  writeFileSync(join(folder.path, "gone"), "");
  assert.throws(() => openByHandleAt(folder.fd, handle.type, handle.bytes, O_PATH), { code: "ESTALE" });
});

test("bytes that are no handle are ESTALE or EINVAL, and an O_PATH descriptor names no mount", withHandles, () => {
  const { type, bytes } = handleOf("a");
  assert.throws(() => openByHandleAt(folder.fd, type, Buffer.alloc(bytes.length, 0xee), O_PATH), { code: "ESTALE" });
  assert.throws(() => openByHandleAt(folder.fd, type, Buffer.alloc(129), O_PATH), { code: "EINVAL" });
  assert.throws(() => openByHandleAt(folder.fd, type, Buffer.alloc(0), O_PATH), { code: "EINVAL" });
  const path = openat(AT_FDCWD, folder.path, O_PATH);
  assert.throws(() => openByHandleAt(path, type, bytes, O_PATH), { code: "EBADF" });
  close(path);
});

test("openByHandleAt is EPERM while running as another than root, and works for root within", withHandles, () => {
  const { type, bytes } = nameToHandleAt(folder.fd);
  const nobody = { uid: 65534, gid: 65534, groups: [], pid: 0 };
  runAs(nobody, () => {
    assert.throws(() => openByHandleAt(folder.fd, type, bytes, O_PATH), { code: "EPERM" });
    runAs(rootCaller, () => close(openByHandleAt(folder.fd, type, bytes, O_PATH)));
  });
});
