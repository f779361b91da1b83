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
