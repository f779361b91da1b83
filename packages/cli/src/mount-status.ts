import type { MountRecord } from "./mount-record.ts";

/** A call of a program that the mount has not answered yet. */
export interface InFlightCall {
  readonly operation: string;
  /** The calling thread, 0 where unknown. */
  readonly pid: number;
  readonly ageMs: number;
  /** It waits for a lock that somebody else holds. */
  readonly waitsForLock?: boolean;
}

/**
 * - `connected`, `reconnecting`: as the session says.
 * - `closed`: the session ended; the mount is about to go.
 * - `dead`: the process that served the mount is gone, the mount is still there and answers nothing.
 * - `silent`: the process lives but did not answer in time.
 * - `unknown`: another user's mount, of which only the table of mounts tells.
 */
export type MountState = "connected" | "reconnecting" | "closed" | "dead" | "silent" | "unknown";

/** What `kedge status --json` prints for each mount. Times are milliseconds. */
export interface MountStatus extends Omit<MountRecord, "processStartTicks" | "driver" | "pid" | "mountedAt"> {
  readonly driver: string | null;
  readonly pid: number | null;
  readonly mountedAt: string | null;
  readonly state: MountState;
  /** How long the state has lasted; null where nobody can tell. */
  readonly stateMs: number | null;
  /** Attempts to reconnect since the connection was lost. */
  readonly attempts: number;
  /** Why the last attempt failed. */
  readonly lastError: string | null;
  /** Changes when the server process does. */
  readonly serverIncarnation: string | null;
  /** All calls that wait for an answer; `inFlight` has the oldest of them. */
  readonly inFlightCount: number;
  readonly inFlight: readonly InFlightCall[];
}

/** Calls that one status names; the rest is only counted. */
export const inFlightShownMax = 100;
