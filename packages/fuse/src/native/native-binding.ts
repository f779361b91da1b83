import { createRequire } from "node:module";
import { constants } from "node:os";
import { dirname } from "node:path";
import { UserError } from "@kedgefs/core";

/** The version whose addon this driver was read against. Its inner interface is private to the package, so no other is taken. */
export const fuseNativeVersion = "2.2.6";

/** What the addon calls for each request. `frame` is its record of the waiting FUSE thread, to be handed back to the signal. */
export type NativeHandler = (frame: Buffer, operation: number, ...args: readonly unknown[]) => void;

/** Answers the waiting thread: 0, a count or a negative errno, and what the operation returns besides. */
export type NativeSignal = (frame: Buffer, result: number, ...rest: readonly unknown[]) => void;

/**
 * The compiled half of fuse-native (fuse-native.c). The JavaScript half (index.js) is not used: it drops entry_timeout=0,
 * answers fgetattr by path, shows a link count of 0 as 1, and always unmounts lazily and through `fusermount`.
 */
export interface NativeBinding {
  readonly sizeof_fuse_thread_t: number;
  fuse_native_mount(
    mountpoint: string,
    options: string,
    thread: Buffer,
    self: object,
    malloc: (sizeBytes: number) => Buffer,
    handlers: readonly NativeHandler[],
    implemented: Uint32Array,
  ): void;
  fuse_native_unmount(mountpoint: string, thread: Buffer): void;
  readonly [operation: `op_${string}`]: number;
  readonly [signal: `fuse_native_signal_${string}`]: NativeSignal;
}

/** RTLD_NODELETE of dlopen(3), bits/dlfcn.h; node:os does not have it. */
const RTLD_NODELETE = 0x1000;

let loaded: NativeBinding | undefined;

/** Loads fuse-native once. UserError where it is missing, of another version, or does not load. */
export function loadNativeBinding(): NativeBinding {
  loaded ??= load();
  return loaded;
}

function load(): NativeBinding {
  const requirePackage = requireOfPackage();
  const { version } = requirePackage("./package.json") as { version: string };
  if (version !== fuseNativeVersion) {
    throw new UserError(
      `the driver fuse-native needs version ${fuseNativeVersion} of the package fuse-native, not ${version}`,
      `npm install fuse-native@${fuseNativeVersion}`,
    );
  }
  try {
    return loadAddon(requirePackage);
  } catch {
    // The addon names libfuse.so.2 without saying where; its package carries a copy for machines that have no libfuse 2.
    keepCarriedLibrary(requirePackage);
  }
  try {
    return loadAddon(requirePackage);
  } catch (error) {
    throw new UserError(
      `the package fuse-native is installed but does not load: ${messageOf(error)}`,
      "apt install libfuse2 && npm rebuild fuse-native, or mount with --driver kernel",
    );
  }
}

function requireOfPackage(): NodeJS.Require {
  const requireHere = createRequire(import.meta.url);
  try {
    return createRequire(requireHere.resolve("fuse-native"));
  } catch {
    throw new UserError(
      "the driver fuse-native needs the package fuse-native, which is not installed",
      "npm install fuse-native, or mount with --driver kernel",
    );
  }
}

function loadAddon(requirePackage: NodeJS.Require): NativeBinding {
  const find = requirePackage("node-gyp-build") as (folder: string) => NativeBinding;
  return find(dirname(requirePackage.resolve("./package.json")));
}

/**
 * Opens the carried libfuse and leaves it in the process, so that the loader finds its name (DT_SONAME libfuse.so.2) when the
 * addon asks for it. Node has no plain dlopen: process.dlopen complains that this is no addon, after it was opened.
 */
function keepCarriedLibrary(requirePackage: NodeJS.Require): void {
  try {
    const { lib } = requirePackage("fuse-shared-library") as { lib: string };
    const { RTLD_NOW, RTLD_GLOBAL } = constants.dlopen;
    process.dlopen({ exports: {} }, lib, RTLD_NOW | RTLD_GLOBAL | RTLD_NODELETE);
  } catch {
    // Whether it is there now is seen by loading the addon again.
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
