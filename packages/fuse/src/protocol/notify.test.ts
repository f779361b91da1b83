import assert from "node:assert/strict";
import { test } from "node:test";
import { nul, struct } from "../test/request-bytes.ts";
import { encodeInvalEntry, encodeInvalInode } from "./notify.ts";

test("a notification has unique 0 and its code for an error", () => {
  assert.deepEqual(encodeInvalInode(7, -1n, 4096n), struct([32, 40], [32, 2], [64, 0], [64, 7], [64, -1], [64, 4096]));
  const name = Buffer.from([0xff, 0x41]);
  const expected = struct([32, 35], [32, 3], [64, 0], [64, 7], [32, 2], [32, 0], name, nul(""));
  assert.deepEqual(encodeInvalEntry(7, name), expected);
});
