import type { PeerName } from "../peers/peer.ts";
import type { Machine } from "../system/machine.ts";
import type { WorkloadKind, WorkloadName } from "../workloads/workload.ts";

/** What `bench/results/*.json` holds. */
export interface Result {
  readonly format: typeof resultFormat;
  readonly profiles: readonly ProfileResult[];
}

export const resultFormat = "kedge-bench-1";

/** One run of workloads at one distance to the servers. */
export interface ProfileResult {
  readonly delayed: boolean;
  /** Median of the round trip that the relay makes, milliseconds; absent without one. */
  readonly roundTripMs?: number;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly rounds: number;
  readonly quick: boolean;
  /** Whether each mount was used a little before it was measured. */
  readonly usedMounts: boolean;
  readonly machine: Machine;
  readonly peers: readonly PeerResult[];
  readonly workloads: readonly WorkloadResult[];
}

export interface PeerResult {
  readonly name: PeerName;
  readonly title: string;
  readonly mountedBy: string;
  readonly version?: string;
  /** Why it could not be measured. */
  readonly unavailable?: string;
}

export interface WorkloadResult {
  readonly name: WorkloadName;
  readonly title: string;
  readonly kind: WorkloadKind;
  readonly description: string;
  readonly cells: Partial<Record<PeerName, Cell>>;
}

export interface Cell {
  /** Of each round that succeeded, in their order. */
  readonly seconds: number[];
  /** Of the round that failed, after which the peer is not measured in this row any more. */
  readonly failures: string[];
  /** The least of the rounds: what part of the result was in the exported folder when the program had ended, 0 to 1. */
  stored?: number;
}
