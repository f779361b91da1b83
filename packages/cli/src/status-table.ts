import type { InFlightCall, MountStatus } from "./mount-status.ts";
import { printable } from "./printable.ts";

/** Calls of one mount that the table shows; the rest is counted. */
const callsShownMax = 10;

const headings = ["MOUNTPOINT", "EXPORT", "SERVER", "DRIVER", "STATE"];

/** What `kedge status` prints: a line for each mount, and below it the calls that wait for an answer. */
export function renderStatusTable(mounts: readonly MountStatus[]): string {
  if (mounts.length === 0) return "no mounts\n";
  const rows = mounts.map((mount) => [
    printable(mount.mountpoint),
    printable(mount.exportName) + (mount.readOnly ? " (ro)" : ""),
    printable(mount.server),
    mount.driver ?? "?",
    describeState(mount),
  ]);
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  let text = `${line(headings)}\n`;
  mounts.forEach((mount, index) => {
    text += `${line(rows[index] ?? [])}\n`;
    for (const call of mount.inFlight.slice(0, callsShownMax)) text += `  ${describeCall(call)}\n`;
    const more = mount.inFlightCount - Math.min(mount.inFlight.length, callsShownMax);
    if (more > 0) text += `  and ${more} more ${more === 1 ? "call" : "calls"}\n`;
  });
  return text;
}

/** The state of a mount in plain words, for example "reconnecting for 12 s (3 attempts): connection refused". */
export function describeState(mount: MountStatus): string {
  const { state, stateMs, attempts, lastError } = mount;
  switch (state) {
    case "connected":
    case "closed":
      return state;
    case "reconnecting": {
      const duration = stateMs === null ? "" : ` for ${formatDuration(stateMs)}`;
      const tries = ` (${attempts} ${attempts === 1 ? "attempt" : "attempts"})`;
      return `reconnecting${duration}${tries}${lastError === null ? "" : `: ${printable(lastError)}`}`;
    }
    case "dead":
      return `dead (its process is gone); remove it with: kedge umount ${printable(mount.mountpoint)}`;
    case "silent":
      return `silent: process ${mount.pid} does not answer`;
    case "unknown":
      return "unknown (another user's, or not made by kedge mount)";
  }
}

function describeCall({ operation, pid, ageMs, waitsForLock }: InFlightCall): string {
  const caller = pid === 0 ? "" : ` of process ${pid}`;
  return `${printable(operation)}${caller}, waiting ${waitsForLock === true ? "for a lock " : ""}for ${formatDuration(ageMs)}`;
}

/** "0.4 s", "12 s", "3 min 5 s", "2 h 10 min", "4 d 3 h". */
export function formatDuration(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.floor(seconds);
  const units = [
    [86_400, "d"],
    [3_600, "h"],
    [60, "min"],
    [1, "s"],
  ] as const;
  const first = units.findIndex(([size]) => whole >= size);
  const parts: string[] = [];
  for (const [index, [size, name]] of units.entries()) {
    if (index < first || index > first + 1) continue;
    const larger = units[index - 1]?.[0] ?? Number.POSITIVE_INFINITY;
    const count = Math.floor((index === first ? whole : whole % larger) / size);
    if (index === first || count > 0) parts.push(`${count} ${name}`);
  }
  return parts.join(" ");
}
