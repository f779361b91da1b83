import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { UserError } from "@kedgefs/core";
import { Registry, registryLimits } from "./registry.ts";
import { findRuntimeDirectory, openRuntimeDirectory, runtimeDirectoryVariable } from "./runtime-directory.ts";
import { recordOfThisProcess } from "./test-record.ts";

let base: string;
let directory: string;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), "kedge-registry-"));
  directory = join(base, "run");
  process.env[runtimeDirectoryVariable] = directory;
});

afterEach(async () => {
  delete process.env[runtimeDirectoryVariable];
  await rm(base, { recursive: true, force: true });
});

const mountedAt = (mountpoint: string) => [{ mountpoint, type: "fuse.kedge", source: "nas:7440/docs" }];

test("the runtime folder is made for its user alone", async () => {
  assert.equal(await findRuntimeDirectory(), undefined);
  assert.equal(await openRuntimeDirectory(), directory);
  assert.equal((await stat(directory)).mode & 0o777, 0o700);
  assert.equal(await findRuntimeDirectory(), directory);
});

test("a runtime folder that others can enter, or that is no folder, is refused", async () => {
  await mkdir(directory);
  await chmod(directory, 0o755);
  await assert.rejects(
    openRuntimeDirectory(),
    (error) => error instanceof UserError && /open to other users/.test(error.message),
  );
  await rm(directory, { recursive: true });
  await writeFile(directory, "");
  await assert.rejects(openRuntimeDirectory(), UserError);
  await assert.rejects(findRuntimeDirectory(), /is not a folder/);
});

test("a runtime folder of somebody else is refused", async (t) => {
  if (process.getuid?.() !== 0) return t.skip("needs root to make a folder of another user");
  await mkdir(directory, { mode: 0o700 });
  const { chown } = await import("node:fs/promises");
  await chown(directory, 12345, 12345);
  await assert.rejects(openRuntimeDirectory(), /belongs to user 12345/);
});

test("a mountpoint is claimed once and free after its release", async () => {
  const registry = new Registry(await openRuntimeDirectory());
  const record = await recordOfThisProcess("/mnt/a");
  await registry.claim(record);
  await assert.rejects(registry.claim(record), (error) => {
    return error instanceof UserError && error.message.includes(`process ${process.pid} serves`);
  });
  assert.deepEqual(await registry.find("/mnt/a"), { record, alive: true });
  await registry.release("/mnt/a");
  assert.equal(await registry.find("/mnt/a"), undefined);
  await registry.claim(record);
});

test("of many claims at one moment one succeeds", async () => {
  const registry = new Registry(await openRuntimeDirectory());
  const record = await recordOfThisProcess("/mnt/a");
  const claims = await Promise.allSettled(Array.from({ length: 8 }, () => registry.claim(record)));
  assert.equal(claims.filter(({ status }) => status === "fulfilled").length, 1);
  assert.deepEqual(
    (await readdir(directory)).filter((name) => !name.endsWith(".json")),
    [],
  );
});

test("an entry of a dead process is dead while its mount is there, and cleaned when that is gone too", async () => {
  const registry = new Registry(await openRuntimeDirectory());
  const own = await recordOfThisProcess("/mnt/a");
  // The same process id with another start: the id was used again.
  await registry.claim({ ...own, processStartTicks: "1" });
  await writeFile(registry.controlSocketPath("/mnt/a"), "");
  const listed = await registry.list(mountedAt("/mnt/a"));
  assert.deepEqual(
    listed.map(({ alive, record }) => [record.mountpoint, alive]),
    [["/mnt/a", false]],
  );
  assert.deepEqual(await registry.list([]), []);
  assert.deepEqual(await readdir(directory), []);
});

test("a dead entry gives way to a new claim", async () => {
  const registry = new Registry(await openRuntimeDirectory());
  const own = await recordOfThisProcess("/mnt/a");
  await registry.claim({ ...own, processStartTicks: "1" });
  await registry.claim(own);
  assert.equal((await registry.find("/mnt/a"))?.alive, true);
});

test("files that are not records are left out", async () => {
  const registry = new Registry(await openRuntimeDirectory());
  await writeFile(join(directory, "0123456789abcdef.json"), "{");
  await writeFile(join(directory, "0123456789abcde0.json"), `{"pid":"x"}`);
  await writeFile(join(directory, "0123456789abcde1.json"), " ".repeat(registryLimits.recordBytesMax + 1));
  await writeFile(join(directory, "notes.txt"), "");
  assert.deepEqual(await registry.list([]), []);
});

test("a claim over a file that is no record replaces it", async () => {
  const registry = new Registry(await openRuntimeDirectory());
  const own = await recordOfThisProcess("/mnt/a");
  await writeFile(registry.controlSocketPath("/mnt/a").replace(/sock$/, "json"), "{");
  await registry.claim(own);
  assert.equal((await registry.find("/mnt/a"))?.alive, true);
});
