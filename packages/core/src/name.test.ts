import assert from "node:assert/strict";
import { test } from "node:test";
import { checkName } from "./name.ts";

test("one component of any bytes is a name", () => {
  for (const name of ["a", "...", "-rf", "a\nb", "\xff\xfe", " ", "x".repeat(255)])
    checkName(Buffer.from(name, "latin1"));
});

test("what could lead elsewhere is no name", () => {
  for (const name of ["", ".", "..", "a/b", "/", "a\0", "../x"]) {
    assert.throws(() => checkName(Buffer.from(name)), { code: "EINVAL" }, JSON.stringify(name));
  }
  assert.throws(() => checkName(Buffer.alloc(256, "x")), { code: "ENAMETOOLONG" });
});
