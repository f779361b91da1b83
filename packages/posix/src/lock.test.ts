import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { O_PATH, O_RDWR } from "@kedgefs/core";
import { flock } from "./lock.ts";
import { close, openat } from "./open.ts";
import { asAnybody, temporaryFolder } from "./testing/temporary-folder.ts";

const folder = temporaryFolder();
writeFileSync(join(folder.path, "lock"), "");
const open = (): number => openat(folder.fd, "lock", O_RDWR);

test("shared locks go together, an exclusive one is alone", asAnybody, () => {
  const [one, other] = [open(), open()];
  assert.equal(flock(one, { exclusive: false, nonblocking: true }), true);
  assert.equal(flock(other, { exclusive: false, nonblocking: false }), true);
  assert.equal(flock(other, { exclusive: true, nonblocking: true }), false);
  close(one);
  assert.equal(flock(other, { exclusive: true, nonblocking: true }), true);
  close(other);
  const path = openat(folder.fd, "lock", O_PATH);
  assert.throws(() => flock(path, { exclusive: true, nonblocking: true }), { code: "EBADF" });
  close(path);
});

test("a lock holds between processes and goes with its process, however that ends", asAnybody, async () => {
  const script = `
    const { openat, flock } = await import(${JSON.stringify(new URL("./index.ts", import.meta.url).href)});
    const fd = openat(-100, ${JSON.stringify(join(folder.path, "lock"))}, 2);
    console.log(flock(fd, { exclusive: true, nonblocking: true }));
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  try {
    const [output] = await once(child.stdout, "data");
    assert.equal(String(output), "true\n");
    const fd = open();
    assert.equal(flock(fd, { exclusive: true, nonblocking: true }), false);
    child.kill("SIGKILL");
    await exited;
    assert.equal(flock(fd, { exclusive: true, nonblocking: false }), true);
    close(fd);
  } finally {
    child.kill("SIGKILL");
  }
});
