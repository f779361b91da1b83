import assert from "node:assert/strict";
import { test } from "node:test";
import { mountAt, parseMountInfo } from "./mountinfo.ts";

test("lines of mountinfo are read with any number of optional fields, and octal escapes", () => {
  const text = [
    "36 35 98:0 / / rw,noatime - ext4 /dev/root rw,errors=continue",
    "42 27 0:39 / /mnt/a\\040b rw,nosuid shared:7 master:1 - fuse.kedge host:/x\\040y rw,user_id=0",
    "",
  ].join("\n");
  assert.deepEqual(parseMountInfo(text), [
    { device: "98:0", mountpoint: "/", type: "ext4", source: "/dev/root" },
    { device: "0:39", mountpoint: "/mnt/a b", type: "fuse.kedge", source: "host:/x y" },
  ]);
});

test("the mount of /proc is found, and none where there is none", async () => {
  assert.equal((await mountAt("/proc"))?.type, "proc");
  assert.equal(await mountAt("/nowhere"), undefined);
});
