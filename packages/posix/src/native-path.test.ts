import assert from "node:assert/strict";
import { test } from "node:test";
import { encodePath, PathEncoder, procFdPath } from "./native-path.ts";

const untilNul = (bytes: Buffer): Buffer => Buffer.from(bytes.subarray(0, bytes.indexOf(0)));

test("strings become UTF-8, bytes stay as they are, each with a NUL after it", () => {
  assert.deepEqual(untilNul(encodePath("é€")), Buffer.from("é€"));
  assert.deepEqual(untilNul(encodePath(new Uint8Array([0xff, 0xfe, 0x80]))), Buffer.from([0xff, 0xfe, 0x80]));
  assert.deepEqual(untilNul(encodePath("")), Buffer.alloc(0));
  assert.equal(untilNul(procFdPath(7)).toString(), "/proc/self/fd/7");
});

test("a shorter name after a longer one shows nothing of the longer", () => {
  encodePath("a-rather-long-name");
  assert.equal(untilNul(encodePath("b")).toString(), "b");
});

test("a NUL within is EINVAL", () => {
  assert.throws(() => encodePath("a\0b"), { code: "EINVAL" });
  assert.throws(() => encodePath(Buffer.from("a\0b")), { code: "EINVAL" });
});

test("4,095 bytes fit, one more is ENAMETOOLONG, counted in bytes and not in characters", () => {
  assert.equal(untilNul(encodePath("x".repeat(4095))).length, 4095);
  assert.equal(untilNul(encodePath("€".repeat(1365))).length, 4095);
  assert.throws(() => encodePath("x".repeat(4096)), { code: "ENAMETOOLONG" });
  assert.throws(() => encodePath("€".repeat(1366)), { code: "ENAMETOOLONG" });
  assert.throws(() => encodePath("€".repeat(4095)), { code: "ENAMETOOLONG" });
  assert.throws(() => encodePath(Buffer.alloc(4096, 1)), { code: "ENAMETOOLONG" });
});

test("two encoders hold two names at once", () => {
  const [one, other] = [new PathEncoder(), new PathEncoder()];
  const [a, b] = [one.encode("a"), other.encode("b")];
  assert.equal(untilNul(a).toString() + untilNul(b).toString(), "ab");
});
