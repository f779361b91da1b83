import { runConformance } from "@kedgefs/conformance";
import { mountedTarget } from "../support/mounted-target.ts";
import { lacksMounts } from "../support/prerequisites.ts";

runConformance(mountedTarget("kernel", { unavailable: lacksMounts() }));
