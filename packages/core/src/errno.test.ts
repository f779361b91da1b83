import assert from "node:assert/strict";
import { test } from "node:test";
import { errnoNameFromNumber, errnoNumberFromName, FsError, toFsError } from "./errno.ts";

const unexpected = (): never => assert.fail("reported as unexpected");

test("an FsError and an error of node:fs keep their errno", () => {
  const error = new FsError("ENOTEMPTY");
  assert.equal(toFsError(error, unexpected), error);
  assert.equal(toFsError(Object.assign(new Error("x"), { code: "ESTALE" }), unexpected).code, "ESTALE");
});

test("whatever has no errno is reported and becomes EIO", () => {
  for (const thrown of [
    new TypeError("bug"),
    "text",
    undefined,
    null,
    Object.assign(new Error("y"), { code: "ERR_X" }),
  ]) {
    const reported: unknown[] = [];
    assert.equal(toFsError(thrown, (each) => reported.push(each)).code, "EIO");
    assert.deepEqual(reported, [thrown]);
  }
});

test("ENOSYS never gets through: the kernel would not ask again", () => {
  let reports = 0;
  assert.equal(toFsError(new FsError("ENOSYS"), () => reports++).code, "EIO");
  assert.equal(reports, 1);
});

test("names and numbers lead to each other, by the spelling that programs print", () => {
  assert.equal(errnoNameFromNumber(11), "EAGAIN");
  assert.equal(errnoNameFromNumber(95), "EOPNOTSUPP");
  for (let number = 1; number < 134; number++) {
    const name = errnoNameFromNumber(number);
    if (name !== undefined) assert.equal(errnoNumberFromName(name), number);
  }
});
