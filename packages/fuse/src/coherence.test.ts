import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import type { Attr, NodeId } from "@kedgefs/core";
import { Coherence } from "./coherence.ts";
import { NodeRecord } from "./node-table.ts";

const dateMs = 1_800_000_000_000;
const dateSec = dateMs / 1000;
let nowMs = 0;
let dropped: PromiseWithResolvers<void>[] = [];
let record = new NodeRecord(2, "a" as NodeId);
let coherence = new Coherence(async () => {});

beforeEach(() => {
  nowMs = 1000;
  dropped = [];
  record = new NodeRecord(2, "a" as NodeId);
  record.readers = 1;
  const invalidate = (): Promise<void> => {
    const drop = Promise.withResolvers<void>();
    dropped.push(drop);
    return drop.promise;
  };
  coherence = new Coherence(
    invalidate,
    () => nowMs,
    () => dateMs,
  );
});

/** A file that changed long ago, unless told otherwise. */
function attrOf({ ctime = 100, mtime = 50, size = 10n, mode = 0o100644 } = {}): Attr {
  const times = { atime: { sec: 0, nsec: 0 }, btime: { sec: 0, nsec: 0 } };
  const owner = { uid: 0, gid: 0, nlink: 1, rdev: 0, ino: 1n, blocks: 8n, blksize: 4096 };
  return { ...owner, ...times, mode, size, mtime: { sec: mtime, nsec: 0 }, ctime: { sec: ctime, nsec: 0 } };
}

/** Lets promises run that are settled. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("the first attributes, and the same ones again, drop nothing", () => {
  assert.equal(coherence.tell(record, attrOf(), "compared"), undefined);
  nowMs += 5000;
  assert.equal(coherence.tell(record, attrOf(), "compared"), undefined);
});

test("a changed ctime with the same mtime and size drops pages before the answer", async () => {
  void coherence.tell(record, attrOf(), "compared");
  const answer = coherence.tell(record, attrOf({ ctime: 101 }), "compared");
  assert.ok(answer);
  let answered = false;
  void answer.then(() => {
    answered = true;
  });
  await turn();
  assert.equal(dropped.length, 1);
  assert.equal(answered, false);
  dropped[0]?.resolve();
  await answer;
  await turn();
  assert.equal(record.invalidating, undefined);
  assert.equal(coherence.tell(record, attrOf({ ctime: 101 }), "compared"), undefined);
});

test("what the kernel notices itself is left to it", () => {
  void coherence.tell(record, attrOf(), "compared");
  assert.equal(coherence.tell(record, attrOf({ ctime: 101, mtime: 51 }), "compared"), undefined);
  assert.equal(coherence.tell(record, attrOf({ ctime: 102, mtime: 51, size: 11n }), "compared"), undefined);
});

test("the answer to SETATTR is taken without comparing, so a new mtime in it drops pages", () => {
  void coherence.tell(record, attrOf(), "compared");
  assert.ok(coherence.tell(record, attrOf({ ctime: 101, mtime: 51 }), "taken"));
});

test("a truncating SETATTR never waits; the next answer makes up for it", () => {
  void coherence.tell(record, attrOf(), "compared");
  assert.equal(coherence.tell(record, attrOf({ ctime: 101 }), "truncating"), undefined);
  assert.ok(coherence.tell(record, attrOf({ ctime: 101 }), "compared"));
});

test("a truncating SETATTR does not wait for a drop that is under way either", () => {
  void coherence.tell(record, attrOf(), "compared");
  assert.ok(coherence.tell(record, attrOf({ ctime: 101 }), "compared"));
  assert.equal(coherence.tell(record, attrOf({ ctime: 102 }), "truncating"), undefined);
});

test("without readers, and for what is no regular file, nothing is dropped", () => {
  record.readers = 0;
  void coherence.tell(record, attrOf(), "compared");
  assert.equal(coherence.tell(record, attrOf({ ctime: 101 }), "compared"), undefined);
  record.readers = 1;
  const directory = { mode: 0o040755 };
  void coherence.tell(record, attrOf(directory), "compared");
  assert.equal(coherence.tell(record, attrOf({ ...directory, ctime: 102 }), "compared"), undefined);
});

test("other answers about the node wait for a drop that is under way", async () => {
  void coherence.tell(record, attrOf(), "compared");
  const first = coherence.tell(record, attrOf({ ctime: 101 }), "compared");
  assert.equal(coherence.tell(record, attrOf({ ctime: 101 }), "compared"), first);
  await turn();
  assert.equal(dropped.length, 1);
});

test("a second change during a drop drops again, after it", async () => {
  void coherence.tell(record, attrOf(), "compared");
  void coherence.tell(record, attrOf({ ctime: 101 }), "compared");
  const second = coherence.tell(record, attrOf({ ctime: 102 }), "compared");
  await turn();
  assert.equal(dropped.length, 1);
  dropped[0]?.resolve();
  await turn();
  assert.equal(dropped.length, 2);
  dropped[1]?.resolve();
  await second;
});

test("a drop that failed, and an answer that got lost, are made up for", async () => {
  void coherence.tell(record, attrOf(), "compared");
  const answer = coherence.tell(record, attrOf({ ctime: 101 }), "compared");
  await turn();
  dropped[0]?.reject(new Error("refused"));
  await answer;
  await turn();
  assert.ok(coherence.tell(record, attrOf({ ctime: 101 }), "compared"));
  dropped[1]?.resolve();
  await turn();
  coherence.untold(record);
  assert.ok(coherence.tell(record, attrOf({ ctime: 101 }), "compared"));
});

test("after an older answer overtook a newer one the next drops", () => {
  void coherence.tell(record, attrOf({ ctime: 101, mtime: 51 }), "compared");
  assert.equal(coherence.tell(record, attrOf({ ctime: 100, mtime: 50 }), "compared"), undefined);
  assert.ok(coherence.tell(record, attrOf({ ctime: 102, mtime: 51 }), "compared"));
});

test("a file that changed just now is dropped once more when the clock has moved on", async () => {
  const fresh = attrOf({ ctime: dateSec });
  void coherence.tell(record, fresh, "compared");
  nowMs += 5;
  assert.equal(coherence.tell(record, fresh, "compared"), undefined);
  nowMs += 20;
  assert.ok(coherence.tell(record, fresh, "compared"));
  await turn();
  dropped[0]?.resolve();
  await turn();
  nowMs += 1000;
  assert.equal(coherence.tell(record, fresh, "compared"), undefined);
});

test("a file that was opened after its clock had moved on is not dropped for it", () => {
  record.readers = 0;
  const fresh = attrOf({ ctime: dateSec });
  void coherence.tell(record, fresh, "compared");
  nowMs += 25;
  void coherence.tell(record, fresh, "compared");
  record.readers = 1;
  nowMs += 25;
  assert.equal(coherence.tell(record, fresh, "compared"), undefined);
});

test("pages that are not certain after an answer are dropped before the next one is asked for", async () => {
  void coherence.tell(record, attrOf(), "compared");
  coherence.settle(record);
  assert.equal(coherence.tell(record, attrOf({ ctime: 101, size: 5n }), "truncating"), undefined);
  coherence.settle(record);
  await turn();
  assert.equal(dropped.length, 1);
  dropped[0]?.resolve();
  await turn();
  assert.equal(coherence.tell(record, attrOf({ ctime: 102, mtime: 51, size: 6n }), "compared"), undefined);
});
