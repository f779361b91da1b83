import assert from "node:assert/strict";
import { test } from "node:test";
import { createTextLogger } from "./text-logger.ts";

function capture(level: "debug" | "warn", timestamps = false) {
  const lines: string[] = [];
  return { lines, logger: createTextLogger({ level, timestamps, write: (line) => lines.push(line) }) };
}

test("an event is one line with its fields", () => {
  const { lines, logger } = capture("debug");
  logger.info("mounted", { mountpoint: "/mnt/a b", attempts: 3, readOnly: false, missing: undefined, empty: "" });
  assert.deepEqual(lines, ['info mounted mountpoint="/mnt/a b" attempts=3 readOnly=false empty=""\n']);
});

test("a message from elsewhere cannot begin a line of its own", () => {
  const { lines, logger } = capture("debug");
  logger.warn("peer said: a\nerror forged", { reason: "x\n\u001b[31m" });
  assert.equal(lines.length, 1);
  assert.equal(lines[0]?.indexOf("\n"), (lines[0]?.length ?? 0) - 1);
  assert.ok(!lines[0]?.includes("\u001b"));
});

test("lower levels are dropped", () => {
  const { lines, logger } = capture("warn");
  logger.debug("a");
  logger.info("b");
  logger.warn("c");
  logger.error("d");
  assert.deepEqual(lines, ["warn c\n", "error d\n"]);
});

test("the time is ISO 8601", () => {
  const { lines, logger } = capture("debug", true);
  logger.error("x");
  assert.match(lines[0] ?? "", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z error x\n$/);
});
