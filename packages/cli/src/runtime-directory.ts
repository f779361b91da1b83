import type { Stats } from "node:fs";
import { lstat, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "@kedgefs/core";

/** Names the folder in place of the usual one: for tests, and for machines without a usable /run. */
export const runtimeDirectoryVariable = "KEDGE_RUNTIME_DIR";

/**
 * The folder with the control sockets of this user's mounts: /run/kedge for root, else `kedge` in the user's runtime folder,
 * else /tmp/kedge-UID. It exists afterwards, belongs to the user and is closed to everyone else, so that nobody can put a
 * socket there for us to talk to.
 *
 * @throws UserError if somebody else owns it, others may enter, or it cannot be made.
 */
export async function openRuntimeDirectory(): Promise<string> {
  const directory = await chooseRuntimeDirectory();
  try {
    await mkdir(directory, { mode: 0o700, recursive: true });
  } catch (error) {
    throw new UserError(
      `cannot make the folder for control sockets, ${directory}: ${(error as Error).message}`,
      `Set ${runtimeDirectoryVariable} to a folder of your own`,
    );
  }
  checkPrivate(directory, await lstat(directory));
  return directory;
}

/** The same for who only looks: undefined where there is no such folder, and so no mount. */
export async function findRuntimeDirectory(): Promise<string | undefined> {
  const directory = await chooseRuntimeDirectory();
  const stats = await lstat(directory).catch(() => undefined);
  if (stats === undefined) return undefined;
  checkPrivate(directory, stats);
  return directory;
}

async function chooseRuntimeDirectory(): Promise<string> {
  const chosen = process.env[runtimeDirectoryVariable];
  if (chosen !== undefined && chosen !== "") return chosen;
  const uid = userId();
  if (uid === 0) return "/run/kedge";
  for (const folder of [process.env.XDG_RUNTIME_DIR, `/run/user/${uid}`]) {
    // Programs that change the user often leave the variable of the former one behind.
    if (folder?.startsWith("/") && (await isOwn(folder, uid))) return join(folder, "kedge");
  }
  return `/tmp/kedge-${uid}`;
}

async function isOwn(folder: string, uid: number): Promise<boolean> {
  const stats = await lstat(folder).catch(() => undefined);
  return stats?.isDirectory() === true && stats.uid === uid;
}

function checkPrivate(directory: string, stats: Stats): void {
  const uid = userId();
  if (!stats.isDirectory()) throw new UserError(`${directory} is not a folder`, "Remove it; kedge makes it anew.");
  if (stats.uid !== uid) {
    throw new UserError(
      `${directory} belongs to user ${stats.uid}, not to you (${uid})`,
      `Somebody else made it; remove it, or set ${runtimeDirectoryVariable} to a folder of your own`,
    );
  }
  if ((stats.mode & 0o077) !== 0) {
    throw new UserError(`${directory} is open to other users`, `Close it with: chmod 700 ${directory}`);
  }
}

function userId(): number {
  return process.getuid?.() ?? 0;
}
