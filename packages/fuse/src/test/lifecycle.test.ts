import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import * as fs from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { promisify } from "node:util";
import { mountAt } from "../mount/mountinfo.ts";
import { missingForMounts, ServedMount } from "./served-mount.ts";

const run = promisify(execFile);
const python = (program: string, ...args: string[]) => run("python3", ["-c", program, ...args], { timeout: 20_000 });
const skip = missingForMounts() ?? false;
const timeout = 60_000;

describe("a mount of our own is taken down", { skip, timeout }, () => {
  test("not while a program uses it, and then with its process", async () => {
    const served = await ServedMount.start();
    try {
      const file = await fs.open(served.path("used"), "w");
      served.command("unmount");
      assert.match(await served.line("error"), /a program uses .*fuser/);
      assert.equal((await mountAt(served.path()))?.type, "fuse.kedge");
      await file.close();
      served.command("unmount");
      await served.line("closed");
      assert.equal(await served.exitCode(), 0);
      assert.equal(await mountAt(served.path()), undefined);
    } finally {
      await served.stop();
    }
  });

  test("with dirty pages of a memory map, which it writes first", async () => {
    const served = await ServedMount.start({ mounts: 2 });
    try {
      const [first = "", second = ""] = served.mountpoints;
      const map = `
import mmap, os, sys
f = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
os.ftruncate(f, 8192)
m = mmap.mmap(f, 8192)
m[5000:5005] = b"dirty"
os._exit(0)`;
      await python(map, join(first, "mapped"));
      served.command("unmount");
      await served.line("did unmount");
      assert.equal((await fs.readFile(join(second, "mapped"))).toString("utf8", 5000, 5005), "dirty");
    } finally {
      await served.stop();
    }
  });

  test("by an umount from elsewhere", async () => {
    const served = await ServedMount.start();
    try {
      await run("umount", [served.path()]);
      await served.line("closed");
      assert.equal(await served.exitCode(), 0);
    } finally {
      await served.stop();
    }
  });

  test("lazily while it is in use, and ends with its last user", async () => {
    const served = await ServedMount.start();
    try {
      const file = await fs.open(served.path("used"), "w+");
      served.command("lazy");
      await served.line("did lazy");
      assert.equal(await mountAt(served.path()), undefined);
      await file.write("still served");
      assert.equal((await file.stat()).size, 12);
      await file.close();
      assert.equal(await served.exitCode(), 0);
    } finally {
      await served.stop();
    }
  });
});

describe("a mount is refused with a reason", { skip, timeout }, () => {
  test("where one of ours is, and where one has died", async () => {
    const served = await ServedMount.start();
    try {
      const second = ServedMount.startOn(served.path());
      assert.match(await second.line("error"), /is mounted on .* already \| kedge umount/);
      served.process.kill("SIGKILL");
      await served.exitCode();
      const third = ServedMount.startOn(served.path());
      assert.match(await third.line("error"), /Transport endpoint is not connected.*umount -l/);
    } finally {
      await served.stop();
    }
  });

  test("where there is no directory", async () => {
    assert.match(await ServedMount.startOn("/nowhere/at/all").line("error"), /does not exist \| mkdir -p/);
    assert.match(await ServedMount.startOn("/etc/passwd").line("error"), /not a directory/);
  });
});
