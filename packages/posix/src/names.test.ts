import assert from "node:assert/strict";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { O_CREAT, O_PATH, O_RDWR, RENAME_EXCHANGE, RENAME_NOREPLACE, S_IFCHR, S_IFIFO, S_IFREG } from "@kedgefs/core";
import { AT_REMOVEDIR } from "./at-flags.ts";
import { encodeDevice } from "./device-number.ts";
import { runAs } from "./identity.ts";
import { linkFd, mkdirat, mknodat, readlinkFd, renameat2, symlinkat, unlinkat } from "./names.ts";
import { close, O_NOFOLLOW, O_TMPFILE, openat } from "./open.ts";
import { fstatx } from "./stat.ts";
import { asAnybody, asRoot, asRootWith, temporaryFolder } from "./testing/temporary-folder.ts";

const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);
const openPath = (name: string | Uint8Array): number => openat(folder.fd, name, O_PATH | O_NOFOLLOW);

test("mkdirat and unlinkat take bytes that are not UTF-8", asAnybody, () => {
  const name = Buffer.from([0xe9, 0x80, 0xff]);
  mkdirat(folder.fd, name, 0o751);
  const entries = readdirSync(folder.path, { encoding: "buffer" });
  assert.ok(entries.some((entry) => name.equals(entry)));
  const fd = openPath(name);
  assert.equal(fstatx(fd).attr.mode & 0o777, 0o751 & ~process.umask());
  close(fd);
  assert.throws(() => mkdirat(folder.fd, name, 0o700), { code: "EEXIST" });
  assert.throws(() => unlinkat(folder.fd, name, 0), { code: "EISDIR" });
  unlinkat(folder.fd, name, AT_REMOVEDIR);
  assert.throws(() => unlinkat(folder.fd, name, AT_REMOVEDIR), { code: "ENOENT" });
});

test("rmdir says ENOTEMPTY and ENOTDIR", asAnybody, () => {
  mkdirSync(at("full/inner"), { recursive: true });
  assert.throws(() => unlinkat(folder.fd, "full", AT_REMOVEDIR), { code: "ENOTEMPTY" });
  writeFileSync(at("plain"), "");
  assert.throws(() => unlinkat(folder.fd, "plain", AT_REMOVEDIR), { code: "ENOTDIR" });
});

test("mknodat makes a file and a fifo", asAnybody, () => {
  mknodat(folder.fd, "fifo", S_IFIFO | 0o600, 0);
  assert.ok(lstatSync(at("fifo")).isFIFO());
  mknodat(folder.fd, "regular", S_IFREG | 0o600, 0);
  assert.ok(lstatSync(at("regular")).isFile());
});

test("mknodat makes a device with all bits of its number", asRootWith("CAP_MKNOD"), () => {
  const rdev = encodeDevice(0x123, 0x45678);
  mknodat(folder.fd, "device", S_IFCHR | 0o600, rdev);
  const fd = openPath("device");
  assert.equal(fstatx(fd).attr.rdev, rdev);
  assert.equal(lstatSync(at("device")).isCharacterDevice(), true);
  close(fd);
});

test("symlinkat and readlinkFd keep any bytes up to 4,095", asAnybody, () => {
  const longest = Buffer.alloc(4095, 0x61);
  for (const [name, target] of [
    ["bytes", Buffer.from([0xff, 0x2f, 0xfe])],
    ["longest", longest],
  ] as const) {
    symlinkat(target, folder.fd, name);
    const fd = openPath(name);
    assert.deepEqual(readlinkFd(fd), target);
    close(fd);
  }
  assert.throws(() => symlinkat("", folder.fd, "empty"), { code: "ENOENT" });
  assert.throws(() => symlinkat(Buffer.alloc(4096, 0x61), folder.fd, "too-long"), { code: "ENAMETOOLONG" });
  assert.throws(() => readlinkFd(folder.fd), { code: "EINVAL" });
  assert.throws(() => readlinkFd(-1), { code: "EBADF" });
});

test("renameat2 refuses to replace, and exchanges", asAnybody, () => {
  writeFileSync(at("one"), "1");
  writeFileSync(at("two"), "22");
  const rename = (flags: number): void => renameat2(folder.fd, "one", folder.fd, Buffer.from("two"), flags);
  assert.throws(() => rename(RENAME_NOREPLACE), { code: "EEXIST" });
  rename(RENAME_EXCHANGE);
  assert.equal(lstatSync(at("one")).size, 2);
  rename(0);
  assert.equal(lstatSync(at("two")).size, 2);
  assert.throws(() => rename(0), { code: "ENOENT" });
});

test("linkFd gives a file another name, and says EEXIST and EPERM", asAnybody, () => {
  writeFileSync(at("linked"), "");
  const fd = openPath("linked");
  linkFd(fd, folder.fd, Buffer.from([0xff, 0x01]));
  assert.equal(fstatx(fd).attr.nlink, 2);
  assert.throws(() => linkFd(fd, folder.fd, "linked"), { code: "EEXIST" });
  assert.throws(() => linkFd(folder.fd, folder.fd, "directory"), { code: "EPERM" });
  close(fd);
});

test("linkFd of a symbolic link's own descriptor links the link", asAnybody, () => {
  symlinkSync("nowhere", at("symlink"));
  const fd = openPath("symlink");
  linkFd(fd, folder.fd, "symlink-2");
  assert.equal(fstatx(fd).attr.nlink, 2);
  assert.equal(readlinkSync(at("symlink-2")), "nowhere");
  close(fd);
});

test("linkFd of an inode without a name is ENOENT, of an unnamed new file it names it", asAnybody, () => {
  writeFileSync(at("deleted"), "");
  const deleted = openPath("deleted");
  unlinkSync(at("deleted"));
  assert.throws(() => linkFd(deleted, folder.fd, "undeleted"), { code: "ENOENT" });
  close(deleted);
  const unnamed = openat(folder.fd, ".", O_TMPFILE | O_RDWR, 0o600);
  linkFd(unnamed, folder.fd, "named");
  assert.equal(fstatx(unnamed).attr.nlink, 1);
  close(unnamed);
});

test("linkFd needs no capability: a caller links its own file and symbolic link", asRoot, () => {
  const nobody = { uid: 65534, gid: 65534, groups: [], pid: 0 };
  mkdirSync(at("open"));
  chmodSync(at("open"), 0o777);
  const directory = openat(folder.fd, "open", O_PATH);
  const fileFd = runAs(nobody, () => {
    symlinkat("nowhere", directory, "link");
    return openat(directory, "file", O_CREAT | O_RDWR, 0o600);
  });
  const filePath = openat(directory, "file", O_PATH);
  const linkPath = openat(directory, "link", O_PATH | O_NOFOLLOW);
  runAs(nobody, () => {
    linkFd(filePath, directory, "file-2");
    linkFd(linkPath, directory, "link-2");
  });
  assert.equal(fstatx(fileFd).attr.nlink, 2);
  assert.equal(fstatx(linkPath).attr.nlink, 2);
  for (const fd of [fileFd, filePath, linkPath, directory]) close(fd);
});
