import type { PeerName } from "../peers/peer.ts";
import type { WorkloadName } from "../workloads/workload.ts";
import { formatCell, formatRatio } from "./format.ts";
import { markdownTable } from "./markdown-table.ts";
import type { ProfileResult, WorkloadResult } from "./result.ts";
import { speedAgainst, spreadOf } from "./statistics.ts";

/**
 * Rows that sshfs and rclone answer mostly from caches of names and attributes that others' changes do not reach. The cold stat
 * is one: a listing fills the cache for the files in it.
 */
const answeredFromCache: ReadonlySet<WorkloadName> = new Set(["stat-cold", "stat-warm", "git-status-again"]);
const unevenSpread = 1.5;
const compared: readonly PeerName[] = ["kernel", "sshfs"];

/** Times of all peers, and how fast KedgeFS with the kernel driver is beside them. */
export function resultTable({ peers, workloads }: ProfileResult): string {
  const heading = ["", ...peers.map(({ title }) => title), "KedgeFS : sshfs", "KedgeFS : local"];
  const rows = workloads.map((workload) => [
    rowTitle(workload),
    ...peers.map(({ name, unavailable }) => (unavailable === undefined ? formatCell(workload, name) : "not available")),
    formatRatio(speedAgainst(workload, "kernel", "sshfs")),
    formatRatio(speedAgainst(workload, "kernel", "local")),
  ]);
  const notes = [
    ...peers.flatMap(({ title, unavailable }) =>
      unavailable === undefined ? [] : [`- ${title}: not available: ${unavailable}`],
    ),
    ...workloads.flatMap((workload) =>
      peers.flatMap(({ name, title }) =>
        (workload.cells[name]?.failures ?? []).map((failure) => `- ${workload.title}, ${title}: failed: ${failure}`),
      ),
    ),
  ];
  const work = workloads.map(({ title, description }) => `- ${title}: ${description}`);
  const failed = notes.length === 0 ? [] : [`What could not be measured:\n\n${notes.join("\n")}\n`];
  return [markdownTable(heading, rows, "figures"), ...failed, `What each row is:\n\n${work.join("\n")}\n`].join("\n");
}

function rowTitle({ name, title, cells }: WorkloadResult): string {
  const uneven = compared.some((peer) => {
    const cell = cells[peer];
    return cell !== undefined && spreadOf(cell) > unevenSpread;
  });
  return `${title}${answeredFromCache.has(name) ? " †" : ""}${uneven ? " ~" : ""}`;
}
