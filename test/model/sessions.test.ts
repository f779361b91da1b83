import { after, before, describe, test } from "node:test";
import { checkScripts, type StandingFileSystem } from "@kedgefs/conformance";
import { servedConnections } from "../support/served-connections.ts";
import { sessionStage } from "../support/session-stage.ts";

const timeout = 600_000;

describe("two sessions of one server", {
  // Calls are made as several users, and files are found again by handles, which leases take.
  skip: process.getuid?.() === 0 ? false : "takes root",
}, () => {
  let standing: StandingFileSystem;

  before(async () => {
    standing = await servedConnections();
  });
  after(() => standing?.close?.());

  test("answer each call as one file system would", { timeout }, () =>
    checkScripts("two sessions", 100, { steps: 50 }, sessionStage(standing)),
  );

  test("answer calls that overlap as if one was made after the other", { timeout }, () =>
    checkScripts("two sessions, calls that overlap", 60, { steps: 50, overlaps: true }, sessionStage(standing)),
  );
});
