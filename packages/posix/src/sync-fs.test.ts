import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { O_PATH, O_RDONLY } from "@kedgefs/core";
import { close, openat } from "./open.ts";
import { syncfs } from "./sync-fs.ts";
import { asAnybody, temporaryFolder } from "./testing/temporary-folder.ts";

const folder = temporaryFolder();

test("syncfs takes any descriptor of the file system", asAnybody, async () => {
  writeFileSync(join(folder.path, "file"), "data");
  const fd = openat(folder.fd, "file", O_RDONLY);
  await syncfs(fd);
  await syncfs(folder.fd);
  close(fd);
});

test("syncfs of an O_PATH descriptor and of none is EBADF", asAnybody, async () => {
  const fd = openat(folder.fd, ".", O_PATH);
  await assert.rejects(syncfs(fd), { name: "FsError", code: "EBADF", message: "syncfs: EBADF" });
  close(fd);
  await assert.rejects(syncfs(-1), { code: "EBADF" });
});
