import { runConformance } from "./run-conformance.ts";
import { memoryTarget } from "./targets/file-system-target.ts";

runConformance(memoryTarget());
