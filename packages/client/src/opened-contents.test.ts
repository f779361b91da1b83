import assert from "node:assert/strict";
import { test } from "node:test";
import { type Attr, type Entry, type HandleId, limits, type NodeId, rootCaller } from "@kedgefs/core";
import { LeaseCache } from "./leases/lease-cache.ts";
import { OpenedContents } from "./opened-contents.ts";

const past = { sec: 1_000, nsec: 0 };
const attr: Attr = {
  ...{ ino: 1n, mode: 0o100644, nlink: 1, uid: 0, gid: 0, rdev: 0, size: 4n, blocks: 0n, blksize: 4096 },
  ...{ atime: { sec: Math.floor(Date.now() / 1000), nsec: 1 }, mtime: past, ctime: past, btime: past },
};
const file = "file" as NodeId;
const other = "other" as NodeId;
const entry: Entry = { node: file, attr };
const handleOf = (number: number): HandleId => number as HandleId;
const noEffect = { places: [], made: [], permissions: false };

function begin(leaseMs = 60_000) {
  const cache = new LeaseCache(() => ({ leaseMs, strictAtime: false }));
  const contents = new OpenedContents(cache);
  /** An open that is answered under a lease. */
  const open = (number = 1, content: Uint8Array = Buffer.from("text")): void => {
    const asked = cache.ask();
    cache.learn([], [entry], asked, rootCaller);
    contents.keep(handleOf(number), { entry, content, asked });
  };
  const read = (offset = 0n, size: number = 4096, number = 1): string | undefined =>
    contents.read({ node: file, handle: handleOf(number), offset, size })?.toString();
  return { cache, contents, open, read };
}

test("a read is answered from its offset, with as much as it asks for and there is", () => {
  const { open, read } = begin();
  open();
  for (const [offset, size, expected] of [
    [0n, 4096, "text"],
    [0n, 4, "text"],
    [1n, 2, "ex"],
    [3n, 2, "t"],
    [4n, 1, ""],
    [5n, 1, ""],
    [2n ** 63n - 1n, 4096, ""],
    [0n, 0, ""],
  ] as const) {
    assert.equal(read(offset, size), expected, `${size} at ${offset}`);
  }
});

test("what a reader does to the bytes it was given changes nothing for the next", () => {
  const { contents, open, read } = begin();
  const came = Buffer.from("text");
  open(1, came);
  came.fill("x");
  const data = contents.read({ node: file, handle: handleOf(1), offset: 0n, size: 4 });
  data?.fill(0);
  assert.equal(read(), "text");
});

test("only the handle that was opened has the content, until it is released", () => {
  const { contents, open, read } = begin();
  open();
  assert.equal(read(0n, 4, 2), undefined);
  contents.drop(handleOf(1));
  assert.equal(read(), undefined);
});

test("it is believed until its time is up, counted from before the open was asked", (t) => {
  let nowMs = 1_000;
  t.mock.method(performance, "now", () => nowMs);
  const { cache, contents, read } = begin(100);
  const asked = cache.ask();
  nowMs += 60;
  cache.learn([], [entry], asked, rootCaller);
  contents.keep(handleOf(1), { entry, content: Buffer.from("text"), asked });
  nowMs += 39;
  assert.equal(read(), "text");
  // That the attributes are told again makes the content no younger.
  cache.learn([], [entry], cache.ask(), rootCaller);
  nowMs += 1;
  assert.equal(read(), undefined);
});

const ends: Record<string, (cache: LeaseCache) => void> = {
  "a recall": (cache) => cache.recalled(file),
  "a recall of everything": (cache) => cache.recalled(undefined),
  "a change of one's own that is under way": (cache) => void cache.begin({ nodes: [file], ...noEffect }),
  "a change of one's own": (cache) => void cache.end(cache.begin({ nodes: [file], ...noEffect })),
  "a truncation by a name of which it is not known where it leads": (cache) => {
    const places = [{ parent: other, name: Buffer.from("f") }];
    cache.end(cache.begin({ nodes: [], places, made: [], permissions: false }));
  },
};
for (const [end, happens] of Object.entries(ends)) {
  test(`${end} ends it, though the attributes are told as before`, () => {
    const { cache, open, read } = begin();
    open();
    assert.equal(read(), "text");
    happens(cache);
    cache.learn([], [entry], cache.ask(), rootCaller);
    assert.equal(read(), undefined);
  });
}

test("an open that a recall or a change of one's own overtook has told nothing that is believed", () => {
  for (const [end, happens] of Object.entries(ends)) {
    const { cache, contents, read } = begin();
    const asked = cache.ask();
    happens(cache);
    cache.learn([], [entry], cache.ask(), rootCaller);
    contents.keep(handleOf(1), { entry, content: Buffer.from("text"), asked });
    assert.equal(read(), undefined, end);
  }
});

test("attributes that tell of a change end it, though its recall is still on its way", () => {
  for (const change of [{ size: 5n }, { mtime: { sec: 1_001, nsec: 0 } }, { ctime: { sec: 1_000, nsec: 1 } }]) {
    const { cache, open, read } = begin();
    open();
    cache.learn([{ entry: { node: file, attr: { ...attr, ...change } } }], [], cache.ask(), rootCaller);
    assert.equal(read(), undefined);
  }
});

test("a change of another file, a read and a look end nothing", () => {
  const { cache, open, read } = begin();
  open();
  cache.recalled(other);
  cache.end(cache.begin({ nodes: [other], ...noEffect }));
  cache.end(cache.begin(undefined, file));
  cache.learn([{ entry }], [], cache.ask(), rootCaller);
  assert.equal(read(), "text");
});

test("past its bound the oldest goes, and what is empty or too long is not kept", () => {
  const { open, read } = begin();
  for (let number = 1; number <= 65; number++) open(number);
  assert.equal(read(0n, 4, 1), undefined);
  assert.equal(read(0n, 4, 2), "text");
  open(66, Buffer.alloc(0));
  open(67, Buffer.alloc(limits.openContentBytesMax + 1));
  for (const number of [66, 67]) assert.equal(read(0n, 4, number), undefined);
  assert.equal(read(0n, 4, 65), "text");
});
