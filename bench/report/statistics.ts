import type { PeerName } from "../peers/peer.ts";
import type { Cell, WorkloadResult } from "./result.ts";

export function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[sorted.length >> 1];
  const lower = sorted[(sorted.length - 1) >> 1];
  return upper === undefined || lower === undefined ? undefined : (lower + upper) / 2;
}

/** Median seconds of a peer's cell. Undefined where it has none, or where any round failed. */
export function secondsOf(workload: WorkloadResult, peer: PeerName): number | undefined {
  const cell = workload.cells[peer];
  return cell === undefined || cell.failures.length > 0 ? undefined : median(cell.seconds);
}

/** How many times as fast as another a peer is: 2 is twice as fast, 0.5 half as fast. */
export function speedAgainst(workload: WorkloadResult, peer: PeerName, other: PeerName): number | undefined {
  const seconds = secondsOf(workload, peer);
  const otherSeconds = secondsOf(workload, other);
  return seconds === undefined || otherSeconds === undefined ? undefined : otherSeconds / seconds;
}

/** The slowest round over the fastest. */
export function spreadOf({ seconds }: Cell): number {
  return seconds.length === 0 ? 1 : Math.max(...seconds) / Math.min(...seconds);
}
