import assert from "node:assert/strict";
import { mkdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { O_CREAT, O_WRONLY } from "@kedgefs/core";
import {
  MNT_DETACH,
  MS_NODEV,
  MS_NOEXEC,
  MS_NOSUID,
  MS_RDONLY,
  MS_REMOUNT,
  mount,
  UMOUNT_NOFOLLOW,
  umount2,
} from "./mount.ts";
import { close, openat } from "./open.ts";
import { fstatx } from "./stat.ts";
import { asAnybody, asRootWith, temporaryFolder } from "./testing/temporary-folder.ts";

const folder = temporaryFolder();
const asMounter = asRootWith("CAP_SYS_ADMIN");

test("mount mounts with its flags and options, and umount2 takes it away", asMounter, () => {
  // A target that is not ASCII, since it goes to the kernel as bytes.
  const target = join(folder.path, "mount-é");
  mkdirSync(target);
  mount("none", Buffer.from(target), "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=64k,mode=0751");
  try {
    const fd = openat(-100, target, 0);
    const stat = fstatx(fd);
    close(fd);
    assert.equal(stat.mountRoot, true);
    assert.equal(stat.attr.mode & 0o7777, 0o751);
    writeFileSync(join(target, "file"), "");
    mount("none", target, "tmpfs", MS_REMOUNT | MS_RDONLY);
    assert.throws(() => openat(-100, join(target, "new"), O_CREAT | O_WRONLY, 0o600), { code: "EROFS" });
    symlinkSync(target, join(folder.path, "link"));
    assert.throws(() => umount2(join(folder.path, "link"), UMOUNT_NOFOLLOW), { code: "EINVAL" });
    const busy = openat(-100, join(target, "file"), 0);
    assert.throws(() => umount2(target, 0), { code: "EBUSY" });
    close(busy);
    umount2(target, UMOUNT_NOFOLLOW);
    assert.equal(statSync(target).dev, statSync(folder.path).dev);
  } finally {
    try {
      umount2(target, MNT_DETACH);
    } catch {
      // It is gone, as it should be.
    }
  }
});

test("mount and umount2 tell what is wrong", asMounter, () => {
  const missing = join(folder.path, "missing");
  assert.throws(() => mount("none", missing, "tmpfs", 0), { code: "ENOENT" });
  assert.throws(() => mount("none", folder.path, "no-such-fs", 0, ""), { code: "ENODEV" });
  assert.throws(() => umount2(folder.path, 0), { code: "EINVAL" });
  assert.throws(() => umount2(missing, 0), { code: "ENOENT" });
});

test("a NUL within an argument is EINVAL", asAnybody, () => {
  assert.throws(() => mount("no\0ne", "/nowhere", "tmpfs", 0, ""), { code: "EINVAL" });
  assert.throws(() => mount("none", "/nowhere", "tmpfs", 0, "a\0b"), { code: "EINVAL" });
});
