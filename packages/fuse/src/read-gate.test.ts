import assert from "node:assert/strict";
import { test } from "node:test";
import { ReadGate } from "./read-gate.ts";

test("reads go on when the last reason to hold them is gone", () => {
  const events: string[] = [];
  const gate = new ReadGate({ pause: () => events.push("pause"), resume: () => events.push("resume") });
  gate.hold("asked", true);
  gate.hold("full", true);
  gate.hold("asked", true);
  gate.hold("asked", false);
  assert.deepEqual(events, ["pause"]);
  gate.hold("full", false);
  gate.hold("full", false);
  assert.deepEqual(events, ["pause", "resume"]);
});
