export { allCapabilities, type Capability, capabilitiesWithout, capabilityWords } from "./capabilities.ts";
export type { CaseApi, CaseContext, ConformanceCase, Identity } from "./case.ts";
export { conformanceCases } from "./cases/all-cases.ts";
export { Locker } from "./helper/locker.ts";
export { Python } from "./helper/python.ts";
export { memory } from "./memory/memory.ts";
export type { MemoryOptions } from "./memory/state.ts";
export { type ModelCheckOptions, runModelCheck } from "./model/run-model-check.ts";
export { runConformance } from "./run-conformance.ts";
export type { ConformancePlace, ConformanceTarget, View } from "./target.ts";
export {
  type FileSystemTargetOptions,
  fileSystemTarget,
  memoryTarget,
  type StandingFileSystem,
} from "./targets/file-system-target.ts";
export { mountTarget, type StandingMount } from "./targets/mount-target.ts";
export { plainDirectory } from "./targets/plain-directory.ts";
export {
  checkScripts,
  failureOfSeed,
  type ScriptFailure,
  type Stage,
  textOfFailure,
  tryScript,
} from "./two-clients/check-scripts.ts";
export type { ScriptKind } from "./two-clients/generate.ts";
export type { Outcome, Seen } from "./two-clients/outcome.ts";
export { type CallStep, callers, type Disturbance, type Script, textOfScript } from "./two-clients/script.ts";
export { makeRunDirectory, seamWorld, type World } from "./two-clients/seam-world.ts";
