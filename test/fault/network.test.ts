import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Python } from "@kedgefs/conformance";
import { lacksMounts, lacksPrograms } from "../support/prerequisites.ts";
import { Relay } from "../support/relay.ts";
import { run, Site, shell } from "../support/site.ts";

const timeout = 120_000;
/** In which time a line that is dead without a word has to be noticed, milliseconds. */
const noticeMs = 15_000;
/** What reconnecting may take once it is possible: one attempt that still waits in vain, and the pause before the next. */
const reconnectMs = 15_000;

describe("a network that loses everything without a word", { skip: lacksMounts() || lacksPrograms("python3") }, () => {
  let site: Site;
  let relay: Relay;
  let mnt: string;

  before(async () => {
    site = await Site.create();
    const server = await site.serve();
    relay = await Relay.start(server.port);
    writeFileSync(join(site.data, "hello"), "hello\n");
    mnt = await site.mount(server, { source: `127.0.0.1:${relay.port}/data` });
  });
  after(async () => {
    await site?.[Symbol.asyncDispose]();
    await relay?.[Symbol.asyncDispose]();
  });

  test("is noticed, and mended as soon as it can be", { timeout }, async (t) => {
    await using python = new Python();
    await python.run(`f = open("${mnt}/held", "w+b", buffering=0)`);
    await python.run('f.write(b"before ")');

    const cutAt = performance.now();
    relay.cut();
    // The write itself may be answered before the server has it.
    const writing = python.run('f.write(b"after"); os.fsync(f.fileno())');
    await site.waitForState(mnt, "reconnecting", noticeMs + 5_000);
    const noticedMs = performance.now() - cutAt;
    assert.ok(noticedMs < noticeMs, `noticed after ${noticedMs} ms`);

    relay.mend();
    const mendedAt = performance.now();
    await writing;
    const mendedMs = performance.now() - mendedAt;
    assert.ok(mendedMs < reconnectMs, `mended after ${mendedMs} ms`);
    t.diagnostic(`noticed after ${Math.round(noticedMs)} ms, mended ${Math.round(mendedMs)} ms after it could be`);
    assert.equal((await site.status(mnt)).state, "connected");
    await python.run("f.close()");
    assert.equal(readFileSync(join(site.data, "held"), "utf8"), "before after");
  });

  test("does no harm where only the connections of before are lost", { timeout }, async () => {
    relay.forgetConnections();
    const { stdout } = await run("cat", [join(mnt, "hello")], { timeoutMs: noticeMs + 5_000 });
    assert.equal(stdout, "hello\n");
  });

  test("and has swallowed the answers: what was done is done once, and says so", { timeout }, async () => {
    await shell("touch source removed linked; mkdir emptied; echo -n 0123456789 > appended; echo -n before > cut", mnt);
    relay.loseAnswers();
    const scripts = [
      "mkdir made",
      "set -C; echo new > exclusive",
      "mv source target",
      "rm removed",
      "rmdir emptied",
      "ln linked link",
      "ln -s somewhere symlink",
      "mkfifo fifo",
      "echo -n abc >> appended",
      "truncate -s 3 cut",
    ];
    const ended = await Promise.all(scripts.map((script) => run("bash", ["-ec", script], { cwd: mnt })));
    for (const [index, { code, stderr }] of ended.entries()) assert.equal(code, 0, `${scripts[index]}: ${stderr}`);
    const backing = (name: string): string => join(site.data, name);
    for (const name of ["made", "exclusive", "target", "link", "fifo"]) assert.ok(existsSync(backing(name)), name);
    for (const name of ["source", "removed", "emptied"]) assert.ok(!existsSync(backing(name)), name);
    assert.equal(readFileSync(backing("appended"), "utf8"), "0123456789abc");
    assert.equal(readFileSync(backing("cut"), "utf8"), "bef");
    assert.equal(readFileSync(backing("exclusive"), "utf8"), "new\n");
  });
});
