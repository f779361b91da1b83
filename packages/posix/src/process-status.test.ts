import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { hasCapability, includesCapability, parseThreadStatus, readThreadStatus } from "./process-status.ts";
import { asAnybody, asRoot } from "./testing/temporary-folder.ts";

const text = [
  "Name:\tnode",
  "Uid:\t1\t2\t3\t4",
  "Gid:\t5\t6\t7\t8",
  "Groups:\t4 27 4000000000 ",
  "CapEff:\t0000000000200080",
  "",
].join("\n");

test("a status gives effective and file system ids, groups and capabilities", asAnybody, () => {
  const status = parseThreadStatus(text);
  assert.deepEqual(status, { euid: 2, fsuid: 4, fsgid: 8, groups: [4, 27, 4_000_000_000], capabilities: 0x200080n });
  assert.equal(includesCapability(status, "CAP_SETUID"), true);
  assert.equal(includesCapability(status, "CAP_SYS_ADMIN"), true);
  assert.equal(includesCapability(status, "CAP_SETGID"), false);
  assert.deepEqual(parseThreadStatus(text.replace("4 27 4000000000", "")).groups, []);
  assert.throws(() => parseThreadStatus(text.replace("CapEff", "CapPrm")), /CapEff/);
});

test("the status of this thread is ours", asAnybody, () => {
  assert.equal(readThreadStatus().euid, process.geteuid?.());
});

test("hasCapability follows what the process gives up", asRoot, () => {
  const url = JSON.stringify(new URL("./process-status.ts", import.meta.url).href);
  const script = `
    const { hasCapability } = await import(${url});
    console.log(hasCapability("CAP_SETUID"));
    process.setuid(65534);
    console.log(hasCapability("CAP_SETUID"));`;
  const child = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    encoding: "utf8",
    timeout: 15_000,
  });
  assert.equal(child.stderr, "");
  assert.equal(child.stdout, `${hasCapability("CAP_SETUID")}\nfalse\n`);
});
