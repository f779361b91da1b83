import { setTimeout as delay } from "node:timers/promises";
import { UserError } from "@kedgefs/core";
import { askControlSocket } from "./ask-control-socket.ts";
import type { MountRecord } from "./mount-record.ts";
import { findMount, kedgeFilesystemType, readMountTable } from "./mount-table.ts";
import { locateMountpoint } from "./mountpoint.ts";
import { processStartTicks } from "./process-identity.ts";
import { type RegisteredMount, Registry } from "./registry.ts";
import { findRuntimeDirectory } from "./runtime-directory.ts";

/** How long the process of a mount may take to end after it said that nothing is mounted, milliseconds. */
const endTimeoutMs = 15_000;
/** How long one that does not listen may take: it could be about to end, milliseconds. */
const absentTimeoutMs = 2_000;
/** How long one may take to answer that is asked to let go at once, milliseconds. An ordinary unmount may take any time. */
const lazyTimeoutMs = 15_000;
const endPollMs = 10;

/**
 * Unmounts through the process that serves the mount, or without it if that is dead or another user's.
 *
 * @returns what a person should know besides the success, if anything.
 * @throws UserError if it is no mount of ours, or busy.
 */
export async function unmount(path: string, lazy: boolean): Promise<string | undefined> {
  const table = await readMountTable();
  const mountpoint = await locateMountpoint(path, table);
  const directory = await findRuntimeDirectory();
  const registry = directory === undefined ? undefined : new Registry(directory);
  const registered = await registry?.find(mountpoint);
  const mounted = findMount(table, mountpoint);

  if (registry !== undefined && registered !== undefined) {
    if (registered.alive) return await unmountAlive(registry, registered, lazy);
    return await unmountLeftover(registry, registered.record);
  }
  if (mounted?.type === kedgeFilesystemType) {
    // Another user's, or one whose entry was lost. Its process, if there is one, notices that it was unmounted.
    await unmountDirectly(mountpoint, lazy);
    return undefined;
  }
  const what =
    mounted === undefined ? "nothing is mounted there" : `it is a mount of ${mounted.source} (${mounted.type})`;
  throw new UserError(`${mountpoint} is not a KedgeFS mount: ${what}`, "kedge status lists the mounts.");
}

async function unmountAlive(
  registry: Registry,
  { record }: RegisteredMount,
  lazy: boolean,
): Promise<string | undefined> {
  const { mountpoint, pid } = record;
  const socket = registry.controlSocketPath(mountpoint);
  const outcome = await askControlSocket(socket, { verb: "umount", lazy }, lazy ? lazyTimeoutMs : undefined);
  if (outcome.kind === "answered") {
    const { answer } = outcome;
    if (!answer.ok) throw new UserError(answer.message, answer.hint);
    if (answer.lingering === true) {
      return `${mountpoint} is detached; programs still use it, and process ${pid} serves them until they end`;
    }
    if (await hasEnded(record, endTimeoutMs)) return undefined;
    return `${mountpoint} is unmounted, but process ${pid} has not ended yet`;
  }
  // It ended without an answer: it was unmounted by something else at this moment, or died and left the mount.
  if (await hasEnded(record, absentTimeoutMs)) return await unmountLeftover(registry, record);
  if (!lazy) {
    const hint = `To detach it all the same: kedge umount --lazy ${mountpoint}`;
    throw new UserError(`process ${pid}, which serves ${mountpoint}, does not answer`, hint);
  }
  await unmountDirectly(mountpoint, true);
  return `${mountpoint} is detached, but process ${pid}, which served it, does not answer; to end it: kill ${pid}`;
}

/** Removes what a dead process left: perhaps the mount, and its entry. */
async function unmountLeftover(registry: Registry, { mountpoint }: MountRecord): Promise<string> {
  const mounted = findMount(await readMountTable(), mountpoint)?.type === kedgeFilesystemType;
  if (mounted) await unmountDirectly(mountpoint, true);
  await registry.release(mountpoint);
  return mounted
    ? `the process that served ${mountpoint} was gone already; what it left mounted is removed`
    : `${mountpoint} was not mounted any more`;
}

/** Without the process that serves the mount. UserError if it is busy. */
async function unmountDirectly(mountpoint: string, lazy: boolean): Promise<void> {
  const { unmountPath } = await import("@kedgefs/fuse");
  await unmountPath(mountpoint, { lazy });
}

/** A process tells nobody but its parent that it ended, so it is asked for in short intervals. */
async function hasEnded({ pid, processStartTicks: startTicks }: MountRecord, timeoutMs: number): Promise<boolean> {
  const until = Date.now() + timeoutMs;
  while ((await processStartTicks(pid)) === startTicks) {
    if (Date.now() >= until) return false;
    await delay(endPollMs);
  }
  return true;
}
