import { type FileSystem, rootCaller } from "@kedgefs/core";
import { attributeCalls } from "./attributes.ts";
import { directoryCalls } from "./directories.ts";
import { fileCalls } from "./files.ts";
import { directoryMakingCalls } from "./make-directory.ts";
import { nameCalls } from "./names.ts";
import { rarerCalls } from "./rarer-calls.ts";
import { removingCalls } from "./remove-tree.ts";
import type { Volume, VolumeOptions } from "./types.ts";
import { xattrCalls } from "./xattrs.ts";

export { typePredicates } from "./stats.ts";
export type {
  BeyondNode,
  ExactTime,
  FsPromises,
  Volume,
  VolumeDir,
  VolumeDirent,
  VolumeFileHandle,
  VolumeOptions,
  VolumePath,
  VolumeTime,
  WriteFileOptions,
} from "./types.ts";

const defaultUmask = 0o022;

/**
 * A FileSystem without a mount, shaped like `node:fs/promises`. Paths are walked here, by the rules of path_resolution(7);
 * the root of the volume is the root of all paths, and ".." there leads to itself.
 */
export function volume(fileSystem: FileSystem, options: VolumeOptions = {}): Volume {
  const { caller = rootCaller, umask = defaultUmask } = options;
  const context = { fileSystem, caller, umask };
  return {
    ...attributeCalls(context),
    ...nameCalls(context),
    ...directoryMakingCalls(context),
    ...removingCalls(context),
    ...directoryCalls(context),
    ...fileCalls(context),
    ...xattrCalls(context),
    ...rarerCalls(context),
    as: (other) => volume(fileSystem, { caller: other, umask }),
  };
}
