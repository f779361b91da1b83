import assert from "node:assert/strict";
import { chmodSync, chownSync, mkdirSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type FsError, O_PATH, O_RDONLY } from "@kedgefs/core";
import { runAs } from "./identity.ts";
import { MNT_DETACH, mount, umount2 } from "./mount.ts";
import { close, O_NOFOLLOW, openat } from "./open.ts";
import { asAnybody, asRoot, asRootWith, temporaryFolder } from "./testing/temporary-folder.ts";
import {
  getxattr,
  listxattr,
  parseXattrNames,
  removexattr,
  setxattr,
  XATTR_CREATE,
  XATTR_REPLACE,
  xattrListBytesMax,
  xattrValueBytesMax,
} from "./xattrs.ts";

const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);
const openPath = (name: string): number => openat(folder.fd, name, O_PATH | O_NOFOLLOW);
const nobody = { uid: 65534, gid: 65534, groups: [], pid: 0 };

function hasUserAttributes(): boolean {
  try {
    setxattr(folder.fd, "user.kedgefs-test", Buffer.alloc(0), 0);
    removexattr(folder.fd, "user.kedgefs-test");
    return true;
  } catch (error) {
    assert.equal((error as FsError).code, "EOPNOTSUPP");
    return false;
  }
}

const missing = !hasUserAttributes() && `needs user attributes at ${folder.path}`;
const withUser = { ...asAnybody, skip: missing };
const withUserAsRoot = { ...asRoot, skip: missing || asRoot.skip };
const withTrusted = asRootWith("CAP_SYS_ADMIN");
const withoutGuard = asRootWith("CAP_SYS_ADMIN", "CAP_SETFCAP", "CAP_SETUID", "CAP_SETGID");

function get(fd: number, name: Uint8Array | string): Buffer {
  const value = Buffer.alloc(getxattr(fd, name, Buffer.alloc(0)));
  assert.equal(getxattr(fd, name, value), value.length);
  return value;
}

function list(fd: number): string[] {
  const names = Buffer.alloc(listxattr(fd, Buffer.alloc(0)));
  assert.equal(listxattr(fd, names), names.length);
  return parseXattrNames(names, names.length).map((name) => name.toString("latin1"));
}

/** The names that somebody here set: a security module may add its own. */
const listOwn = (fd: number): string[] =>
  list(fd)
    .filter((name) => /^(user|trusted)\./.test(name))
    .sort();

for (const [kind, flags] of [
  ["an O_PATH descriptor", O_PATH],
  ["a real descriptor", O_RDONLY],
] as const) {
  test(`attributes of ${kind} are set, read, listed and removed`, withUser, () => {
    writeFileSync(at("file"), "");
    const fd = openat(folder.fd, "file", flags);
    assert.deepEqual(listOwn(fd), []);
    setxattr(fd, "user.one", Buffer.from([0, 0xff, 0]), 0);
    setxattr(fd, Buffer.from("user.\xff\xfe", "latin1"), new Uint8Array(0), 0);
    assert.deepEqual(get(fd, "user.one"), Buffer.from([0, 0xff, 0]));
    assert.deepEqual(get(fd, Buffer.from("user.\xff\xfe", "latin1")), Buffer.alloc(0));
    assert.deepEqual(listOwn(fd), ["user.one", "user.\xff\xfe"]);
    removexattr(fd, "user.one");
    removexattr(fd, Buffer.from("user.\xff\xfe", "latin1"));
    assert.deepEqual(listOwn(fd), []);
    close(fd);
  });
}

test("attributes of a directory and of a file without a name", withUser, () => {
  mkdirSync(at("directory"));
  writeFileSync(at("unlinked"), "");
  for (const name of ["directory", "unlinked"]) {
    const fd = openPath(name);
    if (name === "unlinked") unlinkSync(at(name));
    setxattr(fd, "user.x", Buffer.from(name), 0);
    assert.equal(get(fd, "user.x").toString(), name);
    close(fd);
  }
});

test("a symbolic link's own descriptor leads to the link: user attributes are EPERM there", withUser, () => {
  writeFileSync(at("target"), "");
  symlinkSync("target", at("link"));
  const [target, link] = [openPath("target"), openPath("link")];
  setxattr(target, "user.x", Buffer.from("target"), 0);
  assert.throws(() => setxattr(link, "user.x", Buffer.from("link"), 0), { code: "EPERM", message: "setxattr: EPERM" });
  assert.throws(() => getxattr(link, "user.x", Buffer.alloc(8)), { code: "ENODATA" });
  assert.throws(() => removexattr(link, "user.x"), { code: "EPERM" });
  assert.deepEqual(listOwn(link), []);
  close(target);
  close(link);
});

test("a symbolic link has trusted attributes of its own", withTrusted, () => {
  writeFileSync(at("trusted-target"), "");
  symlinkSync("trusted-target", at("trusted-link"));
  const [target, link] = [openPath("trusted-target"), openPath("trusted-link")];
  setxattr(link, "trusted.kedgefs-test", Buffer.from("link"), 0);
  assert.equal(get(link, "trusted.kedgefs-test").toString(), "link");
  assert.deepEqual(listOwn(link), ["trusted.kedgefs-test"]);
  assert.deepEqual(listOwn(target), []);
  removexattr(link, "trusted.kedgefs-test");
  assert.deepEqual(listOwn(link), []);
  close(target);
  close(link);
});

test("XATTR_CREATE refuses what is there, XATTR_REPLACE what is not", withUser, () => {
  writeFileSync(at("flags"), "");
  const fd = openPath("flags");
  assert.throws(() => setxattr(fd, "user.x", Buffer.from("1"), XATTR_REPLACE), { code: "ENODATA" });
  setxattr(fd, "user.x", Buffer.from("1"), XATTR_CREATE);
  assert.throws(() => setxattr(fd, "user.x", Buffer.from("2"), XATTR_CREATE), { code: "EEXIST" });
  setxattr(fd, "user.x", Buffer.from("33"), XATTR_REPLACE);
  assert.equal(get(fd, "user.x").toString(), "33");
  assert.throws(() => setxattr(fd, "user.x", Buffer.from("4"), 4), { code: "EINVAL" });
  close(fd);
});

test("what is too small, too long, missing or no name has its own errno", withUser, () => {
  writeFileSync(at("errors"), "");
  const fd = openPath("errors");
  setxattr(fd, "user.x", Buffer.from("12345"), 0);
  assert.throws(() => getxattr(fd, "user.x", Buffer.alloc(4)), { code: "ERANGE" });
  const larger = Buffer.alloc(8, "-");
  assert.equal(getxattr(fd, "user.x", larger), 5);
  assert.equal(larger.toString(), "12345---");
  assert.throws(() => listxattr(fd, Buffer.alloc(6)), { code: "ERANGE" });
  assert.ok(listxattr(fd, Buffer.alloc(xattrListBytesMax)) >= 7);
  assert.throws(() => getxattr(fd, "user.none", larger), { code: "ENODATA" });
  assert.throws(() => removexattr(fd, "user.none"), { code: "ENODATA" });
  assert.throws(() => getxattr(fd, "nowhere.x", larger), { code: "EOPNOTSUPP" });
  assert.throws(() => getxattr(fd, "", larger), { code: "ERANGE" });
  setxattr(fd, `user.${"n".repeat(250)}`, Buffer.alloc(1), 0);
  assert.throws(() => setxattr(fd, `user.${"n".repeat(251)}`, Buffer.alloc(1), 0), { code: "ERANGE" });
  assert.throws(() => getxattr(fd, "user.a\0b", larger), { code: "EINVAL" });
  assert.throws(() => setxattr(fd, "user.x", Buffer.alloc(xattrValueBytesMax + 1), 0), { code: "E2BIG" });
  close(fd);
  assert.throws(() => getxattr(fd, "user.x", larger), { code: "ENOENT" });
  assert.throws(() => listxattr(-1, larger), { code: "ENOENT" });
});

test("a value of 64 KiB passes whole", withTrusted, () => {
  // ext4 has no room for as much.
  mkdirSync(at("tmpfs"));
  mount("none", at("tmpfs"), "tmpfs", 0, "size=1m");
  try {
    const fd = openPath("tmpfs");
    const value = Buffer.alloc(xattrValueBytesMax, "0123456789abcde");
    setxattr(fd, "trusted.large", value, 0);
    assert.deepEqual(get(fd, "trusted.large"), value);
    close(fd);
  } finally {
    umount2(at("tmpfs"), MNT_DETACH);
  }
});

test("permission is the caller's, for user attributes and ACLs", withUserAsRoot, () => {
  writeFileSync(at("private"), "");
  chownSync(at("private"), 0, 0);
  const fd = openPath("private");
  setxattr(fd, "user.x", Buffer.from("1"), 0);
  const value = Buffer.alloc(8);
  // struct posix_acl_xattr_header and three entries (linux/posix_acl_xattr.h): u::rw-, g::r--, o::r--.
  const acl = Buffer.from("0200000001000600ffffffff04000400ffffffff20000400ffffffff", "hex");
  chmodSync(at("private"), 0o600);
  runAs(nobody, () => {
    assert.throws(() => getxattr(fd, "user.x", value), { code: "EACCES" });
    assert.throws(() => setxattr(fd, "user.x", value, 0), { code: "EACCES" });
    assert.throws(() => removexattr(fd, "user.x"), { code: "EACCES" });
    assert.throws(() => setxattr(fd, "system.posix_acl_access", acl, 0), { code: "EPERM" });
    assert.ok(list(fd).includes("user.x"));
  });
  chmodSync(at("private"), 0o604);
  runAs(nobody, () => {
    assert.equal(getxattr(fd, "user.x", value), 1);
    assert.throws(() => setxattr(fd, "user.x", value, 0), { code: "EACCES" });
  });
  chmodSync(at("private"), 0o606);
  runAs(nobody, () => setxattr(fd, "user.x", Buffer.from("22"), 0));
  assert.equal(get(fd, "user.x").toString(), "22");
  close(fd);
});

test("runAs does not guard the namespaces trusted and security: who serves others must", withoutGuard, () => {
  writeFileSync(at("unguarded"), "", { mode: 0o600 });
  const fd = openPath("unguarded");
  runAs(nobody, () => {
    setxattr(fd, "trusted.kedgefs-test", Buffer.from("1"), 0);
    assert.ok(list(fd).includes("trusted.kedgefs-test"));
    // struct vfs_cap_data, revision 2 (linux/capability.h), with CAP_NET_RAW permitted.
    setxattr(fd, "security.capability", Buffer.from("0000000200200000000000000000000000000000", "hex"), 0);
    removexattr(fd, "security.capability");
  });
  close(fd);
});

test("parseXattrNames copies the names, and no list has none", () => {
  const bytes = Buffer.from("user.a\0user.\xff\0left over\0", "latin1");
  const names = parseXattrNames(bytes, 14);
  bytes.fill(0);
  assert.deepEqual(
    names.map((name) => name.toString("latin1")),
    ["user.a", "user.\xff"],
  );
  assert.deepEqual(parseXattrNames(bytes, 0), []);
});
