/** Metadata keys of a Session stream; "-bin" makes gRPC carry bytes. */
export const metadataKeys = {
  session: "kedge-session-bin",
  epoch: "kedge-epoch",
  lane: "kedge-lane",
} as const;

/** The streams of a session: operations, and bulk data on a connection of its own. */
export type LaneName = "control" | "bulk";

export const laneNames: readonly LaneName[] = ["control", "bulk"];

/** What both ends must agree on; raised when a change is not backward compatible. */
export const protocolVersion = 1;
