import assert from "node:assert/strict";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { O_CLOEXEC, O_CREAT, O_EXCL, O_PATH, O_RDONLY, O_RDWR, O_WRONLY } from "@kedgefs/core";
import {
  close,
  closeAsync,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_TMPFILE,
  openat,
  openat2,
  RESOLVE_BENEATH,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
  RESOLVE_NO_XDEV,
  reopenFd,
} from "./open.ts";
import { fstatx } from "./stat.ts";
import { asAnybody, temporaryFolder } from "./testing/temporary-folder.ts";

const folder = temporaryFolder();
mkdirSync(join(folder.path, "dir"));
writeFileSync(join(folder.path, "dir/file"), "content");
symlinkSync("dir/file", join(folder.path, "inward"));
symlinkSync("/etc/passwd", join(folder.path, "outward"));

const fdFlags = (fd: number): number =>
  Number.parseInt(/^flags:\s+(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "latin1"))?.[1] ?? "", 8);

test("openat makes a file with its mode and always sets O_CLOEXEC", asAnybody, () => {
  const fd = openat(folder.fd, "made", O_CREAT | O_EXCL | O_RDWR, 0o640);
  assert.equal(fstatx(fd).attr.mode & 0o777, 0o640 & ~process.umask());
  assert.equal(fdFlags(fd) & O_CLOEXEC, O_CLOEXEC);
  assert.throws(() => openat(folder.fd, "made", O_CREAT | O_EXCL | O_RDWR, 0o640), { code: "EEXIST", name: "FsError" });
  close(fd);
});

test("a name that is not UTF-8 leads to its own file", asAnybody, () => {
  const name = Buffer.from([0x66, 0xff, 0xfe, 0xc3]);
  const made = openat(folder.fd, name, O_CREAT | O_EXCL | O_WRONLY, 0o600);
  const found = openat2(folder.fd, new Uint8Array(name), { flags: O_PATH, resolve: RESOLVE_BENEATH });
  assert.equal(fstatx(found).attr.ino, fstatx(made).attr.ino);
  assert.throws(() => openat(folder.fd, name.toString("utf8"), O_RDONLY), { code: "ENOENT" });
  close(made);
  close(found);
});

test("a NUL in a name is EINVAL, 256 bytes are ENAMETOOLONG, 255 are a name", asAnybody, () => {
  assert.throws(() => openat(folder.fd, Buffer.from("made\0x"), O_RDONLY), { code: "EINVAL" });
  assert.throws(() => openat(folder.fd, "x".repeat(256), O_RDONLY), { code: "ENAMETOOLONG" });
  assert.throws(() => openat(folder.fd, "x".repeat(255), O_RDONLY), { code: "ENOENT" });
});

test("openat2 keeps to what resolve allows", asAnybody, () => {
  const open = (name: string, resolve: number, flags = O_PATH): void =>
    close(openat2(folder.fd, name, { flags, resolve }));
  open("inward", RESOLVE_BENEATH);
  open("inward", RESOLVE_NO_SYMLINKS, O_PATH | O_NOFOLLOW);
  open("/dir/file", RESOLVE_IN_ROOT);
  assert.throws(() => open("outward", RESOLVE_BENEATH), { code: "EXDEV" });
  assert.throws(() => open("..", RESOLVE_BENEATH), { code: "EXDEV" });
  assert.throws(() => open("inward", RESOLVE_NO_SYMLINKS), { code: "ELOOP" });
  assert.throws(() => open("/proc/self", RESOLVE_NO_XDEV), { code: "EXDEV" });
  assert.throws(() => open(`/proc/self/fd/${folder.fd}`, RESOLVE_NO_MAGICLINKS), { code: "ELOOP" });
});

test("openat2 makes a file with its mode, and forgets the mode for the next call", asAnybody, () => {
  const how = { flags: O_CREAT | O_EXCL | O_WRONLY, mode: 0o604, resolve: RESOLVE_BENEATH };
  const fd = openat2(folder.fd, "made-by-openat2", how);
  assert.equal(fstatx(fd).attr.mode & 0o777, 0o604 & ~process.umask());
  close(fd);
  close(openat2(folder.fd, "made-by-openat2", { flags: O_RDONLY, resolve: 0 }));
});

test("reopenFd turns an O_PATH descriptor into one for reading", asAnybody, () => {
  const path = openat(folder.fd, "dir/file", O_PATH);
  const fd = reopenFd(path, O_RDONLY);
  assert.equal(readFileSync(fd, "latin1"), "content");
  close(path);
  close(fd);
});

test("reopenFd of a symbolic link's own descriptor is ELOOP", asAnybody, () => {
  const path = openat(folder.fd, "inward", O_PATH | O_NOFOLLOW);
  assert.throws(() => reopenFd(path, O_RDONLY), { code: "ELOOP" });
  close(path);
});

test("the flags that differ between machines do here what they are for", asAnybody, () => {
  assert.throws(() => openat(folder.fd, "dir/file", O_RDONLY | O_DIRECTORY), { code: "ENOTDIR" });
  assert.throws(() => openat(folder.fd, "inward", O_RDONLY | O_NOFOLLOW), { code: "ELOOP" });
  const unnamed = openat(folder.fd, ".", O_TMPFILE | O_RDWR, 0o600);
  assert.equal(fstatx(unnamed).attr.nlink, 0);
  close(unnamed);
});

test("close and closeAsync close, and are EBADF the second time", asAnybody, async () => {
  const one = openat(folder.fd, "dir", O_PATH);
  close(one);
  assert.throws(() => close(one), { code: "EBADF" });
  const other = openat(folder.fd, "dir", O_PATH);
  await closeAsync(other);
  await assert.rejects(closeAsync(other), { code: "EBADF", message: "close: EBADF" });
});

test("more closes at once than koffi runs at once all happen", asAnybody, async () => {
  const fds = Array.from({ length: 400 }, () => openat(folder.fd, "dir", O_PATH));
  await Promise.all(fds.map((fd) => closeAsync(fd)));
  for (const fd of fds) assert.throws(() => fstatx(fd), { code: "EBADF" });
});

test("a worker thread closes what it opened without a warning", asAnybody, async () => {
  const source = `
    const { parentPort } = require("node:worker_threads");
    process.on("warning", (warning) => parentPort.postMessage(String(warning)));
    import(${JSON.stringify(new URL("./open.ts", import.meta.url).href)}).then(async ({ openat, closeAsync }) => {
      await closeAsync(openat(-100, "/", 0));
      setImmediate(() => parentPort.postMessage("closed"));
    });`;
  const worker = new Worker(source, { eval: true });
  const said = await new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
  await worker.terminate();
  assert.equal(said, "closed");
});
