import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { limits, type NodeId } from "@kedgefs/core";
import { holdMsOf, LeaseHolder } from "./lease-holder.ts";
import { isSettled } from "./testing/is-settled.ts";
import { ToldClient } from "./testing/told-client.ts";

const timeout = 20_000;
/** For what shall not run out during a test. */
const longMs = 60_000;
const shortMs = 40;

interface Scene {
  readonly client: ToldClient;
  readonly holder: LeaseHolder;
}

function begin(leaseMs: number, ...keys: string[]): Scene {
  const client = new ToldClient();
  const holder = new LeaseHolder(leaseMs, client);
  for (const key of keys) assert.ok(holder.grant(key, nodeOf(key)));
  return { client, holder };
}

const nodeOf = (key: string): NodeId => `${key}+seal` as NodeId;

test("a recall names the node to the client, and is done when the client says so", { timeout }, async () => {
  const { client, holder } = begin(longMs, "a", "b");
  const recalled = holder.recall("a");
  assert.deepEqual(client.recalls, [{ id: 1, node: nodeOf("a") }]);
  assert.equal(await isSettled(recalled), false);
  holder.recalled(1);
  await recalled;
  assert.equal(holder.mayBelieve("a"), false);
  assert.equal(holder.mayBelieve("b"), true);
  holder.reset();
});

test("what was never granted, or was taken back and answered, is no reason to wait", { timeout }, () => {
  const { client, holder } = begin(longMs, "a");
  assert.equal(holder.recall("b"), undefined);
  void holder.recall("a");
  holder.recalled(1);
  assert.equal(holder.recall("a"), undefined);
  assert.equal(client.recalls.length, 1);
  assert.equal(holder.recallAll(), undefined);
  assert.equal(client.recalls.length, 1);
});

test("who recalls what is being recalled waits as well, and the client is told once", { timeout }, async () => {
  const { client, holder } = begin(longMs, "a");
  const first = holder.recall("a");
  assert.equal(holder.mayBelieve("a"), true);
  for (const second of [holder.recall("a"), holder.recallAll()]) assert.equal(await isSettled(second), false);
  assert.equal(client.recalls.length, 1);
  holder.recalled(1);
  await first;
  assert.equal(holder.recall("a"), undefined);
});

test("while everything is being recalled, so is each part of it", { timeout }, async () => {
  const { client, holder } = begin(longMs, "a", "b");
  const all = holder.recallAll();
  assert.deepEqual(client.recalls, [{ id: 1, node: undefined }]);
  assert.equal(await isSettled(holder.recall("b")), false);
  holder.recalled(1);
  await all;
  assert.equal(holder.recall("b"), undefined);
});

test("what was granted anew is recalled anew: an earlier recall's answer does not count", { timeout }, async () => {
  const { client, holder } = begin(longMs, "a");
  const first = holder.recall("a");
  assert.ok(holder.grant("a", nodeOf("a")));
  const second = holder.recall("a");
  holder.recalled(1);
  await first;
  assert.equal(await isSettled(second), false);
  assert.equal(await isSettled(holder.recall("a")), false);
  holder.recalled(2);
  await second;
  assert.equal(client.recalls.length, 2);
});

test("one answer is for all recalls before it, and none that comes later", { timeout }, async () => {
  const { holder } = begin(longMs, "a", "b", "c");
  const [a, b] = [holder.recall("a"), holder.recall("b")];
  holder.recalled(2);
  await Promise.all([a, b]);
  // Of an id that was never sent.
  holder.recalled(Number.MAX_SAFE_INTEGER);
  assert.equal(await isSettled(holder.recall("c")), false);
  holder.reset();
});

test("nobody waits for longer than a lease and a quarter", { timeout }, async () => {
  const { holder } = begin(shortMs, "a", "b");
  const beganMs = performance.now();
  await Promise.all([holder.recall("a"), holder.recallAll()]);
  const tookMs = performance.now() - beganMs;
  assert.ok(tookMs >= shortMs, `${tookMs}`);
  assert.equal(holder.mayBelieve("a"), false);
});

test("what has run out is no reason to wait", { timeout }, async () => {
  const { holder } = begin(shortMs, "a", "b");
  await delay(holdMsOf(shortMs) + 2);
  assert.equal(holder.recall("a"), undefined);
  assert.equal(holder.recallAll(), undefined);
});

test("what is not asked for again is forgotten", { timeout }, async () => {
  const { client, holder } = begin(shortMs, "a");
  for (let part = 0; part < 3; part++) {
    await delay(holdMsOf(shortMs) + 2);
    holder.grant("b", nodeOf("b"));
  }
  assert.equal(holder.mayBelieve("a"), false);
  await delay(2 * holdMsOf(shortMs) + 2);
  assert.ok(holder.isEmpty);
  assert.equal(client.recalls.length, 0);
});

test("a client that has let a recall run out gets nothing until it answers", { timeout }, async () => {
  const { holder } = begin(shortMs, "a", "b");
  await holder.recall("a");
  assert.equal(holder.grant("c", nodeOf("c")), false);
  // Of the one that it still owes, not of one before.
  holder.recalled(0);
  assert.equal(holder.grant("c", nodeOf("c")), false);
  holder.recalled(1);
  assert.ok(holder.grant("c", nodeOf("c")));
  await holder.recall("c");
  assert.equal(holder.grant("c", nodeOf("c")), false);
  holder.reset();
  assert.ok(holder.grant("c", nodeOf("c")));
});

test("a client that can't be told gets nothing", { timeout }, () => {
  const { client, holder } = begin(longMs);
  client.isThere = false;
  assert.equal(holder.grant("a", nodeOf("a")), false);
  assert.ok(holder.isEmpty);
});

test("a client that begins anew believes nothing", { timeout }, async () => {
  const { client, holder } = begin(longMs, "a", "b");
  const recalled = holder.recall("a");
  holder.reset();
  await recalled;
  assert.ok(holder.isEmpty);
  assert.equal(holder.recall("b"), undefined);
  assert.equal(client.recalls.length, 1);
});

test("no more is kept of one session than the bound says", { timeout }, () => {
  const { holder } = begin(longMs);
  for (let i = 0; i < limits.sessionLeasesMax; i++) assert.ok(holder.grant(`${i}`, nodeOf("x")));
  assert.equal(holder.grant("more", nodeOf("more")), false);
  // What it doesn't answer counts too.
  for (let i = 0; i < limits.sessionLeasesMax; i++) void holder.recall(`${i}`);
  assert.equal(holder.grant("more", nodeOf("more")), false);
  holder.recalled(1);
  assert.ok(holder.grant("more", nodeOf("more")));
  holder.reset();
});

test("a hundred thousand recalls run out, or are answered one by one, without holding the server up", {
  timeout,
}, async () => {
  const count = 100_000;
  const keys = Array.from({ length: count }, (_, i) => `${i}`);
  const { holder } = begin(300, ...keys);
  const recallAll = (): Promise<unknown> => Promise.all(keys.map((key) => holder.recall(key)));
  await recallAll();
  holder.reset();
  for (const key of keys) holder.grant(key, nodeOf(key));
  const all = recallAll();
  // Answers that free none, but for the last: to look at all each time would take longer than the test may.
  for (let i = 0; i < count; i++) holder.recalled(count);
  holder.recalled(2 * count);
  await all;
});

test("no timer is left when everything is answered", { timeout }, () => {
  const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
  const before = timers();
  const { holder } = begin(longMs, "a", "b");
  void holder.recall("a");
  void holder.recall("b");
  assert.equal(timers(), before + 1);
  holder.recalled(1);
  assert.equal(timers(), before + 1);
  holder.recalled(2);
  assert.equal(timers(), before);
});

test("whose writes were granted may have written until it was taken back and answered", { timeout }, async () => {
  const { client, holder } = begin(longMs, "a");
  assert.equal(holder.mayHaveWritten("a"), false);
  holder.grant("b", nodeOf("b"), true);
  holder.grant("b", nodeOf("b"));
  assert.equal(holder.mayHaveWritten("b"), true);
  const recalled = holder.recall("b");
  assert.equal(holder.mayHaveWritten("b"), true);
  assert.equal(holder.mayHaveWritten("a"), false);
  holder.recalled(client.lastId);
  await recalled;
  assert.equal(holder.mayHaveWritten("b"), false);
});

test("when everything is recalled, whose writes were granted may have written any", { timeout }, () => {
  const { client, holder } = begin(longMs, "a");
  void holder.recallAll();
  assert.equal(holder.mayHaveWritten("a"), false);
  holder.recalled(client.lastId);
  holder.grant("b", nodeOf("b"), true);
  void holder.recallAll();
  assert.equal(holder.mayHaveWritten("a"), true);
  holder.recalled(client.lastId);
  assert.equal(holder.mayHaveWritten("a"), false);
});

test("a client that begins anew is waited for until it says that what it answered is here", { timeout }, async () => {
  const { client, holder } = begin(longMs, "a");
  holder.grant("b", nodeOf("b"), true);
  holder.grant("c", nodeOf("c"), true);
  const [a, b] = [holder.recall("a"), holder.recall("b")];
  assert.equal(client.recalls.length, 2);
  holder.reset();
  await a;
  assert.equal(await isSettled(b), false);
  assert.equal(holder.mayHaveWritten("c"), true);
  const c = holder.recall("c");
  assert.equal(client.recalls.length, 2);
  holder.isBack();
  assert.deepEqual(client.recalls.at(-1), { id: 3, node: undefined });
  holder.isBack();
  assert.equal(client.recalls.length, 3);
  holder.recalled(3);
  await Promise.all([b, c]);
  assert.equal(holder.mayBelieve("c"), false);
});

test("a client that begins anew again is waited for still", { timeout }, async () => {
  const { client, holder } = begin(longMs);
  holder.grant("a", nodeOf("a"), true);
  for (let time = 0; time < 3; time++) holder.reset();
  assert.equal(holder.mayHaveWritten("a"), true);
  holder.isBack();
  assert.equal(client.recalls.length, 1);
  const waiting = holder.recall("a");
  assert.equal(await isSettled(waiting), false);
  holder.recalled(client.lastId);
  await waiting;
});

test("a client of the server's earlier life is waited for as long as it was granted, and no longer", {
  timeout,
}, async () => {
  const { holder } = begin(longMs);
  holder.reset(performance.now() + shortMs);
  assert.equal(holder.mayHaveWritten("a"), true);
  await holder.recall("a");
  assert.equal(holder.mayHaveWritten("a"), false);
});

test("a client that is gone for good is not waited for", { timeout }, async () => {
  const { holder } = begin(longMs);
  holder.grant("a", nodeOf("a"), true);
  const recalled = holder.recall("a");
  holder.close();
  await recalled;
  assert.equal(holder.mayHaveWritten("a"), false);
});
