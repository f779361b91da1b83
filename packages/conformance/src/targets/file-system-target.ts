import { type Caller, type FileSystem, rootCaller } from "@kedgefs/core";
import { type Capability, capabilitiesWithout } from "../capabilities.ts";
import { memory } from "../memory/memory.ts";
import type { MemoryOptions } from "../memory/state.ts";
import type { ConformanceTarget, View } from "../target.ts";
import { volume } from "../volume-api.ts";

/** A FileSystem and how to be rid of it. */
export interface StandingFileSystem {
  readonly fileSystem: FileSystem;
  /** The same files by another way, as another client's. */
  readonly second?: FileSystem | undefined;
  close?(): Promise<void>;
}

export interface FileSystemTargetOptions {
  readonly missing?: readonly Capability[];
  readonly unavailable?: string | undefined;
  /** Whom the cases act as unless they say otherwise. Default root; another one lacks "root" and often "identities". */
  readonly caller?: Caller;
}

const umask = 0o022;

/**
 * A FileSystem without a mount, through `volume`. Its root directory must be writable for the caller and have no entry
 * "conformance"; `makeFs` is called once for each run of the cases.
 */
export function fileSystemTarget(
  name: string,
  makeFs: () => Promise<StandingFileSystem> | StandingFileSystem,
  { missing = [], unavailable, caller = rootCaller }: FileSystemTargetOptions = {},
): ConformanceTarget {
  return {
    name,
    unavailable,
    setup: async () => {
      const { fileSystem, second, close } = await makeFs();
      const dir = "/conformance";
      const viewOf = (source: FileSystem): View => {
        const api = volume(source, { caller, umask });
        return { fs: api, raw: api, dir, as: (identity) => api.as({ ...identity, pid: 0 }) };
      };
      const view = viewOf(fileSystem);
      const { fs } = view;
      await fs.mkdir(dir);
      return {
        ...view,
        second: viewOf(second ?? fileSystem),
        self: caller,
        umask,
        capabilities: capabilitiesWithout(...missing, "programs", "shared-maps", "locks"),
        teardown: async () => {
          try {
            await fs.rm(dir, { recursive: true, force: true });
          } finally {
            await close?.();
          }
        },
      };
    },
  };
}

/** It keeps no ACLs, whose rules are the kernel's. */
export const memoryLacks: readonly Capability[] = ["acls"];

/** The model in memory. */
export function memoryTarget(options?: MemoryOptions): ConformanceTarget {
  return fileSystemTarget("memory", () => ({ fileSystem: memory(options) }), { missing: memoryLacks });
}
