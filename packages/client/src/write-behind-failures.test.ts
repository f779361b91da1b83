import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { CallContext, type HandleId, type NodeId, rootCaller } from "@kedgefs/core";
import { beginWriteScene, file, isSettled } from "./test/write-scene.ts";

const handle = 1 as HandleId;
const timeout = 20_000;

/** A scene in which the server has granted the writes of `file`. */
async function begin() {
  const scene = beginWriteScene();
  const { session, behind } = scene;
  const write = (offset: number, text: string, by?: CallContext) => scene.write(offset, text, {}, by);
  const goAway = (): void => {
    session.connected = false;
    void behind.recalled(undefined);
  };
  await scene.earn();
  return { ...scene, write, goAway };
}

test("what waits for writes of before can be interrupted while the server is away", { timeout }, async () => {
  const { write, behind, goAway } = await begin();
  await write(4, "more");
  const callers = Array.from({ length: 4 }, () => new CallContext(rootCaller));
  const [asks, overlaps, through, late] = callers as [CallContext, CallContext, CallContext, CallContext];
  const waiting: Promise<unknown>[] = [behind.ask("getattr", { node: file }, asks), write(5, "over", overlaps)];
  // Interrupted while the server was there: its answers come soon.
  asks.abort();
  for (const each of waiting) assert.equal(await isSettled(each), false);
  goAway();
  waiting.push(write(100, "through", through), behind.written(file, late));
  await assert.rejects(waiting[0] as Promise<unknown>, { code: "EINTR" });
  for (const context of callers) context.abort();
  for (const each of waiting) await assert.rejects(each, { code: "EINTR" });
});

test("a release waits for the writes, whoever is interrupted", { timeout }, async () => {
  const { write, behind, goAway, last } = await begin();
  await write(4, "more");
  await turn();
  const ahead = last();
  goAway();
  const context = new CallContext(rootCaller);
  const released = behind.ask("release", { node: file, handle }, context);
  context.abort();
  assert.equal(await isSettled(released), false);
  ahead.answer({ size: 4 });
  await turn();
  assert.equal(last().operation, "release");
});

test("of a write that was made in part the rest is made, and its error is the one that is told", {
  timeout,
}, async () => {
  const { write, behind, last } = await begin();
  await write(4, "abcdef");
  await turn();
  last().answer({ size: 2 });
  await turn();
  assert.equal(last().request.offset, 6n);
  assert.equal(Buffer.from(last().request.data ?? []).toString(), "cdef");
  last().fail("ENOSPC");
  await behind.written(file);
  assert.throws(() => behind.check(handle), { code: "ENOSPC" });
});

test("after a write has failed the next ones wait for their own answers until one succeeds", { timeout }, async () => {
  const { write, behind, last, asked } = await begin();
  await write(4, "lost");
  await turn();
  const failing = last();
  await write(8, "made");
  await turn();
  failing.fail("ENOSPC");
  last().answer({ size: 4 });
  await behind.written(file);
  assert.throws(() => behind.check(handle), { code: "ENOSPC" });
  const own = write(12, "more");
  assert.equal(await isSettled(own), false);
  last().fail("ENOSPC");
  await assert.rejects(own, { code: "ENOSPC" });
  behind.check(handle);
  const made = write(12, "more");
  await turn();
  last().answer({ size: 4 });
  await made;
  const count = asked.length;
  await write(16, "last");
  await turn();
  assert.equal(asked.length, count + 1);
});

test("what is done is not told as failed since attributes could not be asked afterwards", { timeout }, async () => {
  const { write, behind, last } = await begin();
  const body = { node: "other" as NodeId, newParent: "dir" as NodeId, newName: Buffer.from("f") };
  const linked = behind.ask("link", body, new CallContext(rootCaller));
  await turn();
  const link = last();
  await write(4, "more");
  await turn();
  const ahead = last();
  link.answer({ node: file, attr: "old", leasedUntilMs: 1 });
  ahead.answer({ size: 4 });
  await turn();
  await turn();
  assert.equal(last().operation, "getattr");
  last().fail("ESTALE");
  assert.deepEqual((await linked).body, { node: file, attr: "old", leasedUntilMs: undefined });
});

test("small writes under way are bounded in number", { timeout }, async () => {
  const { write, asked } = await begin();
  for (let count = 0; count < 2_000; count++) void write(10 + count, "x");
  await turn();
  await turn();
  assert.ok(asked.length < 1_000, String(asked.length));
});
