import assert from "node:assert/strict";
import { chmodSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { O_CREAT, O_EXCL, O_PATH, O_RDONLY, O_RDWR, O_WRONLY } from "@kedgefs/core";
import { runAs } from "./identity.ts";
import { pwrite } from "./io.ts";
import { linkFd } from "./names.ts";
import { close, O_TMPFILE, openat, openat2, RESOLVE_BENEATH, reopenFd } from "./open.ts";
import { fstatx } from "./stat.ts";
import { asAnybody, asRoot, temporaryFolder } from "./testing/temporary-folder.ts";

const folder = temporaryFolder();
mkdirSync(join(folder.path, "dir"));
chmodSync(join(folder.path, "dir"), 0o777);
const unnamed = (flags: number, mode = 0o604): number =>
  openat2(folder.fd, "dir", { flags: O_TMPFILE | flags, mode, resolve: RESOLVE_BENEATH });

test("openat2 makes a file without a name, which linkFd names with what is in it", asAnybody, async () => {
  const fd = unnamed(O_RDWR);
  assert.deepEqual(readdirSync(join(folder.path, "dir")), []);
  assert.equal(fstatx(fd).attr.nlink, 0);
  assert.equal(fstatx(fd).attr.mode & 0o777, 0o604 & ~process.umask());
  await pwrite(fd, Buffer.from("data"), 0n);
  linkFd(fd, folder.fd, "named");
  assert.equal(readFileSync(join(folder.path, "named"), "latin1"), "data");
  assert.throws(() => linkFd(fd, folder.fd, "named"), { code: "EEXIST" });
  linkFd(fd, folder.fd, "named-again");
  assert.equal(fstatx(fd).attr.nlink, 2);
  close(fd);
});

test("a second descriptor of an unnamed file can name it too", asAnybody, () => {
  const fd = unnamed(O_WRONLY);
  const path = reopenFd(fd, O_PATH);
  close(fd);
  linkFd(path, folder.fd, "by-path");
  assert.equal(fstatx(path).attr.nlink, 1);
  close(path);
});

test("with O_EXCL the file never gets a name", asAnybody, () => {
  const fd = unnamed(O_RDWR | O_EXCL);
  assert.throws(() => linkFd(fd, folder.fd, "never"), { code: "ENOENT" });
  close(fd);
});

test("O_TMPFILE wants writing (EINVAL) and a directory (ENOTDIR)", asAnybody, () => {
  assert.throws(() => unnamed(O_RDONLY), { code: "EINVAL" });
  close(openat(folder.fd, "plain", O_CREAT | O_WRONLY, 0o600));
  assert.throws(() => openat(folder.fd, "plain", O_TMPFILE | O_RDWR, 0o600), { code: "ENOTDIR" });
});

test("a caller makes and names its own, where it may write, whoever opened the descriptor", asRoot, () => {
  const nobody = { uid: 65534, gid: 65534, groups: [], pid: 0 };
  const directory = openat(folder.fd, "dir", O_PATH);
  chmodSync(folder.path, 0o755);
  const fd = runAs(nobody, () => unnamed(O_RDWR));
  const path = reopenFd(fd, O_PATH);
  assert.deepEqual([fstatx(fd).attr.uid, fstatx(fd).attr.gid], [nobody.uid, nobody.gid]);
  runAs(nobody, () => {
    assert.throws(() => openat(folder.fd, ".", O_TMPFILE | O_RDWR, 0o600), { code: "EACCES" });
    assert.throws(() => linkFd(fd, folder.fd, "of-nobody"), { code: "EACCES" });
    linkFd(fd, directory, "own");
    linkFd(path, directory, "own-again");
  });
  const another = runAs(nobody, () => unnamed(O_RDWR));
  const anotherPath = reopenFd(another, O_PATH);
  runAs(nobody, () => linkFd(anotherPath, directory, "by-root's-descriptor"));
  assert.equal(fstatx(another).attr.nlink, 1);
  for (const each of [fd, path, another, anotherPath, directory]) close(each);
});
