import { runConformance } from "@kedgefs/conformance";
import { fuseNativeLacks } from "@kedgefs/fuse";
import { mountedTarget } from "../support/mounted-target.ts";
import { lacksFuseNative } from "../support/prerequisites.ts";

runConformance(mountedTarget("fuse-native", { missing: fuseNativeLacks, unavailable: await lacksFuseNative() }));
