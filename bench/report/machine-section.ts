import { distanceOf } from "./distance.ts";
import { markdownTable } from "./markdown-table.ts";
import type { ProfileResult } from "./result.ts";

/** What a run was made on, and how each peer was mounted. */
export function machineSection(profile: ProfileResult): string {
  const { machine, peers, startedAt } = profile;
  const { system, kernel, cpu, cores, memoryGib, node, backing, loadBefore } = machine;
  const facts = `${startedAt.slice(0, 16).replace("T", " ")} UTC; ${system}, Linux ${kernel}; ${cores} cores (${cpu}), ${memoryGib} GiB; Node ${node}; files on ${backing}; load before it began: ${loadBefore.toFixed(1)}.`;
  const rows = peers.map(({ title, version, mountedBy, unavailable }) => [
    title,
    version ?? `not available: ${unavailable}`,
    `\`${mountedBy}\``,
  ]);
  return [
    `## How it was measured: ${distanceOf(profile).toLowerCase()}\n`,
    `${facts}\n`,
    markdownTable(["peer", "version", "mounted by"], rows, "text"),
  ].join("\n");
}
