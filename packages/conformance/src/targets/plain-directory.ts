import type { Capability } from "../capabilities.ts";
import type { ConformanceTarget } from "../target.ts";
import { realPlace } from "./real-place.ts";

/** The control: a directory of the machine's own file system, which shows that the cases themselves are right. */
export function plainDirectory(
  parent: string,
  { name = `a plain directory in ${parent}`, missing = [] }: { name?: string; missing?: readonly Capability[] } = {},
): ConformanceTarget {
  return { name, setup: () => realPlace(parent, { missing }) };
}
