import { askControlSocket } from "./ask-control-socket.ts";
import type { MountState, MountStatus } from "./mount-status.ts";
import { kedgeFilesystemType, type MountTableEntry, readMountTable } from "./mount-table.ts";
import { type RegisteredMount, Registry } from "./registry.ts";
import { findRuntimeDirectory } from "./runtime-directory.ts";

/** How long one mount may take to tell its status, milliseconds. */
const statusTimeoutMs = 2_000;

/**
 * The status of every KedgeFS mount that this user can see: those of the user's own from the processes that serve them, others
 * from the table of mounts. The mounts themselves are not touched, so this ends even when none of them answers.
 */
export async function collectStatus(table?: readonly MountTableEntry[]): Promise<MountStatus[]> {
  const mounted = table ?? (await readMountTable());
  const directory = await findRuntimeDirectory();
  const registry = directory === undefined ? undefined : new Registry(directory);
  const own = registry === undefined ? [] : await registry.list(mounted);
  const statuses = await Promise.all(own.map((mount) => statusOfOwn(mount, registry)));
  const known = new Set(own.map(({ record }) => record.mountpoint));
  for (const entry of mounted) {
    if (entry.type !== kedgeFilesystemType || known.has(entry.mountpoint)) continue;
    known.add(entry.mountpoint);
    statuses.push(statusOfForeign(entry));
  }
  return statuses.sort((a, b) => (a.mountpoint < b.mountpoint ? -1 : 1));
}

async function statusOfOwn(mount: RegisteredMount, registry: Registry | undefined): Promise<MountStatus> {
  const { processStartTicks: _, ...record } = mount.record;
  const without = (state: MountState): MountStatus => ({ ...record, ...nothingKnown, state });
  if (!mount.alive || registry === undefined) return without("dead");
  const path = registry.controlSocketPath(record.mountpoint);
  const outcome = await askControlSocket(path, { verb: "status" }, statusTimeoutMs);
  if (outcome.kind !== "answered" || !outcome.answer.ok || outcome.answer.status === undefined)
    return without("silent");
  return outcome.answer.status;
}

function statusOfForeign({ mountpoint, source }: MountTableEntry): MountStatus {
  const slash = source.lastIndexOf("/");
  const place = {
    mountpoint,
    source,
    server: source.slice(0, Math.max(slash, 0)),
    exportName: source.slice(slash + 1),
  };
  return { ...place, readOnly: false, driver: null, pid: null, mountedAt: null, ...nothingKnown, state: "unknown" };
}

const nothingKnown = {
  stateMs: null,
  attempts: 0,
  lastError: null,
  serverIncarnation: null,
  inFlightCount: 0,
  inFlight: [],
} as const;
