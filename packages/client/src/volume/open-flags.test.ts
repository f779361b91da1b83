import assert from "node:assert/strict";
import { constants } from "node:fs";
import { test } from "node:test";
import { openFlagsFrom } from "./open-flags.ts";

const { O_APPEND, O_CREAT, O_EXCL, O_RDONLY, O_RDWR, O_SYNC, O_TRUNC, O_WRONLY } = constants;

test("flags mean what node's documentation says", () => {
  const meanings: Record<string, number> = {
    r: O_RDONLY,
    "r+": O_RDWR,
    rs: O_RDONLY | O_SYNC,
    "rs+": O_RDWR | O_SYNC,
    w: O_WRONLY | O_CREAT | O_TRUNC,
    wx: O_WRONLY | O_CREAT | O_TRUNC | O_EXCL,
    "w+": O_RDWR | O_CREAT | O_TRUNC,
    "wx+": O_RDWR | O_CREAT | O_TRUNC | O_EXCL,
    a: O_WRONLY | O_CREAT | O_APPEND,
    ax: O_WRONLY | O_CREAT | O_APPEND | O_EXCL,
    "a+": O_RDWR | O_CREAT | O_APPEND,
    "as+": O_RDWR | O_CREAT | O_APPEND | O_SYNC,
  };
  for (const [flags, meaning] of Object.entries(meanings)) assert.equal(openFlagsFrom(flags), meaning, flags);
  assert.equal(openFlagsFrom(O_RDWR | O_APPEND), O_RDWR | O_APPEND);
});

test("flags that node does not know are refused", () => {
  for (const flags of ["", "x", "rw", "r++", "rx", "w "]) {
    assert.throws(() => openFlagsFrom(flags), { code: "ERR_INVALID_ARG_VALUE" }, flags);
  }
});
