import { FsError, isDirectory } from "@kedgefs/core";
import { partsOf, pathBytes } from "./path.ts";
import type { Volume, VolumePath } from "./types.ts";
import { runCall, type VolumeCall, type VolumeContext } from "./volume-call.ts";

const defaultMode = 0o777;

export function directoryMakingCalls(volume: VolumeContext): Pick<Volume, "mkdir"> {
  function mkdir(path: VolumePath, options?: { recursive?: false; mode?: number }): Promise<undefined>;
  function mkdir(path: VolumePath, options: { recursive: true; mode?: number }): Promise<string | undefined>;
  function mkdir(path: VolumePath, options: { recursive?: boolean; mode?: number } = {}): Promise<string | undefined> {
    const mode = options.mode ?? defaultMode;
    return runCall(volume, { syscall: "mkdir", path }, async (call) => {
      if (options.recursive) return makeMissing(call, path, mode);
      await make(call, path, mode);
      return undefined;
    });
  }
  return { mkdir };
}

async function make(call: VolumeCall, path: VolumePath, mode: number): Promise<void> {
  const { parent, name, last } = await call.place(path);
  if (last !== "name") throw new FsError("EEXIST");
  call.hold(await call.fileSystem.mkdir({ parent, name, mode, umask: call.umask }, call.context));
}

/** Makes each directory of a path that is missing; answers the first one made, as node does. */
async function makeMissing(call: VolumeCall, path: VolumePath, mode: number): Promise<string | undefined> {
  const { components, absolute } = partsOf(pathBytes(path));
  const separator = Buffer.from("/");
  let first: string | undefined;
  let prefix = absolute ? separator : Buffer.alloc(0);
  for (const [index, component] of components.entries()) {
    prefix = Buffer.concat(index === 0 ? [prefix, component] : [prefix, separator, component]);
    try {
      await make(call, prefix, mode);
      first ??= prefix.toString();
    } catch (error) {
      if (!(error instanceof FsError) || error.code !== "EEXIST") throw error;
      // A link that leads nowhere is in the way too: then the error is that of following it.
      const { attr } = await call.entry(prefix);
      if (!isDirectory(attr.mode)) throw index < components.length - 1 ? new FsError("ENOTDIR") : error;
    }
  }
  return first;
}
