import assert from "node:assert/strict";
import { test } from "node:test";
import { partsOf, pathBytes } from "./path.ts";

const componentsOf = (path: string) => partsOf(Buffer.from(path)).components.map(String);

test("a path comes apart at its slashes, and a last one asks for a directory", () => {
  assert.deepEqual(componentsOf("/a//b"), ["a", "b"]);
  assert.deepEqual(componentsOf("a/./../b/"), ["a", ".", "..", "b"]);
  assert.deepEqual(componentsOf("///"), []);
  assert.equal(partsOf(Buffer.from("/a")).absolute, true);
  assert.equal(partsOf(Buffer.from("a")).absolute, false);
  assert.equal(partsOf(Buffer.from("a/")).trailingSlash, true);
  assert.equal(partsOf(Buffer.from("a/b")).trailingSlash, false);
});

test("a path is UTF-8 text or bytes, of 1 to 4,095 bytes without NUL", () => {
  assert.deepEqual(pathBytes("ü"), Buffer.from([0xc3, 0xbc]));
  assert.deepEqual(pathBytes(Buffer.from([0xff])), Buffer.from([0xff]));
  assert.equal(pathBytes("x".repeat(4095)).length, 4095);
  assert.throws(() => pathBytes("x".repeat(4096)), { code: "ENAMETOOLONG" });
  assert.throws(() => pathBytes(""), { code: "ENOENT" });
  assert.throws(() => pathBytes("a\0b"), { name: "TypeError", code: "ERR_INVALID_ARG_VALUE" });
});
