import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, promises, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { type Caller, O_CREAT, O_EXCL, O_PATH, O_RDONLY, O_WRONLY } from "@kedgefs/core";
import { canSwitchIdentity, runAs } from "./identity.ts";
import { mkdirat, symlinkat } from "./names.ts";
import { close, openat } from "./open.ts";
import { readThreadStatus } from "./process-status.ts";
import { fstatx } from "./stat.ts";
import { asAnybody, asRoot, temporaryFolder } from "./testing/temporary-folder.ts";

const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);
const caller = (uid: number, gid: number, ...groups: number[]): Caller => ({ uid, gid, groups, pid: 0 });
const nobody = caller(65534, 65534);

writeFileSync(at("secret"), "root's own", { mode: 0o600 });
// The caller reaches names by the folder's descriptor, and needs search permission on the folder alone.
chmodSync(folder.path, 0o711);

const canOpen = (name: string): boolean => {
  try {
    close(openat(folder.fd, name, O_RDONLY));
    return true;
  } catch (error) {
    assert.equal((error as { code?: string }).code, "EACCES");
    return false;
  }
};

test("a file of root's with mode 0600 is EACCES for another, before and after it is not", asRoot, () => {
  assert.equal(canSwitchIdentity(), true);
  assert.equal(canOpen("secret"), true);
  assert.equal(
    runAs(nobody, () => canOpen("secret")),
    false,
  );
  assert.equal(canOpen("secret"), true);
});

test("a supplementary group grants access, and only while it is the caller's", asRoot, () => {
  writeFileSync(at("shared"), "", { mode: 0o640 });
  chownSync(at("shared"), 0, 5555);
  assert.equal(
    runAs(nobody, () => canOpen("shared")),
    false,
  );
  assert.equal(
    runAs(caller(65534, 65534, 1, 5555, 7), () => canOpen("shared")),
    true,
  );
  assert.equal(
    runAs(caller(65534, 5555), () => canOpen("shared")),
    true,
  );
  assert.equal(
    runAs(nobody, () => canOpen("shared")),
    false,
  );
  const many = Array.from({ length: 2000 }, (_, index) => 4000 + index);
  assert.equal(
    runAs(caller(65534, 65534, ...many), () => canOpen("shared")),
    true,
  );
});

test("what is made belongs to the caller, or to the group of a set-gid directory", asRoot, () => {
  mkdirSync(at("open"));
  chmodSync(at("open"), 0o777);
  mkdirSync(at("setgid"));
  chownSync(at("setgid"), 0, 777);
  chmodSync(at("setgid"), 0o2777);
  const owner = (directory: string, who: Caller): [number, number] => {
    const dirfd = openat(folder.fd, directory, O_PATH);
    const name = `by-${who.uid}-${who.gid}`;
    const fd = runAs(who, () => {
      symlinkat("x", dirfd, `${name}-link`);
      mkdirat(dirfd, `${name}-dir`, 0o700);
      return openat(dirfd, name, O_CREAT | O_EXCL | O_WRONLY, 0o600);
    });
    const { uid, gid } = fstatx(fd).attr;
    close(fd);
    close(dirfd);
    return [uid, gid];
  };
  assert.deepEqual(owner("open", caller(1000, 100)), [1000, 100]);
  assert.deepEqual(owner("open", caller(0, 100)), [0, 100]);
  assert.deepEqual(owner("open", caller(0, 0)), [0, 0]);
  assert.deepEqual(owner("setgid", caller(1000, 100)), [1000, 777]);
});

test("the thread is as it was afterwards, also when the body throws", asRoot, () => {
  const before = readThreadStatus();
  assert.throws(
    () =>
      runAs(caller(1000, 100, 5, 6), () => {
        const within = readThreadStatus();
        assert.deepEqual([within.fsuid, within.fsgid, within.groups], [1000, 100, [5, 6]]);
        throw new RangeError("body");
      }),
    RangeError,
  );
  assert.deepEqual(readThreadStatus(), before);
});

test("only this thread switches: the pool reads as root during and after, from the first use on", asRoot, async () => {
  const reads: Promise<string>[] = [];
  runAs(nobody, () => {
    for (let count = 0; count < 16; count++) reads.push(promises.readFile(at("secret"), "utf8"));
    const other = readFileSync("/proc/thread-self/status", "latin1");
    assert.match(other, /^Uid:\t0\t0\t0\t65534$/m);
    assert.equal(canOpen("secret"), false);
  });
  for (let count = 0; count < 16; count++) reads.push(promises.readFile(at("secret"), "utf8"));
  assert.deepEqual(new Set(await Promise.all(reads)), new Set(["root's own"]));
});

test("a thread pool that would start within a body has started before, as root", asRoot, () => {
  // By require, because import uses the pool itself. Every thread of the pool is looked at, not only the one that
  // reads.
  const script = `
    const { readFile, readdirSync, readFileSync } = require("node:fs");
    const { runAs } = require(${JSON.stringify(fileURLToPath(new URL("./identity.ts", import.meta.url)))});
    runAs({ uid: 65534, gid: 65534, groups: [1], pid: 0 }, () => readFile("/dev/null", () => {
      const statusOf = (id) => readFileSync("/proc/self/task/" + id + "/status", "latin1");
      const tasks = readdirSync("/proc/self/task").map(statusOf);
      const ids = tasks.map((status) => /^Uid:.*/m.exec(status)[0] + /^Gid:.*/m.exec(status)[0]);
      console.log([...new Set(ids)].join());
    }));`;
  const child = spawnSync(process.execPath, ["-e", script], { encoding: "utf8", timeout: 15_000 });
  assert.equal(child.stderr, "");
  assert.equal(child.stdout, "Uid:\t0\t0\t0\t0Gid:\t0\t0\t0\t0\n");
});

test("a worker's switch governs the worker alone", asRoot, async () => {
  const source = `
    const { parentPort } = require("node:worker_threads");
    import(${JSON.stringify(new URL("./index.ts", import.meta.url).href)}).then(({ runAs, openat }) => {
      let code = "opened";
      const flag = new Int32Array(new SharedArrayBuffer(4));
      runAs({ uid: 65534, gid: 65534, groups: [], pid: 0 }, () => {
        parentPort.postMessage("within");
        Atomics.wait(flag, 0, 0, 200);
        try { openat(-100, ${JSON.stringify(at("secret"))}, 0); } catch (error) { code = error.code; }
      });
      parentPort.postMessage(code);
    });`;
  const worker = new Worker(source, { eval: true });
  const messages: string[] = [];
  await new Promise<void>((resolve, reject) => {
    worker.on("error", reject);
    worker.on("message", (message: string) => {
      messages.push(message);
      if (message === "within") assert.equal(canOpen("secret"), true);
      else resolve();
    });
  });
  await worker.terminate();
  assert.deepEqual(messages, ["within", "EACCES"]);
});

const isWholeUidMap = / 4294967295$/m.test(readFileSync("/proc/self/uid_map", "latin1"));
const withAllIds = { ...asRoot, skip: asRoot.skip || (!isWholeUidMap && "needs all user ids mapped") };

test("ids over 2^31 are ids like others", withAllIds, () => {
  const [uid, gid, group] = [4_000_000_000, 3_000_000_000, 4_294_967_294];
  writeFileSync(at("large-group"), "", { mode: 0o640 });
  chownSync(at("large-group"), 0, group);
  runAs(caller(uid, gid, group), () => {
    assert.equal(canOpen("large-group"), true);
    const { fsuid, fsgid, groups } = readThreadStatus();
    assert.deepEqual([fsuid, fsgid, groups], [uid, gid, [group]]);
  });
});

test("an id that the kernel refuses is EPERM or EINVAL and nothing runs", asRoot, () => {
  const before = readThreadStatus();
  assert.throws(() => runAs(caller(2 ** 32, 0), () => assert.fail("ran")), { code: "EINVAL" });
  assert.throws(() => runAs(caller(1, 1, -1), () => assert.fail("ran")), { code: "EINVAL" });
  assert.deepEqual(readThreadStatus(), before);
});

test("a process that is not root does everything as itself", asRoot, () => {
  // Drops root after the import: the sources may lie where nobody else can read them.
  const script = `
    const { canSwitchIdentity, runAs } = await import(${JSON.stringify(new URL("./index.ts", import.meta.url).href)});
    process.setgroups([]);
    process.setgid(65534);
    process.setuid(65534);
    const who = runAs({ uid: 1, gid: 1, groups: [3], pid: 0 }, () => process.geteuid());
    console.log(canSwitchIdentity(), who);`;
  const child = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    encoding: "utf8",
    timeout: 15_000,
  });
  assert.equal(child.stderr, "");
  assert.equal(child.stdout, "false 65534\n");
});

test("without a switch runAs returns what the body returns", asAnybody, () => {
  assert.equal(
    runAs(caller(0, 0), () => 42),
    42,
  );
});
