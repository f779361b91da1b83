import assert from "node:assert/strict";
import { test } from "node:test";
import { FsError, type HandleId, type NodeId, rootCaller } from "@kedgefs/core";
import type { ClientHandle } from "./client-handles.ts";
import { ClosedDirectories } from "./closed-directories.ts";
import { LeaseCache } from "./leases/lease-cache.ts";
import { Listing } from "./listing.ts";

function begin({ leaseMs = 60_000, strictAtime = false } = {}) {
  const cache = new LeaseCache(() => ({ leaseMs, strictAtime }));
  const ended: HandleId[] = [];
  const closed = new ClosedDirectories(cache, ({ number }) => ended.push(number));
  let last = 0;
  const opened = (name: string, listing = new Listing({ entries: [], end: true }, cache.ask())): ClientHandle => ({
    number: ++last as HandleId,
    node: name as NodeId,
    flags: 0,
    directory: true,
    ticket: Buffer.alloc(0),
    caller: rootCaller,
    listing,
  });
  const take = (name: string): HandleId | undefined => closed.take(name as NodeId, rootCaller)?.number;
  return { cache, closed, ended, opened, take };
}

test("a closed directory is taken once, by who has the same rights", () => {
  const { closed, opened, take, ended } = begin();
  assert.ok(closed.keep(opened("d")));
  assert.equal(closed.take("d" as NodeId, { ...rootCaller, groups: [7] }), undefined);
  assert.equal(take("e"), undefined);
  assert.equal(take("d"), 1);
  assert.equal(take("d"), undefined);
  assert.deepEqual(ended, []);
});

test("one that can't be of use is not kept", () => {
  const { closed, opened, cache } = begin();
  const entries = [{ name: Buffer.from("a"), ino: 1n, type: 8, offset: 1n }];
  assert.ok(!closed.keep({ ...opened("d"), lost: new FsError("ESTALE") }));
  assert.ok(!closed.keep(opened("d", new Listing({ entries, end: false }))));
  const asked = cache.ask();
  cache.recalled("d" as NodeId);
  assert.ok(!closed.keep(opened("d", new Listing({ entries, end: true }, asked))));
  assert.ok(closed.keep(opened("d")));
  assert.ok(!closed.keep(opened("d")), "there is one already");
  const strict = begin({ strictAtime: true });
  assert.ok(!strict.closed.keep(strict.opened("d")), "to list it moves its access time");
});

test("it is closed when the lease runs out, when it changed, and when all are", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { cache, closed, opened, take, ended } = begin();
  for (const name of ["a", "b", "c", "d"]) closed.keep(opened(name));
  cache.recalled("a" as NodeId);
  assert.equal(take("a"), undefined);
  assert.deepEqual(ended, [1]);
  const change = cache.begin({ nodes: ["b" as NodeId], places: [], made: [], permissions: true });
  assert.equal(take("b"), undefined);
  cache.end(change);
  assert.deepEqual(ended, [1, 2]);
  assert.equal(take("c"), 3);
  t.mock.timers.tick(60_001);
  assert.deepEqual(ended, [1, 2, 4]);
  closed.keep(opened("e"));
  closed.clear();
  assert.deepEqual(ended, [1, 2, 4, 5]);
});

test("of many the oldest is closed", () => {
  const { closed, opened, take, ended } = begin();
  for (let i = 0; i < 40; i++) closed.keep(opened(`d${i}`));
  assert.deepEqual(ended, [1, 2, 3, 4, 5, 6, 7, 8]);
  assert.equal(take("d8"), 9);
  closed.clear();
});
