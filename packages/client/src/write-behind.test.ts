import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { type HandleId, type NodeId, O_APPEND, O_CREAT, O_DSYNC, O_RDONLY, O_RDWR, O_TRUNC } from "@kedgefs/core";
import { beginWriteScene, context, file, isSettled, other } from "./test/write-scene.ts";

const timeout = 20_000;

test("the first write waits for the server, the next ones are answered at once", { timeout }, async () => {
  const { asked, write, last } = beginWriteScene();
  const first = write(0);
  assert.equal(await isSettled(first), false);
  assert.equal(last().lazy, false);
  last().answer({ size: 4 });
  assert.equal((await first).size, 4);
  assert.equal((await first).dataNeeded, undefined);
  const second = await write(4);
  assert.equal(second.size, 4);
  assert.equal(asked.length, 2);
  assert.equal(last().lazy, true);
  assert.equal("ahead" in last().request, false);
  assert.equal(await isSettled(second.dataNeeded as Promise<void>), false);
  last().answer({ size: 4 });
  await second.dataNeeded;
});

test("without leave each write waits", { timeout }, async () => {
  const { write, last } = beginWriteScene();
  for (const offset of [0, 4]) {
    const written = write(offset);
    assert.equal(await isSettled(written), false);
    last().answer({ size: 4 }, false);
    await written;
  }
});

for (const [why, flags, request] of [
  ["appends", O_RDWR | O_APPEND, {}],
  ["goes through a handle for reading", O_RDONLY, {}],
  ["is synchronous", O_RDWR | O_DSYNC, {}],
  ["does not ask for it", O_RDWR, { ahead: false }],
  ["ends where a file may not reach", O_RDWR, { offset: 1n << 50n }],
] as const) {
  test(`a write that ${why} waits, and so it does for those before it`, { timeout }, async () => {
    const { earn, write, last, asked, open } = beginWriteScene();
    await earn();
    await write(4);
    const ahead = last();
    open(9, file, flags);
    const through = write(100, "more", { handle: 9 as HandleId, ...request });
    assert.equal(await isSettled(through), false);
    assert.equal(asked.length, 2);
    ahead.answer({ size: 4 });
    await turn();
    assert.equal(asked.length, 3);
    last().answer({ size: 4 });
    await through;
  });
}

test("a write waits for one before it that it overlaps, and only for that", { timeout }, async () => {
  const { earn, write, last, asked, session } = beginWriteScene();
  await earn();
  await write(100, "abcd");
  const overlapped = last();
  await write(104, "efgh");
  const over = write(103, "x");
  assert.equal(await isSettled(over), false);
  assert.equal(asked.length, 3);
  assert.ok(session.flushed > 0);
  overlapped.answer({ size: 4 });
  await over;
  assert.equal(asked.length, 4);
});

test("after a change of its flags, which may forbid writing, the first write to a file waits again", {
  timeout,
}, async () => {
  const { earn, write, last, behind } = beginWriteScene();
  await earn();
  await write(4);
  last().answer({ size: 4 });
  await turn();
  const set = behind.ask("setInodeFlags", { node: file, handle: 3, flags: 0x10 }, context());
  await turn();
  last().answer();
  await set;
  const refused = write(8);
  assert.equal(await isSettled(refused), false);
  last().fail("EIO");
  await assert.rejects(refused, { code: "EIO" });
});

test("whatever else is asked of the file waits until its writes are there", { timeout }, async () => {
  const { earn, write, last, behind, asked, session } = beginWriteScene();
  await earn();
  await write(4);
  const ahead = last();
  const getattr = behind.ask("getattr", { node: file }, context());
  assert.equal(await isSettled(getattr), false);
  assert.equal(asked.length, 2);
  assert.equal(session.flushed, 1);
  const elsewhere = behind.ask("getattr", { node: other }, context());
  await turn();
  assert.equal(asked.length, 3);
  last().answer({});
  await elsewhere;
  ahead.answer({ size: 4 });
  await turn();
  assert.equal(asked.length, 4);
  last().answer({});
  await getattr;
});

test("a copy waits for the writes of the file that it reads and of the one that it writes", { timeout }, async () => {
  for (const [node, newNode] of [
    [file, other],
    [other, file],
  ] as const) {
    const { earn, write, last, behind, asked } = beginWriteScene();
    await earn();
    await write(4);
    const ahead = last();
    const copy = behind.ask("copyFileRange", { node, newNode }, context());
    assert.equal(await isSettled(copy), false);
    assert.equal(asked.length, 2);
    ahead.answer({ size: 4 });
    await turn();
    assert.equal(last().operation, "copyFileRange");
  }
});

test("an answer with attributes of before a write that was answered is brought up to date", { timeout }, async () => {
  const { earn, write, last, behind } = beginWriteScene();
  await earn();
  const lookup = behind.ask("lookup", { parent: "dir" as NodeId, name: Buffer.from("f") }, context());
  await turn();
  const asked = last();
  await write(4);
  const ahead = last();
  asked.answer({ node: file, attr: "old" });
  assert.equal(await isSettled(lookup), false);
  ahead.answer({ size: 4 });
  await turn();
  await turn();
  assert.equal(last().operation, "getattr");
  last().answer({ attr: "new" });
  assert.deepEqual((await lookup).body, { node: file, attr: "new" });
});

test("a create that may truncate whatever it finds waits for all writes", { timeout }, async () => {
  const { earn, write, last, behind, asked } = beginWriteScene();
  await earn();
  await write(4);
  const ahead = last();
  const body = { parent: "dir" as NodeId, name: Buffer.from("f"), mode: 0o644, flags: O_RDWR | O_CREAT | O_TRUNC };
  const create = behind.ask("create", body, context());
  assert.equal(await isSettled(create), false);
  assert.equal(asked.length, 2);
  ahead.answer({ size: 4 });
  await turn();
  assert.equal(last().operation, "create");
});

test("a failure is told once to each handle that was open for writing, and to no other", { timeout }, async () => {
  const { earn, write, last, behind, open } = beginWriteScene();
  await earn();
  await write(4);
  last().fail("ENOSPC");
  await behind.written(file);
  open(5, file, O_RDWR);
  for (const number of [3, 4, 5]) behind.check(number as HandleId);
  assert.throws(() => behind.check(1 as HandleId), { code: "ENOSPC" });
  behind.check(1 as HandleId);
  await assert.rejects(write(8, "more", { handle: 2 as HandleId }), { code: "ENOSPC" });
  behind.check(2 as HandleId);
});

test("a server that writes nothing and tells no error has failed", { timeout }, async () => {
  const { earn, write, last, behind } = beginWriteScene();
  await earn();
  await write(4);
  last().answer({ size: 0 });
  await behind.written(file);
  assert.throws(() => behind.check(1 as HandleId), { code: "EIO" });
});

test("a recall is done when what was answered is there, and from then on writes wait", { timeout }, async () => {
  const { earn, write, last, behind } = beginWriteScene();
  await earn();
  await write(4);
  const ahead = last();
  const recalled = behind.recalled(file);
  assert.ok(recalled !== undefined);
  assert.equal(await isSettled(recalled), false);
  // Leave that was given before the recall, and comes after it, is none.
  ahead.answer({ size: 4 });
  await recalled;
  const after = write(8);
  assert.equal(await isSettled(after), false);
  last().answer({ size: 4 });
  await after;
  await write(12);
});

test("a recall of another file, or with nothing under way, is done at once", { timeout }, async () => {
  const { earn, write, behind } = beginWriteScene();
  assert.equal(behind.recalled(undefined), undefined);
  await earn();
  await write(4);
  assert.equal(behind.recalled(other), undefined);
  assert.ok(behind.recalled(undefined) !== undefined);
});

test("while the server is away writes wait", { timeout }, async () => {
  const { earn, write, behind, session, asked } = beginWriteScene();
  await earn();
  await write(4);
  session.connected = false;
  void behind.recalled(undefined);
  const away = write(8);
  assert.equal(await isSettled(away), false);
  assert.equal(asked.length, 2);
});

test("leave ends with the time for which it was given", { timeout }, async (t) => {
  let nowMs = 1_000;
  t.mock.method(performance, "now", () => nowMs);
  const { earn, write, last, session } = beginWriteScene();
  session.leaseTerms.leaseMs = 100;
  await earn();
  nowMs += 99;
  await write(4);
  last().answer({ size: 4 });
  await turn();
  nowMs += 99;
  await write(8);
  last().answer({ size: 4 }, false);
  await turn();
  nowMs += 1;
  assert.equal(await isSettled(write(12)), false);
});

test("past what the link carries a write waits for one before it", { timeout }, async () => {
  const { earn, write, asked, behind } = beginWriteScene();
  await earn();
  const block = "x".repeat(256 << 10);
  let answered = 0;
  for (let count = 0; count < 8; count++) {
    void write(count * block.length, block).then(() => answered++);
    await turn();
  }
  assert.equal(answered, 4);
  assert.equal(behind.bytesAhead, 4 * block.length);
  asked[1]?.answer({ size: block.length });
  await turn();
  await turn();
  assert.ok(answered > 4, String(answered));
});
