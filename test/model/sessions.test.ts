import { after, before, describe, test } from "node:test";
import { checkScripts, makeRunDirectory, type Stage, type StandingFileSystem, seamWorld } from "@kedgefs/conformance";
import { servedConnections } from "../support/served-connections.ts";

const timeout = 600_000;

describe("two sessions of one server", {
  // Calls are made as several users, and files are found again by handles, which leases take.
  skip: process.getuid?.() === 0 ? false : "takes root",
}, () => {
  let standing: StandingFileSystem;
  let stage: Stage;

  before(async () => {
    standing = await servedConnections();
    const { fileSystem, second = fileSystem } = standing;
    let count = 0;
    stage = {
      directoryLinks: true,
      async world() {
        count += 1;
        await makeRunDirectory(fileSystem, `run-${count}`);
        return await seamWorld([fileSystem, second], `run-${count}`);
      },
    };
  });
  after(() => standing?.close?.());

  test("answer each call as one file system would", { timeout }, () =>
    checkScripts("two sessions", 150, { steps: 50 }, stage),
  );

  test("answer calls that overlap as if one was made after the other", { timeout }, () =>
    checkScripts("two sessions with calls that overlap", 150, { steps: 50, overlaps: true }, stage),
  );
});
