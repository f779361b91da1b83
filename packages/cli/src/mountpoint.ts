import { realpath, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { UserError } from "@kedgefs/core";
import { findMount, kedgeFilesystemType, type MountTableEntry, readMountTable } from "./mount-table.ts";

/**
 * The absolute path of a folder that something can be mounted on, without symbolic links, as the table of mounts will name it.
 *
 * @throws UserError if it is missing, no folder, or has a mount already.
 */
export async function checkMountpoint(path: string): Promise<string> {
  const absolute = resolve(path);
  // The table first: to ask a mount that is dead or whose server is away could fail oddly or not return.
  refuseMounted(absolute, await readMountTable());
  try {
    const mountpoint = await realpath(absolute);
    refuseMounted(mountpoint, await readMountTable());
    if (!(await stat(mountpoint)).isDirectory()) throw new UserError(`the mount point ${absolute} is not a folder`);
    return mountpoint;
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw mountpointError(absolute, error as NodeJS.ErrnoException);
  }
}

/**
 * The absolute path under which a mount would be in the table of mounts. Only the folder above it is asked for, so that a dead
 * mount at the path itself is not touched.
 */
export async function locateMountpoint(path: string, table: readonly MountTableEntry[]): Promise<string> {
  const absolute = resolve(path);
  if (absolute === "/" || findMount(table, absolute)) return absolute;
  const parent = await realpath(dirname(absolute)).catch(() => dirname(absolute));
  const located = join(parent, basename(absolute));
  if (findMount(table, located)) return located;
  // Nothing is mounted under this name, so it may be asked; it could be a symbolic link to a mount point.
  return await realpath(located).catch(() => located);
}

function refuseMounted(mountpoint: string, table: readonly MountTableEntry[]): void {
  const mount = findMount(table, mountpoint);
  if (mount === undefined) return;
  const hint = mount.type === kedgeFilesystemType ? `To unmount it: kedge umount ${mountpoint}` : undefined;
  throw new UserError(`${mountpoint} is busy: ${mount.source} (${mount.type}) is mounted there`, hint);
}

function mountpointError(path: string, error: NodeJS.ErrnoException): UserError {
  switch (error.code) {
    case "ENOENT":
      return new UserError(`the mount point ${path} does not exist`, `Make it with: mkdir -p ${path}`);
    case "ENOTDIR":
      return new UserError(`the mount point ${path} is not a folder: part of the path is a file`);
    case "EACCES":
      return new UserError(`no permission to reach the mount point ${path}`);
    default:
      return new UserError(`the mount point ${path} cannot be used: ${error.message}`);
  }
}
