import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { O_CLOEXEC, O_RDONLY } from "@kedgefs/core";
import { pipe, setNonblocking } from "./descriptor.ts";
import { close, openat } from "./open.ts";
import { POLLHUP, POLLIN, POLLNVAL, POLLOUT, poll, receiveFd, sendFd, socketpair } from "./sockets.ts";
import { fstatx } from "./stat.ts";
import { asAnybody, temporaryFolder } from "./testing/temporary-folder.ts";

const folder = temporaryFolder();
writeFileSync(join(folder.path, "file"), "content");

test("a descriptor sent through a socket pair leads to the same file, with O_CLOEXEC", asAnybody, () => {
  const { a, b } = socketpair();
  const fd = openat(folder.fd, "file", O_RDONLY);
  for (let round = 0; round < 3; round++) {
    sendFd(a, fd);
    const received = receiveFd(b);
    assert.notEqual(received, fd);
    assert.equal(fstatx(received).attr.ino, fstatx(fd).attr.ino);
    const flags = /^flags:\s+(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${received}`, "latin1"))?.[1] ?? "";
    assert.equal(Number.parseInt(flags, 8) & O_CLOEXEC, O_CLOEXEC);
    close(received);
  }
  close(fd);
  close(a);
  close(b);
});

test("data without a descriptor is EBADMSG, a closed end ECONNRESET, nothing yet EAGAIN", asAnybody, () => {
  const { a, b } = socketpair();
  // A descriptor before, so that what it left in the buffers could be taken for another.
  sendFd(a, folder.fd);
  close(receiveFd(b));
  writeSync(a, "x");
  assert.throws(() => receiveFd(b), { code: "EBADMSG" });
  setNonblocking(b);
  assert.throws(() => receiveFd(b), { code: "EAGAIN" });
  close(a);
  assert.throws(() => receiveFd(b), { code: "ECONNRESET" });
  assert.throws(() => sendFd(b, folder.fd), { code: "EPIPE" });
  close(b);
  assert.throws(() => receiveFd(b), { code: "EBADF" });
  assert.throws(() => sendFd(b, folder.fd), { code: "EBADF" });
});

test("a child sends a descriptor of its own", asAnybody, async () => {
  const { a, b } = socketpair();
  const script = `
    const { openat, sendFd } = await import(${JSON.stringify(new URL("./index.ts", import.meta.url).href)});
    sendFd(3, openat(-100, ${JSON.stringify(join(folder.path, "file"))}, 0));`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "inherit", "inherit", a],
  });
  close(a);
  const [code] = await once(child, "exit");
  assert.equal(code, 0);
  const fd = receiveFd(b);
  assert.equal(readFileSync(fd, "latin1"), "content");
  close(fd);
  close(b);
});

test("poll tells what is there, and 0 after its time", asAnybody, () => {
  const { readFd, writeFd } = pipe();
  assert.equal(poll(readFd, POLLIN, 0), 0);
  const before = performance.now();
  assert.equal(poll(readFd, POLLIN, 30), 0);
  assert.ok(performance.now() - before >= 29);
  assert.equal(poll(writeFd, POLLOUT, -1), POLLOUT);
  writeSync(writeFd, "x");
  assert.equal(poll(readFd, POLLIN, -1), POLLIN);
  close(writeFd);
  assert.equal(poll(readFd, POLLIN, -1), POLLIN | POLLHUP);
  close(readFd);
  assert.equal(poll(readFd, POLLIN, -1), POLLNVAL);
});

test("what the kernel is pointed at survives the garbage collector", asAnybody, () => {
  const script = `
    const { sendFd, receiveFd, socketpair } = await import(${JSON.stringify(new URL("./index.ts", import.meta.url).href)});
    const { a, b } = socketpair();
    for (let round = 0; round < 20; round++) {
      await new Promise(setImmediate);
      gc();
      for (let size = 1; size < 200; size++) Buffer.alloc(size, 0xff);
      sendFd(a, 0);
      receiveFd(b);
    }
    console.log("done");`;
  const child = spawnSync(process.execPath, ["--expose-gc", "--input-type=module", "-e", script], {
    encoding: "utf8",
    timeout: 15_000,
  });
  assert.equal(child.stderr, "");
  assert.equal(child.stdout, "done\n");
});
