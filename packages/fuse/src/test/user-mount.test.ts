import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { missingForMounts, ServedMount } from "./served-mount.ts";

const run = promisify(execFile);
const _python = (program: string, ...args: string[]) => run("python3", ["-c", program, ...args], { timeout: 20_000 });
const skip = missingForMounts() ?? false;
const timeout = 60_000;

const nobody = 65534;

/** Why an ordinary user can't mount here, or false. */
async function missingForUsers(): Promise<string | false> {
  if (skip) return skip;
  const asNobody = ["--reuid", String(nobody), "--regid", String(nobody), "--clear-groups"];
  if (
    await run("fusermount3", ["--version"]).then(
      () => false,
      () => true,
    )
  )
    return "fusermount3 is missing (fuse3)";
  if (
    await run("setpriv", [...asNobody, "true"]).then(
      () => false,
      () => true,
    )
  )
    return "setpriv is missing (util-linux)";
  const mayOpen = run("setpriv", [...asNobody, "test", "-w", "/dev/fuse"]);
  if (
    await mayOpen.then(
      () => false,
      () => true,
    )
  )
    return "/dev/fuse is not accessible to ordinary users";
  const mayRun = run("setpriv", [...asNobody, process.execPath, "--version"]);
  return mayRun.then(
    () => false as const,
    () => "ordinary users may not run this Node",
  );
}

test("an ordinary user mounts through fusermount3, and unmounts", {
  skip: await missingForUsers(),
  timeout,
}, async () => {
  const mountpoint = await fs.mkdtemp(join(tmpdir(), "kedge-mount-"));
  await fs.chown(mountpoint, nobody, nobody);
  const served = ServedMount.startOn(mountpoint, { uid: nobody });
  try {
    await served.line("ready");
    // Without allow_other not even root may look.
    await assert.rejects(fs.readdir(mountpoint), { code: "EACCES" });
    const program = 'echo mine > "$1"; cat "$1"';
    const args = ["--reuid", String(nobody), "--regid", String(nobody), "--clear-groups", "sh", "-c", program, "sh"];
    const { stdout } = await run("setpriv", [...args, join(mountpoint, "file")]);
    assert.equal(stdout.trim(), "mine");
    served.command("unmount");
    await served.line("closed");
    assert.equal(await served.exitCode(), 0);
  } finally {
    await served.stop();
  }
});
