import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { O_PATH, O_RDONLY, O_RDWR, O_WRONLY } from "@kedgefs/core";
import { dup } from "./descriptor.ts";
import { type FileLockType, getlk, setlk } from "./file-locks.ts";
import { runAs } from "./identity.ts";
import { flock } from "./lock.ts";
import { close, openat } from "./open.ts";
import { asAnybody, asRoot, temporaryFolder } from "./testing/temporary-folder.ts";

const folder = temporaryFolder();
writeFileSync(join(folder.path, "file"), "0123456789");
const open = (flags = O_RDWR): number => openat(folder.fd, "file", flags);
const range = (type: FileLockType, start = 0n, length = 0n) => ({ type, start, length });

test("ranges that overlap exclude each other, others and readers do not", asAnybody, () => {
  const [one, other] = [open(), open()];
  assert.equal(setlk(one, range("write", 0n, 10n)), true);
  assert.equal(setlk(other, range("write", 9n, 1n)), false);
  assert.equal(setlk(other, range("read", 0n)), false);
  assert.equal(setlk(other, range("write", 10n)), true);
  assert.equal(setlk(one, range("read", 0n, 10n)), true);
  assert.equal(setlk(other, range("read", 5n, 1n)), true);
  assert.equal(setlk(one, range("write", 0n, 10n)), false);
  assert.equal(setlk(other, range("unlock", 5n, 1n)), true);
  assert.equal(setlk(one, range("write", 0n, 10n)), true);
  close(one);
  close(other);
});

test("getlk tells what is in the way, with its whole range", asAnybody, () => {
  const [one, other] = [open(), open()];
  assert.equal(getlk(other, range("write")), undefined);
  setlk(one, range("read", 2n ** 40n, 2n ** 41n));
  setlk(one, range("write", 2n ** 62n));
  assert.deepEqual(getlk(other, range("write", 2n ** 40n + 7n, 1n)), {
    ...range("read", 2n ** 40n, 2n ** 41n),
    pid: -1,
  });
  assert.deepEqual(getlk(other, range("read")), { ...range("write", 2n ** 62n), pid: -1 });
  assert.equal(getlk(other, range("read", 0n, 2n ** 50n)), undefined);
  assert.equal(getlk(one, range("write")), undefined);
  close(one);
  assert.equal(getlk(other, range("write")), undefined);
  close(other);
});

test("a lock belongs to the open file: dup shares it, the last close ends it", asAnybody, () => {
  const [one, other] = [open(), open()];
  const copy = dup(one);
  setlk(one, range("write"));
  assert.equal(setlk(copy, range("write", 3n, 4n)), true);
  close(one);
  assert.equal(setlk(other, range("write")), false);
  close(copy);
  assert.equal(setlk(other, range("write")), true);
  assert.equal(flock(other, { exclusive: true, nonblocking: true }), true);
  close(other);
});

test("unlocking the middle leaves both ends", asAnybody, () => {
  const [one, other] = [open(), open()];
  setlk(one, range("write"));
  setlk(one, range("unlock", 10n, 10n));
  assert.deepEqual(getlk(other, range("write")), { ...range("write", 0n, 10n), pid: -1 });
  assert.deepEqual(getlk(other, range("write", 10n)), { ...range("write", 20n), pid: -1 });
  assert.equal(setlk(other, range("write", 10n, 10n)), true);
  close(one);
  close(other);
});

test("the descriptor's mode and the range are checked", asAnybody, () => {
  const [reading, writing, path] = [open(O_RDONLY), open(O_WRONLY), open(O_PATH)];
  assert.throws(() => setlk(reading, range("write")), { code: "EBADF", message: "fcntl: EBADF" });
  assert.throws(() => setlk(writing, range("read")), { code: "EBADF" });
  assert.throws(() => setlk(path, range("read")), { code: "EBADF" });
  assert.throws(() => getlk(path, range("read")), { code: "EBADF" });
  assert.equal(getlk(reading, range("write")), undefined);
  assert.throws(() => getlk(reading, range("unlock")), { code: "EINVAL" });
  for (const [start, length] of [
    [-1n, 1n],
    [1n, -1n],
    [2n ** 63n, 1n],
    [0n, 2n ** 64n],
  ] as const) {
    assert.throws(() => setlk(reading, range("read", start, length)), { code: "EINVAL" });
    assert.throws(() => getlk(reading, range("read", start, length)), { code: "EINVAL" });
  }
  assert.throws(() => setlk(reading, range("read", 2n ** 63n - 1n, 2n)), { code: "EOVERFLOW" });
  assert.equal(setlk(reading, range("read", 2n ** 63n - 1n, 1n)), true);
  for (const fd of [reading, writing, path]) close(fd);
});

test("a descriptor's locks need no permission anew", asRoot, () => {
  const [one, other] = [open(), open()];
  runAs({ uid: 65534, gid: 65534, groups: [], pid: 0 }, () => {
    assert.equal(setlk(one, range("write")), true);
    assert.equal(getlk(other, range("read"))?.type, "write");
  });
  close(one);
  close(other);
});

/** Makes `call`, which locks `fd`, in another process; `during` it lives, and `after` it was killed. */
async function whileOtherLocks(
  call: string,
  during: (fd: number, pid: number) => void,
  after: (fd: number) => void,
): Promise<void> {
  const script = `
    const { openat, setlk } = await import(${JSON.stringify(new URL("./index.ts", import.meta.url).href)});
    const { libc } = await import(${JSON.stringify(new URL("./library.ts", import.meta.url).href)});
    const fd = openat(-100, ${JSON.stringify(join(folder.path, "file"))}, 2);
    console.log(${call});
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const fd = open();
  try {
    const [output] = await once(child.stdout, "data");
    assert.equal(String(output), "true\n");
    during(fd, child.pid ?? 0);
    child.kill("SIGKILL");
    await exited;
    after(fd);
  } finally {
    child.kill("SIGKILL");
    close(fd);
  }
}

test("a lock holds between processes and goes with its process, however that ends", asAnybody, async () => {
  await whileOtherLocks(
    `setlk(fd, { type: "write", start: 4n, length: 0n })`,
    (fd) => {
      assert.equal(setlk(fd, range("read")), false);
      assert.deepEqual(getlk(fd, range("read")), { ...range("write", 4n), pid: -1 });
    },
    (fd) => assert.equal(setlk(fd, range("read")), true),
  );
});

test("a process's lock of the older kind is in the way too, and getlk names the process", asAnybody, async () => {
  // F_SETLK (6) of a write lock on all of the file.
  await whileOtherLocks(
    `libc.func("int fcntl(int, int, uint8_t *)")(fd, 6, Buffer.alloc(32, "01".padEnd(64, "0"), "hex")) === 0`,
    (fd, pid) => {
      assert.equal(setlk(fd, range("read")), false);
      assert.deepEqual(getlk(fd, range("read")), { ...range("write"), pid });
    },
    (fd) => assert.equal(getlk(fd, range("write")), undefined),
  );
});
