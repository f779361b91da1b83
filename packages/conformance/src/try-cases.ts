import type { ConformanceCase } from "./case.ts";
import { createCaseContext } from "./case-context.ts";
import { conformanceCases } from "./cases/all-cases.ts";
import type { ConformanceTarget } from "./target.ts";

/**
 * Runs the cases for which the target has what they take, without a test runner, and tells the names of those that failed. For tests
 * about the cases themselves.
 */
export async function failuresOn(
  target: ConformanceTarget,
  cases: readonly ConformanceCase[] = conformanceCases,
): Promise<readonly string[]> {
  const place = await target.setup();
  const failed: string[] = [];
  try {
    for (const [index, { name, run, needs = [] }] of cases.entries()) {
      if (needs.some((need) => !place.capabilities.has(need))) continue;
      const { context, end } = await createCaseContext(place, `case-${index}`);
      try {
        await run(context);
      } catch {
        failed.push(name);
      } finally {
        await end().catch(() => failed.push(name));
      }
    }
  } finally {
    await place.teardown();
  }
  return failed;
}
