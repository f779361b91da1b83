import type { ErrnoName, Logger, NodeId } from "@kedgefs/core";
import { RecordLog } from "./record-log.ts";

/** What a name led to before an operation ran: a node, or null for nothing. One for each name that the operation has. */
export type Witness = readonly (NodeId | null)[];

/** How an operation ended: with an errno, or well, and then with the node that it answered, if it answers one. */
export interface Outcome {
  readonly errno?: ErrnoName;
  readonly message?: string;
  readonly node?: NodeId;
}

/** A `once` operation that was begun: with an outcome if it ended, without if the server died meanwhile. */
export interface JournalEntry {
  readonly witness: Witness;
  readonly startedMs: number;
  outcome?: Outcome;
}

export interface JournalledSession {
  readonly identity: string;
  readonly exportName: string;
  /** By request id; those that the client has not acknowledged. */
  readonly entries: Map<number, JournalEntry>;
}

/** `s` session id (hex), `r` request id, `b` acked below. */
type JournalRecord =
  | { t: "session"; s: string; identity: string; exportName: string }
  | { t: "end"; s: string }
  | { t: "intent"; s: string; r: number; w: Witness; at: number }
  | { t: "outcome"; s: string; r: number; o: Outcome };

/** Past this size the log is rewritten with what is still alive. */
const rewriteBytes = 4 << 20;

/**
 * Remembers across the server's own death which `once` operations were begun and how they ended, until the client has the
 * answer. An intent is written before the system call and the outcome after it.
 */
export class Journal {
  readonly #log: RecordLog<JournalRecord>;
  readonly #logger: Logger;
  readonly #sessions = new Map<string, JournalledSession>();
  #rewriteAt = rewriteBytes;

  private constructor(log: RecordLog<JournalRecord>, records: readonly JournalRecord[], logger: Logger) {
    this.#log = log;
    this.#logger = logger;
    for (const record of records) this.#replay(record);
  }

  static open(path: string, logger: Logger): { journal: Journal; tornBytes: number } {
    const { log, records, tornBytes } = RecordLog.open<JournalRecord>(path);
    return { journal: new Journal(log, records, logger), tornBytes };
  }

  /** The sessions by id (hex). */
  get sessions(): ReadonlyMap<string, JournalledSession> {
    return this.#sessions;
  }

  beginSession(session: string, identity: string, exportName: string): void {
    this.#append({ t: "session", s: session, identity, exportName });
  }

  endSession(session: string): void {
    this.#append({ t: "end", s: session });
  }

  intent(session: string, request: number, witness: Witness): void {
    this.#append({ t: "intent", s: session, r: request, w: witness, at: Date.now() });
  }

  /**
   * Does not fail: the operation has been done, and its caller must hear so. Should the record be missing after a crash, the
   * intent is settled by looking.
   */
  outcome(session: string, request: number, outcome: Outcome): void {
    try {
      this.#append({ t: "outcome", s: session, r: request, o: outcome });
    } catch (error) {
      this.#logger.error(`the journal could not be written: ${(error as Error).message}`);
    }
  }

  /** The client has the answers to all requests below this id. Needs no record: entries left over are dropped by the next ack. */
  acked(session: string, below: number): void {
    const entries = this.#sessions.get(session)?.entries;
    if (entries === undefined) return;
    for (const request of entries.keys()) {
      if (request >= below) break;
      entries.delete(request);
    }
  }

  close(): void {
    this.#log.close();
  }

  #append(record: JournalRecord): void {
    this.#log.append(record);
    this.#replay(record);
    if (this.#log.bytes > this.#rewriteAt) {
      this.#log.rewrite(this.#alive());
      // Much may be alive; then rewriting at the same size again and again would be all that the server does.
      this.#rewriteAt = Math.max(rewriteBytes, 2 * this.#log.bytes);
    }
  }

  #replay(record: JournalRecord): void {
    switch (record.t) {
      case "session":
        this.#sessions.set(record.s, { identity: record.identity, exportName: record.exportName, entries: new Map() });
        break;
      case "end":
        this.#sessions.delete(record.s);
        break;
      case "intent":
        this.#sessions.get(record.s)?.entries.set(record.r, { witness: record.w, startedMs: record.at });
        break;
      case "outcome": {
        const entry = this.#sessions.get(record.s)?.entries.get(record.r);
        if (entry !== undefined) entry.outcome = record.o;
        break;
      }
    }
  }

  *#alive(): Generator<JournalRecord> {
    for (const [s, { identity, exportName, entries }] of this.#sessions) {
      yield { t: "session", s, identity, exportName };
      for (const [r, { witness, startedMs, outcome }] of entries) {
        yield { t: "intent", s, r, w: witness, at: startedMs };
        if (outcome !== undefined) yield { t: "outcome", s, r, o: outcome };
      }
    }
  }
}
