import assert from "node:assert/strict";
import { test } from "node:test";
import { type Attr, type Entry, limits, type NodeId, rootCaller } from "@kedgefs/core";
import { LeaseCache } from "./lease-cache.ts";

const dir = "dir" as NodeId;
const time = { sec: Math.floor(Date.now() / 1000), nsec: 1 };
const past = { sec: 1_000, nsec: 0 };
const attr: Attr = {
  ...{ ino: 1n, mode: 0o100644, nlink: 1, uid: 0, gid: 0, rdev: 0, size: 0n, blocks: 0n, blksize: 4096 },
  ...{ atime: time, mtime: past, ctime: past, btime: past },
};
const nodeOf = (number: number): NodeId => `node ${number}` as NodeId;
const placeOf = (number: number) => ({ parent: dir, name: Buffer.from(String(number)) });
const entryOf = (number: number): Entry => ({ node: nodeOf(number), attr });
const makeCache = (leaseMs = 60_000): LeaseCache => new LeaseCache(() => ({ leaseMs, strictAtime: false }));

function learn(cache: LeaseCache, number: number): void {
  cache.learn([{ place: placeOf(number), entry: entryOf(number) }], [], cache.ask(), rootCaller);
}

test("past its bound the oldest goes, and what was learnt again is not old", () => {
  const cache = makeCache();
  for (let number = 0; number < limits.clientLeasesMax; number++) learn(cache, number);
  learn(cache, 0);
  learn(cache, limits.clientLeasesMax);
  for (const number of [0, 2, limits.clientLeasesMax]) {
    assert.notEqual(cache.attr(nodeOf(number)), undefined, String(number));
    assert.notEqual(cache.lookup(placeOf(number), rootCaller), undefined, String(number));
  }
  assert.equal(cache.attr(nodeOf(1)), undefined);
  assert.equal(cache.lookup(placeOf(1), rootCaller), undefined);
});

test("it is active where the server grants leases", () => {
  assert.ok(makeCache().active);
  assert.ok(!makeCache(0).active);
});

test("a name and its node are believed for as long as both are", (t) => {
  let nowMs = 0;
  t.mock.method(performance, "now", () => nowMs);
  const cache = makeCache(100);
  learn(cache, 1);
  nowMs = 30;
  cache.learn([{ entry: entryOf(1) }], [], cache.ask(), rootCaller);
  assert.equal(cache.attr(nodeOf(1))?.leasedUntilMs, 130);
  const found = cache.lookup(placeOf(1), rootCaller);
  assert.equal(found === "absent" ? undefined : found?.leasedUntilMs, 100);
});

test("a name is its bytes, whatever they spell and whatever buffer they are in", () => {
  const cache = makeCache();
  const place = { parent: dir, name: Buffer.from([0xff, 0x2a]) };
  cache.learn([{ place, entry: entryOf(1) }], [], cache.ask(), rootCaller);
  const within = new Uint8Array([0, 0xff, 0x2a, 0]).subarray(1, 3);
  assert.notEqual(cache.lookup({ parent: dir, name: within }, rootCaller), undefined);
  assert.equal(cache.lookup({ parent: dir, name: Buffer.from([0xfe, 0x2a]) }, rootCaller), undefined);
  cache.begin(undefined, dir);
  assert.notEqual(cache.lookup(place, rootCaller), undefined);
});

test("an answer without attributes breaks nothing", () => {
  const cache = makeCache();
  const broken = { node: nodeOf(1) } as unknown as Entry;
  cache.learn([{ place: placeOf(1), entry: broken }], [broken], cache.ask(), rootCaller);
  assert.equal(cache.attr(nodeOf(1)), undefined);
  assert.equal(cache.lookup(placeOf(1), rootCaller), undefined);
});

test("a recall of a node that nothing is known of concerns what is under way", () => {
  const cache = makeCache();
  const asked = cache.ask();
  cache.recalled(nodeOf(1));
  cache.learn([{ place: placeOf(1), entry: entryOf(1) }], [], asked, rootCaller);
  assert.equal(cache.attr(nodeOf(1)), undefined);
});
