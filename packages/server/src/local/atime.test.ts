import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { hasCapability, MNT_DETACH, MS_NOATIME, mount, umount2 } from "@kedgefs/posix";
import { hasStrictAtime } from "./atime.ts";

/** Flags of mount(2). Source: linux/mount.h. */
const MS_RELATIME = 1 << 21;
const MS_STRICTATIME = 1 << 24;
const MS_NODIRATIME = 2048;

const base = fs.mkdtempSync(join(tmpdir(), "kedge-atime-"));
const mounted: string[] = [];
after(() => {
  for (const folder of mounted.reverse()) umount2(folder, MNT_DETACH);
  fs.rmSync(base, { recursive: true });
});

function isStrict(folder: string): boolean {
  const fd = fs.openSync(folder, "r");
  try {
    return hasStrictAtime(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/** Whether a read moves an access time that is later than the last change. */
function eachReadMoves(folder: string): boolean {
  const file = join(folder, "file");
  fs.writeFileSync(file, "text");
  const nowSec = Math.floor(Date.now() / 1000);
  fs.utimesSync(file, nowSec + 60, nowSec);
  fs.readFileSync(file);
  return fs.statSync(file).atimeMs !== (nowSec + 60) * 1000;
}

const lacksRoot =
  process.geteuid?.() === 0 && hasCapability("CAP_SYS_ADMIN") ? false : "needs root with CAP_SYS_ADMIN, to mount";

test("every read moves the access time where it is strict, and nowhere else", {
  timeout: 20_000,
  skip: lacksRoot,
}, () => {
  const kinds: Record<string, [flags: number, strict: boolean]> = {
    relatime: [MS_RELATIME, false],
    "as by default": [0, false],
    noatime: [MS_NOATIME, false],
    strictatime: [MS_STRICTATIME, true],
    "strictatime but for directories": [MS_STRICTATIME | MS_NODIRATIME, true],
  };
  for (const [kind, [flags, strict]] of Object.entries(kinds)) {
    const folder = fs.mkdtempSync(join(base, "fs-"));
    mount("none", folder, "tmpfs", flags, "size=1m");
    mounted.push(folder);
    assert.equal(isStrict(folder), strict, kind);
    assert.equal(eachReadMoves(folder), strict, kind);
    // Of the mount, however deep.
    fs.mkdirSync(join(folder, "deep"));
    assert.equal(isStrict(join(folder, "deep")), strict, kind);
  }
});

test("a folder that is mounted over is not taken for what is mounted on it", {
  timeout: 20_000,
  skip: lacksRoot,
}, () => {
  const folder = fs.mkdtempSync(join(base, "fs-"));
  mount("none", folder, "tmpfs", MS_RELATIME, "size=1m");
  mounted.push(folder);
  const fd = fs.openSync(folder, "r");
  mount("none", folder, "tmpfs", MS_STRICTATIME, "size=1m");
  mounted.push(folder);
  assert.equal(hasStrictAtime(fd), false);
  fs.closeSync(fd);
  assert.equal(isStrict(folder), true);
});
