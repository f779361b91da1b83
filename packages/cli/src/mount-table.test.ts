import assert from "node:assert/strict";
import { test } from "node:test";
import { findMount, parseMountTable, readMountTable } from "./mount-table.ts";

const text = `21 1 8:1 / / rw,relatime - ext4 /dev/root rw
30 21 0:40 / /mnt/a\\040b rw,nosuid shared:1 master:2 - fuse.kedge [::1]:7440/docs rw,user_id=0,group_id=0
31 30 0:41 / /mnt/a\\040b rw - tmpfs tmpfs rw
32 21 0:42 / /mnt/r\u00c3\u00a4der rw - fuse.kedge nas:7440/x rw
`;

test("the table of mounts is read with escapes, optional fields and bytes beyond ASCII", () => {
  const table = parseMountTable(text);
  assert.equal(table.length, 4);
  assert.deepEqual(table[1], {
    mountpoint: "/mnt/a b",
    type: "fuse.kedge",
    source: "[::1]:7440/docs",
  });
  assert.equal(table[3]?.mountpoint, "/mnt/räder");
});

test("of stacked mounts the last counts", () => {
  const table = parseMountTable(text);
  assert.equal(findMount(table, "/mnt/a b")?.type, "tmpfs");
  assert.equal(findMount(table, "/mnt"), undefined);
});

test("this machine's table has a root", async () => {
  assert.ok(findMount(await readMountTable(), "/"));
});
