import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ModelRun, type StepKind, stepWeights } from "./test/model-run.ts";

const numbers = fc.tuple(fc.nat(99), fc.nat(9), fc.nat(9), fc.nat(9), fc.nat(3));
const step = fc.oneof(
  ...Object.entries(stepWeights).map(([kind, weight]) => {
    return { weight, arbitrary: fc.tuple(fc.constant(kind as StepKind), numbers) };
  }),
);

test("whatever overtakes what, nothing is believed that is not so at that moment", { timeout: 120_000 }, async (t) => {
  let run = new ModelRun();
  t.mock.method(performance, "now", () => run.nowMs);
  let believed = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 100, size: "max" }), async (steps) => {
      run = new ModelRun();
      for (const [kind, choices] of steps) await run.step(kind, choices);
      believed += run.believed;
    }),
    { numRuns: 400 },
  );
  assert.ok(believed > 1_000, `only ${believed} times was anything believed`);
  t.diagnostic(`something was believed ${believed} times`);
});
