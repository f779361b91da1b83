import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { NodeId } from "@kedgefs/core";
import { holdMsOf, type LeaseHolder } from "./lease-holder.ts";
import { type EarlierLeases, LeaseTable } from "./lease-table.ts";
import { isSettled } from "./testing/is-settled.ts";
import { ToldClient } from "./testing/told-client.ts";

const timeout = 20_000;
const longMs = 60_000;
const shortMs = 40;

const earlierOf = (...sessions: string[]): EarlierLeases => ({ sessions, leaseMs: longMs });

interface Member {
  readonly client: ToldClient;
  readonly holder: LeaseHolder;
}

/** A session that holds these. */
function join(table: LeaseTable, ...keys: string[]): Member {
  const client = new ToldClient();
  const holder = table.join(client);
  for (const key of keys) assert.ok(holder.grant(key, key as NodeId));
  return { client, holder };
}

const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;

test("a recall reaches every session that holds the key but the one that changes it", { timeout }, async () => {
  const table = new LeaseTable(longMs, earlierOf());
  const a = join(table, "x", "y");
  const b = join(table, "x");
  const c = join(table, "x");
  const recalled = table.recall(["x"], a.holder);
  assert.deepEqual(
    [a, b, c].map(({ client }) => client.recalls.length),
    [0, 1, 1],
  );
  b.holder.recalled(1);
  assert.equal(await isSettled(recalled), false);
  c.holder.recalled(1);
  await recalled;
  assert.equal(table.othersBelieve("x", a.holder), false);
  assert.equal(table.othersBelieve("x", b.holder), true);
  assert.equal(table.recall(["x"], a.holder), undefined);
  table.close();
});

test("a second change waits for what the first one has recalled", { timeout }, async () => {
  const table = new LeaseTable(longMs, earlierOf());
  const believer = join(table, "x");
  const [first, second] = [join(table), join(table)];
  const recalls = [table.recall(["x"], first.holder), table.recall(["x"], second.holder)];
  for (const recall of recalls) assert.equal(await isSettled(recall), false);
  believer.holder.recalled(1);
  await Promise.all(recalls);
  table.close();
});

test("a change waits for what was recalled since the host changed it", { timeout }, async () => {
  const table = new LeaseTable(longMs, earlierOf());
  const believer = join(table, "x", "y");
  const changer = join(table);
  table.changedByHost("x");
  assert.deepEqual(believer.client.nodes, ["x"]);
  assert.equal(await isSettled(table.recall(["x"], changer.holder)), false);
  table.anythingChangedByHost();
  assert.deepEqual(believer.client.nodes, ["x", undefined]);
  assert.equal(await isSettled(table.recall(["y"], changer.holder)), false);
  table.close();
});

test("what the host changed overtakes what was asked before it", { timeout }, () => {
  const table = new LeaseTable(longMs, earlierOf());
  const asked = table.changes.stamp();
  table.changedByHost("x");
  assert.equal(table.changes.mayKeep("x", asked), false);
  assert.ok(table.changes.mayKeep("y", asked));
  table.anythingChangedByHost();
  assert.equal(table.changes.mayKeep("y", asked), false);
});

test("a session is alone once the others are gone, and what they were told", { timeout }, async () => {
  const table = new LeaseTable(shortMs, earlierOf());
  const a = join(table, "x");
  assert.ok(table.isAlone(a.holder));
  const b = join(table, "x");
  assert.equal(table.isAlone(a.holder), false);
  // Its client does not know yet that the session is over.
  table.leave(b.holder);
  assert.equal(table.isAlone(a.holder), false);
  await table.recall(["x"], a.holder);
  assert.ok(table.isAlone(a.holder));
  table.close();
});

test("a session that ends is waited for until what it was told has run out", { timeout }, async () => {
  const table = new LeaseTable(shortMs, earlierOf());
  const [gone, other] = [join(table, "x"), join(table)];
  const beganMs = performance.now();
  table.leave(gone.holder);
  await table.recall(["x"], other.holder);
  assert.ok(performance.now() - beganMs >= shortMs);
  table.close();
});

test("a session that believed nothing is gone at once", { timeout }, () => {
  const table = new LeaseTable(longMs, earlierOf());
  const [gone, other] = [join(table, "x"), join(table)];
  gone.holder.reset();
  table.leave(gone.holder);
  assert.ok(table.isAlone(other.holder));
  assert.equal(table.recall(["x"], other.holder), undefined);
});

test("changes wait until each session of an earlier life is back", { timeout }, async () => {
  const table = new LeaseTable(longMs, earlierOf("1", "2"));
  const { holder } = join(table);
  const recalls = [table.recall([], holder), table.recallAll(holder)];
  table.settled("1");
  table.settled("1");
  table.settled("3");
  for (const recall of recalls) assert.equal(await isSettled(recall), false);
  table.settled("2");
  await Promise.all(recalls);
  assert.equal(table.recall(["x"], holder), undefined);
  table.close();
});

test("changes wait for an earlier life's leases as long as that life had promised", { timeout }, async () => {
  for (const leaseMs of [0, shortMs, longMs]) {
    const table = new LeaseTable(leaseMs, { sessions: ["1"], leaseMs: shortMs });
    const beganMs = performance.now();
    await table.recall(["x"]);
    const tookMs = performance.now() - beganMs;
    assert.ok(tookMs >= shortMs && tookMs < 10_000, `${tookMs}`);
    assert.equal(table.recall(["x"]), undefined);
    table.close();
  }
});

test("leases of an earlier life that ran out before the first change are not waited for", { timeout }, async () => {
  const table = new LeaseTable(longMs, { sessions: ["1"], leaseMs: shortMs });
  await delay(holdMsOf(shortMs) + 2);
  assert.equal(table.recall(["x"]), undefined);
});

test("once changes of others are not seen any more all is recalled", { timeout }, () => {
  const table = new LeaseTable(longMs, earlierOf());
  const { client } = join(table, "x");
  assert.ok(table.grants);
  table.stopGranting();
  assert.equal(table.grants, false);
  assert.deepEqual(client.nodes, [undefined]);
  table.close();
});

test("a closed table leaves no timer", { timeout }, () => {
  const before = timers();
  const table = new LeaseTable(longMs, earlierOf("1"));
  const [a] = [join(table, "x"), join(table, "x")];
  table.leave(a.holder);
  void table.recall(["x"]);
  assert.ok(timers() > before);
  table.close();
  assert.equal(timers(), before);
});
