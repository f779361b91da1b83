import assert from "node:assert/strict";
import { test } from "node:test";
import { pageBytes, SparseBytes } from "./sparse-bytes.ts";

const createBytes = (totalPages = 100) => {
  const space = { usedPages: 0, totalPages };
  return { space, bytes: new SparseBytes(space) };
};

test("a write across pages comes back, and zeros round it", () => {
  const { bytes } = createBytes();
  const data = Buffer.alloc(3 * pageBytes, 7);
  bytes.write(5n, data);
  assert.equal(bytes.size, 5n + BigInt(data.length));
  assert.deepEqual(Buffer.from(bytes.read(0n, data.length + 100)), Buffer.concat([Buffer.alloc(5), data]));
});

test("a size of an exbibyte takes no page", () => {
  const { space, bytes } = createBytes();
  bytes.truncate(2n ** 60n);
  assert.equal(space.usedPages, 0);
  assert.deepEqual(bytes.read(2n ** 60n - 3n, 10), Buffer.alloc(3));
});

test("truncating gives pages back, and growing again shows zeros", () => {
  const { space, bytes } = createBytes();
  bytes.write(0n, Buffer.alloc(2 * pageBytes, 1));
  bytes.truncate(10n);
  assert.equal(space.usedPages, 1);
  bytes.truncate(20n);
  assert.deepEqual(bytes.read(0n, 20), Buffer.concat([Buffer.alloc(10, 1), Buffer.alloc(10)]));
  bytes.truncate(0n);
  assert.equal(space.usedPages, 0);
});

test("a write that finds no room is ENOSPC and changes nothing", () => {
  const { space, bytes } = createBytes(2);
  bytes.write(0n, Buffer.from("kept"));
  assert.throws(() => bytes.write(0n, Buffer.alloc(3 * pageBytes, 1)), { code: "ENOSPC" });
  assert.equal(bytes.size, 4n);
  assert.deepEqual(bytes.read(0n, 10), Buffer.from("kept"));
  assert.equal(space.usedPages, 1);
});
