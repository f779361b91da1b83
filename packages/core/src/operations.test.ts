import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { operations } from "./operations.ts";
import { operationsPage } from "./operations-page.ts";

test("docs/operations.md is what the table prints", () => {
  const page = readFileSync(new URL("../../../docs/operations.md", import.meta.url), "utf8");
  assert.equal(page, operationsPage(), "run: npm run generate");
});

test("whatever changes something is journalled or may run twice", () => {
  for (const [name, { mutates, retry }] of Object.entries(operations)) {
    if (mutates) assert.ok(retry === "once" || retry === "idempotent", name);
  }
});
