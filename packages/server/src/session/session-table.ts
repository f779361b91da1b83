import { randomBytes } from "node:crypto";
import { type Logger, limits, type NodeId } from "@kedgefs/core";
import { type AttachAnswer, type AttachArguments, AttachRefusal } from "@kedgefs/rpc";
import type { ExportTable } from "../export/export-table.ts";
import type { LeaseTable } from "../leases/lease-table.ts";
import type { LockServices } from "../locks/session-locks.ts";
import type { Journal } from "../state/journal.ts";
import type { Sealer } from "../state/state-directory.ts";
import { KeyedQueue } from "./keyed-queue.ts";
import { Session } from "./session.ts";

const sessionIdBytes = 16;
/** A session whose client was away for this long is ended: its handles are closed, its kept replies forgotten. */
const awayMaxMs = 60 * 60 * 1000;
const sweepMs = 60_000;

/** The sessions of this server, those of an earlier life of it included, until their client comes back or is given up. */
export class SessionTable {
  readonly #exports: ExportTable;
  readonly #journal: Journal;
  readonly #sealer: Sealer;
  readonly #leases: LeaseTable;
  readonly #locks: LockServices;
  readonly #logger: Logger;
  readonly #incarnation = randomBytes(sessionIdBytes);
  readonly #sessions = new Map<string, Session>();
  readonly #sweeper: NodeJS.Timeout;
  readonly #appends = new KeyedQueue<NodeId>();
  #stopping = false;
  /** Sessions that were begun or revived. */
  #count = 0;
  /** When sessions of an earlier life count as given up, though nobody came for them. */
  readonly #startedMs = performance.now();

  constructor(
    exports: ExportTable,
    journal: Journal,
    sealer: Sealer,
    leases: LeaseTable,
    locks: LockServices,
    logger: Logger,
  ) {
    this.#leases = leases;
    this.#locks = locks;
    this.#exports = exports;
    this.#journal = journal;
    this.#sealer = sealer;
    this.#logger = logger;
    this.#sweeper = setInterval(() => this.#sweep(), sweepMs).unref();
  }

  async attach({ identity, exportName, sessionId, clientDescription }: AttachArguments): Promise<AttachAnswer> {
    // Its handles are being closed: whoever came back now would find them gone, and the server the same.
    if (this.#stopping) throw new AttachRefusal("stopping", "the server is stopping");
    const granted = this.#exports.grant(identity, exportName);
    const asked = sessionId.toString("hex");
    const known = this.#sessions.get(asked) ?? this.#revive(asked, identity, exportName);
    const resumed = known !== undefined && known.identity === identity && known.exportName === exportName;
    const session = resumed ? known : await this.#begin(identity, exportName);
    const epoch = session.attach();
    this.#logger.info(`${identity} ${resumed ? "is back" : "attached"}: export ${exportName}, ${clientDescription}`);
    return {
      sessionId: Buffer.from(session.id, "hex"),
      incarnation: this.#incarnation,
      resumed,
      epoch,
      root: await session.root(),
      readOnly: granted.readOnly,
      coarseTimes: granted.coarseTimes,
      closeReports: granted.closeReports,
      strictAtime: granted.strictAtime,
      leaseMs: granted.mayLease === undefined ? 0 : this.#leases.leaseMs,
      awaitsLocks: this.#locks.grace.awaits(session.id),
    };
  }

  /** The session of a lane, if it is this identity's. */
  find(identity: string, sessionId: Buffer): Session | undefined {
    const session = this.#sessions.get(sessionId.toString("hex"));
    return session?.identity === identity ? session : undefined;
  }

  async detach(identity: string, sessionId: Buffer): Promise<void> {
    const session = this.find(identity, sessionId);
    if (session === undefined) return;
    this.#logger.info(`${identity} detached: export ${session.exportName}`);
    session.believesNothing();
    await this.#end(session);
  }

  /** The orderly end of the server: sessions stay in the journal, for the next life. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearInterval(this.#sweeper);
    const sessions = [...this.#sessions.values()];
    // One may be waiting for what the client of another has to say, for which that one must still be there.
    await Promise.all(sessions.map((session) => session.finish()));
    await Promise.all(sessions.map((session) => session.end(false)));
  }

  /** A session of an earlier life of the server, for its client that comes back. */
  #revive(id: string, identity: string, exportName: string): Session | undefined {
    const journalled = this.#journal.sessions.get(id);
    if (journalled?.identity !== identity || journalled.exportName !== exportName) return undefined;
    return this.#add(id, identity, exportName);
  }

  async #begin(identity: string, exportName: string): Promise<Session> {
    if (this.#sessions.size >= limits.sessionsMax) await this.#makeRoom(identity);
    const id = randomBytes(sessionIdBytes).toString("hex");
    this.#journal.beginSession(id, identity, exportName);
    return this.#add(id, identity, exportName);
  }

  #add(id: string, identity: string, exportName: string): Session {
    const { fileSystem, own, readOnly, strictAtime, mayLease, nodes } = this.#exports.grant(identity, exportName);
    this.#count++;
    const session = new Session({
      id,
      number: this.#count,
      identity,
      exportName,
      fileSystem,
      own,
      strictAtime,
      journal: this.#journal,
      sealer: this.#sealer,
      appends: this.#appends,
      leases: nodes === "handles" ? { table: this.#leases, mayLease, readOnly } : undefined,
      locks: this.#locks,
      logger: this.#logger,
    });
    this.#sessions.set(id, session);
    return session;
  }

  async #makeRoom(identity: string): Promise<void> {
    // One identity that opens session after session ends its own before those of others.
    const own = [...this.#sessions.values()].filter((session) => session.identity === identity);
    const candidates = own.some(({ awaySinceMs }) => awaySinceMs !== undefined) ? own : this.#sessions.values();
    let longest: Session | undefined;
    for (const session of candidates) {
      if (session.awaySinceMs === undefined) continue;
      if (longest?.awaySinceMs === undefined || session.awaySinceMs < longest.awaySinceMs) longest = session;
    }
    if (longest === undefined)
      throw new AttachRefusal("too-many", `the server has ${limits.sessionsMax} clients already`);
    this.#logger.warn(`gave up the session of ${longest.identity} on ${longest.exportName} for want of room`);
    await this.#end(longest);
  }

  async #end(session: Session): Promise<void> {
    this.#sessions.delete(session.id);
    // Before anything is waited for: a client that comes back meanwhile must not find half of it.
    this.#journal.endSession(session.id);
    await session.end(true);
  }

  #sweep(): void {
    const now = performance.now();
    for (const session of this.#sessions.values()) {
      if (session.awaySinceMs === undefined || now - session.awaySinceMs < awayMaxMs) continue;
      this.#logger.info(`${session.identity} stayed away: its session on ${session.exportName} is ended`);
      this.#end(session).catch((error: Error) => this.#logger.error(`a session did not end well: ${error.message}`));
    }
    if (now - this.#startedMs < awayMaxMs) return;
    for (const id of this.#journal.sessions.keys()) {
      if (this.#sessions.has(id)) continue;
      this.#journal.endSession(id);
      this.#locks.marks.clear(id);
    }
  }
}
