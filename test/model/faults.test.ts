import { after, before, describe, test } from "node:test";
import { checkScripts } from "@kedgefs/conformance";
import { FaultStage } from "../support/fault-stage.ts";

const timeout = 600_000;

describe("two sessions whose connections break, of a server that is killed and started again", {
  skip: process.getuid?.() === 0 ? false : "takes root",
}, () => {
  let stage: FaultStage;

  before(async () => {
    stage = await FaultStage.create();
  });
  after(() => stage?.[Symbol.asyncDispose]());

  test("answer each call as one file system would", { timeout }, () =>
    checkScripts("two sessions, disturbed", 4, { steps: 40, disturbances: true }, stage),
  );

  test("answer calls that overlap as if one was made after the other", { timeout }, () =>
    checkScripts("overlapping calls, disturbed", 3, { steps: 40, disturbances: true, overlaps: true }, stage),
  );
});
