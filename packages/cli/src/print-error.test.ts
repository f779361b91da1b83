import assert from "node:assert/strict";
import { test } from "node:test";
import { UserError } from "@kedgefs/core";
import { printError } from "./print-error.ts";
import { UsageError } from "./usage-error.ts";

test("an error of the user's is a message and a hint, exit code 1", () => {
  const printed = printError(new UserError("no such export", "Ask for one of: a\nor b"), false);
  assert.deepEqual(printed, { text: "kedge: no such export\n  Ask for one of: a\n  or b\n", exitCode: 1 });
});

test("wrong usage is exit code 2", () => {
  assert.deepEqual(printError(new UsageError("no"), false), { text: "kedge: no\n", exitCode: 2 });
});

test("anything else is a bug: exit code 70, no stack unless asked for", () => {
  const error = new TypeError("x is undefined");
  assert.deepEqual(printError(error, false), {
    text: "kedge: internal error: x is undefined (run with --debug for details)\n",
    exitCode: 70,
  });
  assert.match(printError(error, true).text, /^kedge: internal error: x is undefined\nTypeError: .*\n {4}at /);
  assert.equal(printError("thrown text", false).exitCode, 70);
});

test("a hostile message cannot write escape sequences", () => {
  assert.ok(!printError(new UserError("a\u001b[2Jb"), false).text.includes("\u001b"));
});
