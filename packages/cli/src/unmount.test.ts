import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { UserError } from "@kedgefs/core";
import { processStartTicks } from "./process-identity.ts";
import { Registry } from "./registry.ts";
import { openRuntimeDirectory, runtimeDirectoryVariable } from "./runtime-directory.ts";
import { recordOfThisProcess } from "./test-record.ts";
import { unmount } from "./unmount.ts";

const options = { timeout: 30_000 };
let base: string;
let mountpoint: string;
let registry: Registry;
let child: ChildProcess | undefined;

beforeEach(async () => {
  base = await realpath(await mkdtemp(join(tmpdir(), "kedge-unmount-")));
  process.env[runtimeDirectoryVariable] = join(base, "run");
  registry = new Registry(await openRuntimeDirectory());
  mountpoint = join(base, "mnt");
  await mkdir(mountpoint);
});

afterEach(async () => {
  child?.kill("SIGKILL");
  child = undefined;
  delete process.env[runtimeDirectoryVariable];
  await rm(base, { recursive: true, force: true });
});

/** A process that is entered for the mountpoint and answers every request with `answer`; after a success it ends. */
async function standIn(answer: object, ends = true): Promise<void> {
  const script = `
    const server = require("node:net").createServer((socket) => {
      socket.once("data", () => socket.end(${JSON.stringify(`${JSON.stringify(answer)}\n`)}, () => {
        if (${ends}) setTimeout(() => process.exit(), 50);
      }));
    });
    server.listen(${JSON.stringify(registry.controlSocketPath(mountpoint))}, () => process.send("listening"));
  `;
  child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  await once(child, "message");
  const pid = child.pid ?? 0;
  const record = await recordOfThisProcess(mountpoint);
  await registry.claim({ ...record, pid, processStartTicks: (await processStartTicks(pid)) ?? "" });
}

test("it returns when the process of the mount has ended", options, async () => {
  await standIn({ ok: true });
  assert.equal(await unmount(mountpoint, false), undefined);
  assert.equal(await processStartTicks(child?.pid ?? 0), undefined);
});

test("a refusal is told with its hint", options, async () => {
  await standIn({ ok: false, message: "it is busy", hint: "Wait." }, false);
  await assert.rejects(unmount(mountpoint, false), (error) => {
    return error instanceof UserError && error.message === "it is busy" && error.hint === "Wait.";
  });
});

test("a detached mount that programs still use is a success with a note", options, async () => {
  await standIn({ ok: true, lingering: true }, false);
  assert.match((await unmount(mountpoint, true)) ?? "", /is detached; programs still use it/);
});

test("what a dead process left is removed from the registry", options, async () => {
  await registry.claim({ ...(await recordOfThisProcess(mountpoint)), processStartTicks: "1" });
  assert.match((await unmount(mountpoint, false)) ?? "", /was not mounted any more/);
  assert.deepEqual(await readdir(join(base, "run")), []);
});

test("what is not our mount is not touched", options, async () => {
  await assert.rejects(unmount(mountpoint, false), /nothing is mounted there/);
  await assert.rejects(unmount("/proc", true), /it is a mount of proc \(proc\)/);
});

test("the mountpoint may be given by a symbolic link above it or in its place", options, async () => {
  const { symlink } = await import("node:fs/promises");
  await symlink(base, join(base, "link"));
  await symlink(mountpoint, join(base, "mnt-link"));
  for (const path of [join(base, "link", "mnt"), join(base, "mnt-link")]) {
    await registry.claim({ ...(await recordOfThisProcess(mountpoint)), processStartTicks: "1" });
    assert.match((await unmount(path, false)) ?? "", /was not mounted any more/, path);
  }
});
