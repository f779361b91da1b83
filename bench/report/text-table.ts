import type { PeerName } from "../peers/peer.ts";
import { formatCell, formatRatio } from "./format.ts";
import type { ProfileResult } from "./result.ts";
import { speedAgainst } from "./statistics.ts";

const columns: Readonly<Record<PeerName, string>> = {
  local: "local",
  kernel: "kedge",
  "fuse-native": "kedge fuse-native",
  sshfs: "sshfs",
  "sshfs-sync": "sshfs sync",
  rclone: "rclone",
};

/** The medians of a run for a terminal. */
export function textTable(profile: ProfileResult): string {
  const { peers, workloads } = profile;
  const heading = ["", ...peers.map(({ name }) => columns[name]), "kedge : sshfs", "kedge : local"];
  const rows = workloads.map((workload) => [
    workload.title,
    ...peers.map(({ name, unavailable }) => (unavailable === undefined ? formatCell(workload, name) : "n/a")),
    formatRatio(speedAgainst(workload, "kernel", "sshfs")),
    formatRatio(speedAgainst(workload, "kernel", "local")),
  ]);
  const all = [heading, ...rows];
  const widths = heading.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const lines = all.map((row) =>
    row
      .map((text, column) => (column === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[column] ?? 0)))
      .join("  "),
  );
  const notes = [
    "Ratios are speeds: 2× is twice as fast as the other. An asterisk: the program ended before the server had everything.",
    ...peers.flatMap(({ title, unavailable }) =>
      unavailable === undefined ? [] : [`${title}: not available: ${unavailable}`],
    ),
    ...workloads.flatMap(({ title, cells }) =>
      peers.flatMap((peer) =>
        (cells[peer.name]?.failures ?? []).map((failure) => `${title}, ${peer.title}: ${failure}`),
      ),
    ),
  ];
  const { roundTripMs, rounds } = profile;
  const distance = roundTripMs === undefined ? "no delay" : `a round trip of ${roundTripMs.toFixed(1)} ms`;
  return [`\nMedians of ${rounds} ${rounds === 1 ? "round" : "rounds"} at ${distance}`, ...lines, ...notes, ""].join(
    "\n",
  );
}
