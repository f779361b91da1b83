import assert from "node:assert/strict";
import { test } from "node:test";
import { mountAt, mountWithin, parseMountInfo } from "./mountinfo.ts";

test("lines of mountinfo are read with any number of optional fields, and octal escapes", () => {
  const text = [
    "36 35 98:0 / / rw,noatime - ext4 /dev/root rw,errors=continue",
    "42 27 0:39 / /mnt/a\\040b rw,nosuid shared:7 master:1 - fuse.kedge host:/x\\040y rw,user_id=0",
    "",
  ].join("\n");
  assert.deepEqual(parseMountInfo(text), [
    { id: 36, parent: 35, device: "98:0", mountpoint: "/", type: "ext4", source: "/dev/root" },
    { id: 42, parent: 27, device: "0:39", mountpoint: "/mnt/a b", type: "fuse.kedge", source: "host:/x y" },
  ]);
});

test("the mount of /proc is found, and none where there is none", async () => {
  assert.equal((await mountAt("/proc"))?.type, "proc");
  assert.equal(await mountAt("/nowhere"), undefined);
});

test("what is mounted on a file system is found by that one's device", async () => {
  const root = await mountAt("/");
  assert.ok(root);
  const within = await mountWithin(root.device);
  assert.ok(within);
  assert.notEqual(within.id, root.id);
  assert.equal(await mountWithin("no device"), undefined);
});
