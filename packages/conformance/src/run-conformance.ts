import { after, describe, test } from "node:test";
import { capabilityWords } from "./capabilities.ts";
import type { ConformanceCase } from "./case.ts";
import { createCaseContext } from "./case-context.ts";
import { conformanceCases } from "./cases/all-cases.ts";
import type { ConformancePlace, ConformanceTarget } from "./target.ts";

/** Longest time of one case and of setting up or taking away a target, milliseconds. */
const caseTimeoutMs = 60_000;

/**
 * Registers a node:test test for each case on a target. A case that takes what the target lacks is skipped and says what it
 * takes; a target that can't be had on this machine is one skip that names the missing prerequisite.
 */
export function runConformance(target: ConformanceTarget, cases: readonly ConformanceCase[] = conformanceCases): void {
  describe(`conformance of ${target.name}`, () => {
    if (target.unavailable !== undefined) {
      test(`all ${cases.length} cases`, { skip: target.unavailable }, () => {});
      return;
    }
    let place: ConformancePlace | undefined;
    // A test and no hook: where it fails its reason is read once, not hidden among cancelled cases.
    test("the file system can be set up", { timeout: caseTimeoutMs }, async () => {
      place = await target.setup();
    });
    after(async () => place?.teardown(), { timeout: caseTimeoutMs });
    for (const [index, conformanceCase] of cases.entries()) {
      test(conformanceCase.name, { timeout: caseTimeoutMs }, async (t) => {
        if (place === undefined) {
          t.skip("takes a file system, which could not be set up");
          return;
        }
        const { capabilities } = place;
        const missing = (conformanceCase.needs ?? []).filter((capability) => !capabilities.has(capability));
        if (missing.length > 0) {
          t.skip(`takes that ${missing.map((capability) => capabilityWords[capability]).join(", and that ")}`);
          return;
        }
        const { context, end } = await createCaseContext(place, `case-${index + 1}`);
        try {
          await conformanceCase.run(context);
        } finally {
          await end();
        }
      });
    }
  });
}
