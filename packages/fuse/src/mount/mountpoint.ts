import { realpath, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { UserError } from "@kedgefs/core";
import { mountAt } from "./mountinfo.ts";

/** Mount points that this process serves: it may not do synchronous I/O below them, and mount(2) is that. */
const served = new Set<string>();

/** Notes that this process serves a mount point, until `closed` settles. */
export function noteServed(mountpoint: string, closed: Promise<void>): void {
  served.add(mountpoint);
  void closed.then(() => served.delete(mountpoint));
}

/**
 * The absolute path of a directory that can be mounted on, without symbolic links. UserError where there is none, or one of
 * our mounts is there already. It need not be empty: what is in it is hidden while the mount lasts, as with mount(8).
 */
export async function checkMountpoint(mountpoint: string, type: string): Promise<string> {
  await refuseOwnMount(resolve(mountpoint), type);
  const path = await realpath(mountpoint).catch((error: NodeJS.ErrnoException) => {
    throw mountpointError(mountpoint, error);
  });
  await refuseOwnMount(path, type);
  const stats = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw mountpointError(path, error);
  });
  if (!stats.isDirectory()) {
    throw new UserError(`${path} is not a directory`, "a mount point is a directory, for example one made with mkdir");
  }
  for (const other of served) {
    if (path.startsWith(`${other}/`)) {
      throw new UserError(`${path} lies in ${other}, which this process serves`, "mount it from another process");
    }
  }
  return path;
}

async function refuseOwnMount(path: string, type: string): Promise<void> {
  const mount = await mountAt(path);
  if (mount?.type !== type) return;
  if (served.has(path)) throw alreadyMounted(path, mount.source);
  const error = await stat(path).then(
    () => undefined,
    (error: NodeJS.ErrnoException) => error,
  );
  throw error?.code === "ENOTCONN" ? mountpointError(path, error) : alreadyMounted(path, mount.source);
}

function alreadyMounted(path: string, source: string): UserError {
  return new UserError(`${source} is mounted on ${path} already`, `kedge umount ${path}`);
}

function mountpointError(path: string, error: NodeJS.ErrnoException): UserError {
  switch (error.code) {
    case "ENOENT":
      return new UserError(`the mount point ${path} does not exist`, `mkdir -p ${path}`);
    case "ENOTDIR":
      return new UserError(`the mount point ${path} leads through something that is not a directory`);
    case "EACCES":
      return new UserError(`this user may not reach the mount point ${path}`);
    case "ENOTCONN":
      return new UserError(
        `a mount whose process has died is still on ${path} ("Transport endpoint is not connected")`,
        `kedge umount ${path}, or umount -l ${path}`,
      );
    default:
      return new UserError(`the mount point ${path} cannot be used: ${error.message}`);
  }
}
