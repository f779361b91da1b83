import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { silentLogger } from "@kedgefs/core";
import { collectStatus } from "./collect-status.ts";
import { openControlSocket } from "./control-socket.ts";
import { Registry } from "./registry.ts";
import { openRuntimeDirectory, runtimeDirectoryVariable } from "./runtime-directory.ts";
import { connectedStatus, recordOfThisProcess } from "./test-record.ts";

const options = { timeout: 20_000 };
let base: string;
let registry: Registry;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), "kedge-status-"));
  process.env[runtimeDirectoryVariable] = join(base, "run");
  registry = new Registry(await openRuntimeDirectory());
});

afterEach(async () => {
  delete process.env[runtimeDirectoryVariable];
  await rm(base, { recursive: true, force: true });
});

const mount = (mountpoint: string, type = "fuse.kedge") => {
  return { mountpoint, type, source: "[::1]:7440/docs" };
};

test("a mount is asked for its status", options, async () => {
  await registry.claim(await recordOfThisProcess("/mnt/docs"));
  const path = registry.controlSocketPath("/mnt/docs");
  const control = await openControlSocket(path, async () => ({ ok: true, status: connectedStatus }), silentLogger);
  assert.deepEqual(await collectStatus([mount("/mnt/docs"), mount("/", "ext4")]), [connectedStatus]);
  await control.close();
});

test("a mount whose process is gone is dead, and one of somebody else unknown", options, async () => {
  await registry.claim({ ...(await recordOfThisProcess("/mnt/b")), processStartTicks: "1" });
  const statuses = await collectStatus([mount("/mnt/c"), mount("/mnt/b")]);
  assert.deepEqual(
    statuses.map(({ mountpoint, state, server, exportName }) => [mountpoint, state, server, exportName]),
    [
      ["/mnt/b", "dead", "nas:7440", "docs"],
      ["/mnt/c", "unknown", "[::1]:7440", "docs"],
    ],
  );
});

test("a process that does not answer does not hold up the status", options, async () => {
  await registry.claim(await recordOfThisProcess("/mnt/docs"));
  const silent = createServer((socket) => socket.resume());
  await new Promise<void>((resolve) => silent.listen(registry.controlSocketPath("/mnt/docs"), resolve));
  const [status] = await collectStatus([mount("/mnt/docs")]);
  assert.equal(status?.state, "silent");
  await new Promise((resolve) => silent.close(resolve));
});
