import { fileSystemTarget, runConformance, runModelCheck } from "@kedgefs/conformance";
import { capabilitiesOfUser, userCaller } from "../support/own-caller.ts";
import { servedConnections } from "../support/served-connections.ts";

/** The seed of an earlier failure, as it was printed. */
const seed = process.env.KEDGE_MODEL_SEED === undefined ? undefined : Number(process.env.KEDGE_MODEL_SEED);
const target = fileSystemTarget("remote in this process", servedConnections, {
  caller: userCaller(),
  missing: capabilitiesOfUser(),
});

runConformance(target);
runModelCheck(target, { runs: 20, seed });
