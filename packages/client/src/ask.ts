import type { CallContext, Entry, FsError } from "@kedgefs/core";
import type { WireOperation } from "@kedgefs/rpc";

/** What came back for a request: an error or a body, and what the server said about believing it (Reply in kedge.proto). */
export interface Answer {
  readonly error?: FsError;
  readonly body: object | undefined;
  readonly leased: boolean;
  readonly after: readonly Entry[];
}

/**
 * Asks the server, or whoever answers in its place. Rejects with an FsError where there is no answer. `bytes` of data. Where
 * nobody waits for the answer it is `lazy`: it goes with the next request that is not, or after a few milliseconds.
 */
export type Ask = (
  operation: WireOperation,
  request: object,
  context: CallContext,
  bytes?: number,
  lazy?: boolean,
) => Promise<Answer>;

/** The body of an answer. Throws its error. */
export function bodyOf({ error, body }: Answer): object | undefined {
  if (error !== undefined) throw error;
  return body;
}
