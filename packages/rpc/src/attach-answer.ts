import type { Entry } from "@kedgefs/core";

/** What an attach tells of the session, on both ends; each field as AttachReply in kedge.proto has it. */
export interface AttachAnswer {
  readonly sessionId: Buffer;
  readonly incarnation: Buffer;
  readonly resumed: boolean;
  readonly epoch: number;
  readonly root: Entry;
  readonly readOnly: boolean;
  readonly coarseTimes: boolean;
  readonly closeReports: boolean;
  readonly leaseMs: number;
  readonly strictAtime: boolean;
  readonly awaitsLocks: boolean;
}
