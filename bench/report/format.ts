import type { PeerName } from "../peers/peer.ts";
import type { WorkloadResult } from "./result.ts";
import { secondsOf } from "./statistics.ts";

/** Part of the result that must be there when the program ends, to be called stored: times and sizes are exact, so all of it. */
const storedMin = 1;

/** Three significant digits. */
export function formatSeconds(seconds: number): string {
  if (seconds >= 100) return `${seconds.toFixed(0)} s`;
  if (seconds >= 10) return `${seconds.toFixed(1)} s`;
  if (seconds >= 1) return `${seconds.toFixed(2)} s`;
  return `${(seconds * 1000).toFixed(seconds >= 0.1 ? 0 : 1)} ms`;
}

/** Two significant digits, "2.1×". */
export function formatRatio(ratio: number | undefined): string {
  if (ratio === undefined) return "–";
  return `${ratio >= 10 ? ratio.toFixed(0) : ratio >= 1 ? ratio.toFixed(1) : ratio.toPrecision(2)}×`;
}

/** A cell of a table. An asterisk means that the program had ended before the server had everything. */
export function formatCell(workload: WorkloadResult, peer: PeerName): string {
  const cell = workload.cells[peer];
  if (cell === undefined) return "–";
  const seconds = secondsOf(workload, peer);
  if (seconds === undefined) return "failed";
  return isStored(workload, peer) ? formatSeconds(seconds) : `${formatSeconds(seconds)} *`;
}

export function isStored(workload: WorkloadResult, peer: PeerName): boolean {
  return (workload.cells[peer]?.stored ?? 1) >= storedMin;
}
