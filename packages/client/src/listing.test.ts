import assert from "node:assert/strict";
import { test } from "node:test";
import type { DirEntry } from "@kedgefs/core";
import { Listing } from "./listing.ts";

const entry = (text: string, offset: bigint): DirEntry => ({ name: Buffer.from(text), ino: 1n, type: 8, offset });
const [a, b, c] = [entry("a", 7n), entry("b", 3n), entry("c", 9n)];
const entries = [a, b, c];

test("what follows an entry is known from its offset, in whatever order offsets are", () => {
  const listing = new Listing({ entries, end: true });
  assert.deepEqual(listing.after(7n), { entries: [b, c], end: true });
  assert.deepEqual(listing.after(3n), { entries: [c], end: true });
});

test("after the last entry there is nothing, if nothing follows; else the server has to be asked", () => {
  assert.deepEqual(new Listing({ entries, end: true }).after(9n), { entries: [], end: true });
  assert.equal(new Listing({ entries, end: false }).after(9n), undefined);
  assert.deepEqual(new Listing({ entries, end: false }).after(3n), { entries: [c], end: false });
});

test("the beginning is asked for anew each time, and so is a position that is not in this part", () => {
  const listing = new Listing({ entries: [entry("a", 0n), b], end: true });
  assert.equal(listing.after(0n), undefined);
  assert.equal(listing.after(8n), undefined);
  assert.equal(new Listing({ entries: [], end: true }).after(0n), undefined);
});

test("a position that two entries share is the server's to understand", () => {
  const listing = new Listing({ entries: [a, entry("b", 7n), entry("d", 7n), c], end: true });
  assert.equal(listing.after(7n), undefined);
  assert.deepEqual(listing.after(9n), { entries: [], end: true });
});
