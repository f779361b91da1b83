import { type ErrnoName, type Logger, limits, type NodeId } from "@kedgefs/core";
import { RecordLog } from "./record-log.ts";

/** What a name led to before an operation ran: a node, or null for nothing. One for each name that the operation has. */
export type Witness = readonly (NodeId | null)[];

/** How an operation ended: with an errno, or well, and then with the node that it answered, if it answers one. */
export interface Outcome {
  readonly errno?: ErrnoName;
  readonly message?: string;
  readonly node?: NodeId;
  /** Of an append that an error stopped: the bytes that were appended before. */
  readonly size?: number;
}

/** A `once` operation that was begun: with an outcome if it ended, without if the server died meanwhile. */
export interface JournalEntry {
  readonly witness: Witness;
  /** Wall clock of the server. */
  readonly startedMs: number;
  /** Of an append: where the file ended before. */
  readonly end?: bigint;
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
  | { t: "intent"; s: string; r: number; w: Witness; at: number; end?: string }
  | { t: "outcome"; s: string; r: number; o: Outcome };

/** Past this size the log is rewritten with what is still alive. */
const rewriteBytes = 4 << 20;
/** How long an outcome waits for another record to be written with, milliseconds. */
const outcomeWaitsMs = 1;

/**
 * Remembers across the server's own death which `once` operations were begun and how they ended, until the client has the
 * answer. An intent is written before the system call, the outcome a moment after it.
 */
export class Journal {
  readonly #log: RecordLog<JournalRecord>;
  readonly #logger: Logger;
  readonly #sessions = new Map<string, JournalledSession>();
  #rewriteAt = rewriteBytes;
  #waiting: JournalRecord[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** When this life of the server began, by its wall clock: what was made later was not made by an earlier one. */
  readonly openedMs = Date.now();

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

  /** `end` is for an append: where the file ends now. */
  intent(session: string, request: number, witness: Witness, end?: bigint): void {
    this.#append(
      intentRecord(session, request, { witness, startedMs: Date.now(), ...(end === undefined ? {} : { end }) }),
    );
  }

  /**
   * Written together with the record that comes next, or after `outcomeWaitsMs`, so that an operation takes one write(2): should
   * the server die in between, the intent is settled by looking, as if it had died before. Whatever else could make that find
   * something else writes an intent first.
   *
   * Does not fail: the operation has been done, and its caller must hear so.
   */
  outcome(session: string, request: number, outcome: Outcome): void {
    const record: JournalRecord = { t: "outcome", s: session, r: request, o: outcome };
    this.#replay(record);
    this.#waiting.push(record);
    this.#timer ??= setTimeout(() => this.flush(), outcomeWaitsMs);
  }

  /** Writes the outcomes that wait. */
  flush(): void {
    if (this.#waiting.length === 0) return;
    try {
      this.#append();
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
    this.flush();
    this.#log.close();
  }

  /** Writes the outcomes that wait, and this record after them. */
  #append(...record: [] | [JournalRecord]): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#log.append([...this.#waiting, ...record]);
    this.#waiting = [];
    for (const each of record) this.#replay(each);
    if (this.#log.bytes > this.#rewriteAt) {
      try {
        this.#log.rewrite(this.#alive());
      } catch (error) {
        // What was asked for has been written; the log is only longer than it need be.
        this.#logger.error(`the journal could not be rewritten: ${(error as Error).message}`);
      }
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
        this.#begin(record.s, record.r, {
          witness: record.w,
          startedMs: record.at,
          ...(record.end === undefined ? {} : { end: BigInt(record.end) }),
        });
        break;
      case "outcome": {
        const entry = this.#sessions.get(record.s)?.entries.get(record.r);
        if (entry !== undefined) entry.outcome = record.o;
        break;
      }
    }
  }

  /** Past the bound the oldest entry that ended is dropped, as Session does with its reply, and for the same reason. */
  #begin(session: string, request: number, entry: JournalEntry): void {
    const entries = this.#sessions.get(session)?.entries;
    if (entries === undefined) return;
    entries.set(request, entry);
    if (entries.size <= limits.sessionRepliesKeptMax) return;
    for (const [oldest, { outcome }] of entries) {
      if (outcome === undefined) continue;
      entries.delete(oldest);
      return;
    }
  }

  *#alive(): Generator<JournalRecord> {
    for (const [s, { identity, exportName, entries }] of this.#sessions) {
      yield { t: "session", s, identity, exportName };
      for (const [r, entry] of entries) {
        yield intentRecord(s, r, entry);
        if (entry.outcome !== undefined) yield { t: "outcome", s, r, o: entry.outcome };
      }
    }
  }
}

function intentRecord(s: string, r: number, { witness, startedMs, end }: JournalEntry): JournalRecord {
  const record: JournalRecord = { t: "intent", s, r, w: witness, at: startedMs };
  return end === undefined ? record : { ...record, end: String(end) };
}
