import assert from "node:assert/strict";
import {
  chownSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { O_PATH, O_RDONLY, O_RDWR, type SetTime } from "@kedgefs/core";
import {
  chmodByProc,
  chmodFd,
  chownFd,
  faccessFd,
  ftruncate,
  truncateFd,
  utimensFd,
  utimensFdByProc,
} from "./attributes.ts";
import { runAs } from "./identity.ts";
import { close, O_NOFOLLOW, openat } from "./open.ts";
import { fstatx } from "./stat.ts";
import { asAnybody, asRoot, temporaryFolder } from "./testing/temporary-folder.ts";

const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);

/** A new file and a new symbolic link to it, both as O_PATH descriptors of their own. */
function withFileAndLink(use: (fileFd: number, linkFd: number) => void): void {
  writeFileSync(at("file"), "0123456789", { mode: 0o644 });
  try {
    symlinkSync("file", at("link"));
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, "EEXIST");
  }
  const fds = [openat(folder.fd, "file", O_PATH), openat(folder.fd, "link", O_PATH | O_NOFOLLOW)] as const;
  try {
    use(...fds);
  } finally {
    for (const fd of fds) close(fd);
  }
}

for (const [way, chmod] of [
  ["fchmodat2 or what stands in for it", chmodFd],
  ["/proc/self/fd", chmodByProc],
] as const) {
  test(`chmod by ${way} changes a file and refuses a symbolic link, leaving its target alone`, asAnybody, () => {
    withFileAndLink((fileFd, linkFd) => {
      chmod(fileFd, 0o1751);
      assert.equal(fstatx(fileFd).attr.mode & 0o7777, 0o1751);
      const linkMode = fstatx(linkFd).attr.mode;
      assert.throws(() => chmod(linkFd, 0o600), { code: "EOPNOTSUPP" });
      assert.equal(fstatx(linkFd).attr.mode, linkMode);
      assert.equal(fstatx(fileFd).attr.mode & 0o7777, 0o1751);
      chmod(fileFd, 0o644);
      assert.throws(
        () => chmod(-1, 0o644),
        (error: { code?: string }) => /^(EBADF|ENOENT)$/.test(error.code ?? ""),
      );
    });
  });
}

test("chownFd changes a file or the symbolic link itself, and -1 leaves an id", asRoot, () => {
  withFileAndLink((fileFd, linkFd) => {
    chownSync(at("file"), 0, 0);
    lchownSync(at("link"), 0, 0);
    chownFd(linkFd, 1234, 4321);
    assert.deepEqual([fstatx(linkFd).attr.uid, fstatx(linkFd).attr.gid], [1234, 4321]);
    assert.deepEqual([fstatx(fileFd).attr.uid, fstatx(fileFd).attr.gid], [0, 0]);
    chownFd(fileFd, -1, 7);
    chownFd(fileFd, 60_000, -1);
    assert.deepEqual([fstatx(fileFd).attr.uid, fstatx(fileFd).attr.gid], [60_000, 7]);
  });
});

test("an id outside 32 bits is EINVAL and never root", asAnybody, () => {
  withFileAndLink((fileFd) => {
    for (const id of [2 ** 32, -2, 1.5, Number.NaN]) {
      assert.throws(() => chownFd(fileFd, id, -1), { code: "EINVAL" });
      assert.throws(() => chownFd(fileFd, -1, id), { code: "EINVAL" });
    }
  });
});

const time = (sec: number, nsec: number): SetTime => ({ sec, nsec, now: false });
const now: SetTime = { sec: 5, nsec: 5, now: true };

for (const [way, utimens] of [
  ["AT_EMPTY_PATH", utimensFd],
  ["/proc/self/fd", utimensFdByProc],
] as const) {
  test(`utimens by ${way} sets exact nanoseconds on a file and on a symbolic link itself`, asAnybody, () => {
    withFileAndLink((fileFd, linkFd) => {
      utimens(fileFd, time(1_000_000_000, 123_456_789), time(2_000_000_000, 999_999_999));
      utimens(linkFd, time(-1, 1), time(-1_000_000_000, 999_999_999));
      const [file, link] = [fstatx(fileFd).attr, fstatx(linkFd).attr];
      assert.deepEqual(file.atime, { sec: 1_000_000_000, nsec: 123_456_789 });
      assert.deepEqual(file.mtime, { sec: 2_000_000_000, nsec: 999_999_999 });
      assert.deepEqual(link.atime, { sec: -1, nsec: 1 });
      assert.deepEqual(link.mtime, { sec: -1_000_000_000, nsec: 999_999_999 });
    });
  });

  test(`utimens by ${way} sets the present and leaves what is undefined`, asAnybody, () => {
    withFileAndLink((fileFd) => {
      utimens(fileFd, time(10, 20), time(30, 40));
      utimens(fileFd, undefined, now);
      const { atime, mtime } = fstatx(fileFd).attr;
      assert.deepEqual(atime, { sec: 10, nsec: 20 });
      assert.ok(Math.abs(mtime.sec - Date.now() / 1000) < 60);
      utimens(fileFd, time(50, 60), undefined);
      assert.deepEqual(fstatx(fileFd).attr.atime, { sec: 50, nsec: 60 });
      assert.deepEqual(fstatx(fileFd).attr.mtime, mtime);
      utimens(fileFd, undefined, undefined);
      assert.deepEqual(fstatx(fileFd).attr.mtime, mtime);
    });
  });
}

test("nanoseconds outside a second are EINVAL, those that mean now and omit included", asAnybody, () => {
  withFileAndLink((fileFd) => {
    utimensFd(fileFd, time(10, 20), time(30, 40));
    for (const nsec of [-1, 1_000_000_000, 0x3fffffff, 0x3ffffffe, 0.5]) {
      assert.throws(() => utimensFd(fileFd, time(1, nsec), undefined), { code: "EINVAL" });
    }
    assert.throws(() => utimensFd(fileFd, time(2 ** 53, 0), undefined), { code: "EINVAL" });
    assert.deepEqual(fstatx(fileFd).attr.atime, { sec: 10, nsec: 20 });
    assert.throws(() => utimensFd(-1, now, now), { code: "EBADF" });
  });
});

test("truncateFd works by an O_PATH descriptor, ftruncate by one for writing", asAnybody, () => {
  withFileAndLink((fileFd) => {
    truncateFd(fileFd, 3n);
    assert.equal(readFileSync(at("file"), "latin1"), "012");
    truncateFd(fileFd, 2n ** 40n);
    assert.equal(fstatx(fileFd).attr.size, 2n ** 40n);
    const fd = openat(folder.fd, "file", O_RDWR);
    ftruncate(fd, 5n);
    assert.equal(readFileSync(at("file"), "latin1"), "012\0\0");
    close(fd);
    const readOnly = openat(folder.fd, "file", O_RDONLY);
    assert.throws(() => ftruncate(readOnly, 0n), { code: "EINVAL" });
    close(readOnly);
    assert.throws(() => truncateFd(fileFd, -1n), { code: "EINVAL" });
    assert.throws(() => truncateFd(fileFd, 2n ** 63n), { code: "EINVAL" });
    assert.throws(() => truncateFd(fileFd, 2n ** 64n), { code: "EINVAL" });
    assert.equal(statSync(at("file")).size, 5);
  });
});

test("truncateFd of a directory is EISDIR", asAnybody, () => {
  mkdirSync(at("directory"));
  const fd = openat(folder.fd, "directory", O_PATH);
  assert.throws(() => truncateFd(fd, 0n), { code: "EISDIR" });
  close(fd);
});

test("faccessFd finds a file", asAnybody, () => {
  withFileAndLink((fileFd, linkFd) => {
    faccessFd(fileFd, 0);
    faccessFd(fileFd, 4);
    faccessFd(linkFd, 4);
    chmodFd(fileFd, 0o600);
    assert.throws(() => faccessFd(fileFd, 1), { code: "EACCES" });
    assert.throws(() => faccessFd(fileFd, 64), { code: "EINVAL" });
  });
});

test("permission is the caller's: access, chmod, chown, utimens, truncate", asRoot, () => {
  const nobody = { uid: 65534, gid: 65534, groups: [], pid: 0 };
  withFileAndLink((fileFd, linkFd) => {
    chownSync(at("file"), 0, 0);
    chmodFd(fileFd, 0o604);
    runAs(nobody, () => {
      faccessFd(fileFd, 4);
      assert.throws(() => faccessFd(fileFd, 2), { code: "EACCES" });
      assert.throws(() => chmodFd(fileFd, 0o666), { code: "EPERM" });
      assert.throws(() => chmodByProc(fileFd, 0o666), { code: "EPERM" });
      assert.throws(() => chownFd(fileFd, 65534, -1), { code: "EPERM" });
      assert.throws(() => chownFd(linkFd, 65534, -1), { code: "EPERM" });
      assert.throws(() => utimensFd(fileFd, now, now), { code: "EACCES" });
      assert.throws(() => utimensFd(fileFd, time(1, 1), undefined), { code: "EPERM" });
      assert.throws(() => truncateFd(fileFd, 0n), { code: "EACCES" });
    });
    chmodFd(fileFd, 0o606);
    runAs(nobody, () => {
      utimensFd(fileFd, now, now);
      truncateFd(fileFd, 1n);
    });
    assert.equal(lstatSync(at("file")).size, 1);
  });
});
