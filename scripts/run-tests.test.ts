import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { markedProcesses } from "./support/marked-processes.ts";

const header = 'import { test, describe } from "node:test"; import assert from "node:assert/strict";\n';

/** Runs the tests of a made-up repository. `text` is what was printed, `last` its last line. */
async function runTests(context: TestContext, files: Record<string, string>, ...filters: string[]) {
  const root = mkdtempSync(join(tmpdir(), "kedge-runner-"));
  context.after(() => rmSync(root, { recursive: true, force: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), header + text);
  }
  const env: NodeJS.ProcessEnv = { ...process.env, KEDGE_RUNNER_TEST: root };
  // With this variable run() takes itself for a part of this very test, and runs nothing.
  delete env.NODE_TEST_CONTEXT;
  const runner = spawn(process.execPath, [join(import.meta.dirname, "run-tests.ts"), "--root", root, ...filters], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  context.after(() => runner.kill("SIGKILL"));
  let text = "";
  runner.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  const [code] = await once(runner, "close");
  assert.deepEqual(markedProcesses("KEDGE_RUNNER_TEST", root), [], "nothing that the tests started is left");
  return { code, text, last: text.trimEnd().split("\n").at(-1) };
}

describe("the test runner", { timeout: 60_000, concurrency: 2 }, () => {
  test("counts tests but not what holds them, and lists a skip with its reason", async (context) => {
    const { code, text, last } = await runTests(context, {
      "packages/a/src/a.test.ts": `
        test("one", () => {});
        describe("group", () => { test("two", async (t) => { await t.test("inner", () => {}); }); });
        test("three", { skip: "no moon" }, () => {});
        describe("four", { skip: "no sun" }, () => { test("five", () => {}); });`,
      "test/e2e/b.test.ts": `test("six", (t) => t.skip("no sea"));`,
      "bench/report/c.test.ts": `test("seven", () => {});`,
      "scripts/steps/d.test.ts": `test("eight", () => {});`,
    });
    assert.equal(code, 0, text);
    assert.equal(last, "4 passed, 0 failed, 3 skipped");
    assert.match(text, /a\.test\.ts: three: no moon\n.*a\.test\.ts: four: no sun\n.*b\.test\.ts: six: no sea\n/);
  });

  test("shows what failed and what that file printed, and exits 1", async (context) => {
    const { code, text, last } = await runTests(context, {
      "packages/a/src/a.test.ts": `
        console.log("seen on the way");
        describe("group", () => { test("sums", () => assert.equal(1 + 1, 3)); test("fine", () => {}); });
        test.skip("lazy", () => {});`,
    });
    assert.equal(code, 1);
    assert.equal(last, "1 passed, 2 failed, 0 skipped");
    assert.match(text, /✖ group > sums\n.*a\.test\.ts:\d+\n.*2 !== 3/s);
    assert.match(text, /seen on the way/);
    assert.match(text, /✖ lazy\n.*without saying what it lacks/);
  });

  test("fails for a file that crashes, cannot be parsed or has no test, and for no file at all", async (context) => {
    const { code, text, last } = await runTests(context, {
      "packages/a/src/crash.test.ts": `test("fine", () => {}); setTimeout(() => process.exit(3), 100); test("slow", () => new Promise(() => {}));`,
      "packages/a/src/empty.test.ts": "",
      "packages/a/src/syntax.test.ts": "test(",
    });
    assert.equal(code, 1);
    assert.equal(last, "1 passed, 3 failed, 0 skipped", text);
    assert.match(text, /It holds no test/);
    const nothing = await runTests(context, { "packages/a/src/a.test.ts": `test("one", () => {});` }, "no-such-part");
    assert.equal(nothing.code, 1);
    assert.match(nothing.text, /No test file matches no-such-part\.\n\n0 passed, 0 failed, 0 skipped\n$/);
  });

  test("finds and ends a process that a test left, also a daemon, and finds a temporary file", async (context) => {
    const { code, text, last } = await runTests(context, {
      "packages/a/src/a.test.ts": `
        import { spawn } from "node:child_process"; import { mkdtempSync } from "node:fs"; import { tmpdir } from "node:os";
        test("careless", () => {
          mkdtempSync(tmpdir() + "/rest-");
          spawn("sh", ["-c", "trap '' TERM; sleep 987 & wait; sleep 987"], { detached: true, stdio: "ignore" }).unref();
        });`,
    });
    assert.equal(code, 1);
    assert.equal(last, "1 passed, 1 failed, 0 skipped", text);
    assert.match(text, /It left behind:\n\s+process \d+: (sh|sleep) .*\n(.*\n)*\s+temporary file rest-/);
  });

  const noMount = process.getuid?.() === 0 ? false : "only root can mount without a file system of one's own";
  test("finds and detaches a mount that a test left", { skip: noMount }, async (context) => {
    const { code, text, last } = await runTests(context, {
      "packages/a/src/a.test.ts": `
        import { execFileSync } from "node:child_process"; import { mkdirSync } from "node:fs"; import { tmpdir } from "node:os";
        test("careless", () => {
          const dir = tmpdir() + "/a mount";
          mkdirSync(dir);
          execFileSync("mount", ["-t", "tmpfs", "kedge-runner-test", dir]);
        });`,
    });
    assert.equal(code, 1);
    assert.equal(last, "1 passed, 1 failed, 0 skipped", text);
    assert.match(text, /It left behind:\n\s+mount \/.*\/a mount\n\s+temporary file a mount\n/);
    assert.doesNotMatch(readFileSync("/proc/self/mounts", "utf8"), /^kedge-runner-test /m);
  });

  test("keeps going to the end of the run after an interrupt has ended a file that hangs", async (context) => {
    const { code, text, last } = await runTests(context, {
      "packages/a/src/a.test.ts": `
        import { readFileSync } from "node:fs";
        const parent = readFileSync("/proc/" + process.pid + "/status", "utf8").match(/PPid:\\s+(\\d+)/)[1];
        test("hangs", async () => { setTimeout(() => process.kill(Number(parent), "SIGINT"), 200); await new Promise((r) => setTimeout(r, 1e6)); });`,
    });
    assert.equal(code, 130);
    assert.match(text, /The run was given up before its end\./);
    assert.equal(last, "0 passed, 1 failed, 0 skipped");
  });
});
