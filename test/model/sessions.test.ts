import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { checkScripts, type Script, type StandingFileSystem, textOfScript, tryScript } from "@kedgefs/conformance";
import { servedConnections } from "../support/served-connections.ts";
import { sessionStage } from "../support/session-stage.ts";

const timeout = 600_000;

/** Scripts that failed once, as they were printed. */
const failedOnce: readonly Script[] = [
  [
    { call: "open", slot: 0, path: "c", flags: 66, mode: 511, client: 0, as: "root" },
    { call: "copy", slot: 0, newSlot: 0, at: 0, newAt: 4096, size: 1, client: 0, as: "root" },
  ],
  [
    { call: "open", slot: 0, path: "c", flags: 64, mode: 1517, client: 1, as: "root" },
    { call: "write", slot: 0, at: 0, size: 1, fill: 120, client: 1, as: "user" },
  ],
  [
    { call: "chmod", path: "a", mode: 0, client: 0, as: "root" },
    { call: "getxattr", path: "a", name: "user.b", client: 1, as: "user" },
  ],
  [
    { call: "open", slot: 1, path: "a/b", flags: 66, mode: 1517, client: 1, as: "root" },
    { call: "copy", slot: 1, newSlot: 1, at: 0, newAt: 0, size: 1, client: 1, as: "user" },
  ],
  [
    { call: "open", slot: 0, path: "a/a", flags: 64, mode: 511, client: 0, as: "root" },
    { call: "write", slot: 0, at: 0, size: 1, fill: 120, client: 0, as: "root" },
  ],
  [
    { call: "open", slot: 0, path: "c", flags: 66, mode: 1462, client: 1, as: "root" },
    { call: "write", slot: 0, at: 0, size: 1, fill: 120, client: 1, as: "user" },
  ],
];

describe("two sessions of one server", {
  // Calls are made as several users, and files are found again by handles, which leases take.
  skip: process.getuid?.() === 0 ? false : "takes root",
}, () => {
  let standing: StandingFileSystem;

  before(async () => {
    standing = await servedConnections();
  });
  after(() => standing?.close?.());

  test("answer each call of scripts that failed once", { timeout }, async () => {
    const stage = sessionStage(standing);
    for (const script of failedOnce) assert.equal(await tryScript(script, stage), undefined, textOfScript(script));
  });

  test("answer each call as one file system would", { timeout }, () =>
    checkScripts("two sessions", 100, { steps: 50 }, sessionStage(standing)),
  );

  test("answer calls that overlap as if one was made after the other", { timeout }, () =>
    checkScripts("two sessions, calls that overlap", 60, { steps: 50, overlaps: true }, sessionStage(standing)),
  );
});
