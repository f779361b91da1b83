import { constants } from "node:fs";
import {
  type Entry,
  FsError,
  type HandleId,
  isDirectory,
  isSymlink,
  type NodeId,
  O_ACCMODE,
  O_CREAT,
  O_EXCL,
  O_PATH,
  O_RDONLY,
  O_TRUNC,
} from "@kedgefs/core";
import type { VolumePath } from "./types.ts";
import type { Place, VolumeCall } from "./volume-call.ts";

/** Times that a name may change between looking and making before the call gives up with ELOOP. */
const racesMax = 8;

/** With the O_DIRECTORY that belongs to it. Source: asm-generic/fcntl.h. */
export const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;

export interface OpenNode {
  readonly node: NodeId;
  readonly handle: HandleId;
  readonly isDirectory: boolean;
}

/** open(2) of a path: do_open and open_last_lookups in the kernel's fs/namei.c. The umask applies to `mode`. */
export async function openPath(call: VolumeCall, path: VolumePath, flags: number, mode: number): Promise<OpenNode> {
  if ((flags & O_PATH) !== 0) throw new FsError("EINVAL", "a volume has no O_PATH");
  const follow = (flags & constants.O_NOFOLLOW) === 0;
  if ((flags & O_TMPFILE) === O_TMPFILE) return openUnnamed(call, await call.entry(path, follow), flags, mode);
  if ((flags & O_CREAT) === 0) return openExisting(call, await call.entry(path, follow), flags);
  let place = await call.place(path);
  for (let races = 0; races < racesMax; ) {
    requireFileName(place, flags);
    const existing = (flags & O_EXCL) === 0 ? await call.lookupIfThere(place) : undefined;
    if (existing === undefined) {
      const made = await createUnlessSymlink(call, place, flags, mode);
      if (made !== undefined) return made;
      races += 1;
    } else if (!isSymlink(existing.attr.mode)) {
      return openExisting(call, existing, flags);
    } else if (!follow) {
      throw new FsError("ELOOP");
    } else {
      place = await call.placeThrough(place, existing.node);
    }
  }
  throw new FsError("ELOOP");
}

async function openUnnamed(call: VolumeCall, { node: parent, attr }: Entry, flags: number, mode: number) {
  if ((flags & O_ACCMODE) === O_RDONLY) throw new FsError("EINVAL");
  if (!isDirectory(attr.mode)) throw new FsError("ENOTDIR");
  const { node, handle } = call.hold(
    await call.fileSystem.tmpfile({ parent, mode, umask: call.umask, flags }, call.context),
  );
  return { node, handle, isDirectory: false };
}

function requireFileName({ last, trailingSlash }: Place, flags: number): void {
  if (last !== "name") throw new FsError((flags & O_EXCL) === 0 ? "EISDIR" : "EEXIST");
  if (trailingSlash) throw new FsError("EISDIR");
}

/** Undefined where a symbolic link came into the place meanwhile: it has to be followed. */
async function createUnlessSymlink(
  call: VolumeCall,
  { parent, name }: Place,
  flags: number,
  mode: number,
): Promise<OpenNode | undefined> {
  try {
    const { node, handle } = call.hold(
      await call.fileSystem.create({ parent, name, mode, umask: call.umask, flags }, call.context),
    );
    return { node, handle, isDirectory: false };
  } catch (error) {
    if (error instanceof FsError && error.code === "ELOOP") return undefined;
    throw error;
  }
}

async function openExisting(call: VolumeCall, { node, attr }: Entry, flags: number): Promise<OpenNode> {
  if (!isDirectory(attr.mode)) {
    if ((flags & constants.O_DIRECTORY) !== 0) throw new FsError("ENOTDIR");
    const { handle } = await call.fileSystem.open({ node, flags }, call.context);
    return { node, handle, isDirectory: false };
  }
  if ((flags & O_ACCMODE) !== O_RDONLY || (flags & (O_CREAT | O_TRUNC)) !== 0) throw new FsError("EISDIR");
  const { handle } = await call.fileSystem.opendir({ node }, call.context);
  return { node, handle, isDirectory: true };
}
