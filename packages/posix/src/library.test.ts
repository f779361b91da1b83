import assert from "node:assert/strict";
import { test } from "node:test";
import { FsError } from "@kedgefs/core";
import { check, checkOffset, fsErrorFromErrno, libc, type Native } from "./library.ts";
import { syscallNumbersOf } from "./syscall-numbers.ts";

test("a failed call throws the FsError of its errno and names the call", () => {
  const close: Native<[number]> = libc.func("int close(int)");
  assert.throws(
    () => check(close(-1), "close"),
    (error) => error instanceof FsError && error.code === "EBADF" && error.message === "close: EBADF",
  );
});

test("ENOSYS never leaves the package, and a number without a name is EIO", () => {
  assert.equal(fsErrorFromErrno(38, "x").code, "EOPNOTSUPP");
  assert.equal(fsErrorFromErrno(95, "x").code, "EOPNOTSUPP");
  assert.equal(fsErrorFromErrno(11, "x").code, "EAGAIN");
  assert.equal(fsErrorFromErrno(4095, "x").code, "EIO");
});

test("an offset outside off_t is EINVAL", () => {
  checkOffset(0n, "x");
  checkOffset(2n ** 63n - 1n, "x");
  assert.throws(() => checkOffset(-1n, "x"), { code: "EINVAL" });
  assert.throws(() => checkOffset(2n ** 63n, "x"), { code: "EINVAL" });
});

test("x64 and arm64 have every number, another architecture is refused", () => {
  assert.deepEqual(Object.keys(syscallNumbersOf("arm64")), Object.keys(syscallNumbersOf("x64")));
  assert.equal(syscallNumbersOf("arm64").setfsuid, 151);
  assert.throws(() => syscallNumbersOf("s390x"), /s390x/);
});
