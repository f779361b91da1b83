import {
  type CallContext,
  type FileSystem,
  FsError,
  type GetlkReply,
  type GetlkRequest,
  type HeldLock,
  LockBook,
  type LockKind,
  type LockRange,
  type LockRecord,
  type Logger,
  limits,
  lockChangeOf,
  lockLengthOf,
  minus,
  type NodeId,
  rootContext,
  type SetlkRequest,
  untilAborted,
  withChange,
  withoutHeld,
} from "@kedgefs/core";
import { contentOf } from "../local/node-seal.ts";
import type { SessionHandle } from "../session/handle-table.ts";
import type { LapsedLocks } from "./lapsed-locks.ts";
import type { LockGrace } from "./lock-grace.ts";
import type { LockMarks } from "./lock-marks.ts";

/** What the locks of all sessions share. */
export interface LockServices {
  readonly grace: LockGrace;
  readonly lapsed: LapsedLocks;
  readonly marks: LockMarks;
  /** How long locks outlive the absence of their client, milliseconds. */
  readonly lockLeaseMs: number;
}

export interface SessionLocksOptions extends LockServices {
  readonly session: string;
  /** Another one for each session of this server: owners of two clients may have one number. */
  readonly number: number;
  readonly fileSystem: FileSystem;
  readonly own: FileSystem;
  findHandle(number: number): SessionHandle | undefined;
  readonly logger: Logger;
}

/** See ReclaimRequest in kedge.proto. */
export interface ReclaimRequest {
  readonly node: NodeId;
  readonly handles: readonly number[];
  readonly owner: bigint;
  readonly kind: LockKind;
  readonly pid: number;
  readonly locks: readonly HeldLock[];
}

type SessionRecord = LockRecord<NodeId, number>;

const ownerBits = 64n;
const ownerMask = (1n << ownerBits) - 1n;

/**
 * The locks of one session. They are the file system's, under owners' numbers that no other session has; here is what it takes that
 * their client may be away: they are given back when it stays away, and it takes them back when it comes, to this server or the next.
 */
export class SessionLocks {
  readonly #options: SessionLocksOptions;
  readonly #book = new LockBook<NodeId, number>();
  /** Requests about locks that run, by their ids. */
  readonly #running = new Map<number, CallContext>();
  /** Those that were given up here and not by their client, which will ask again. */
  readonly #givenUp = new WeakSet<CallContext>();
  #lapse: NodeJS.Timeout | undefined;

  constructor(options: SessionLocksOptions) {
    this.#options = options;
  }

  /** Requests about locks that run, of which most wait: they hold nothing else up. */
  get running(): number {
    return this.#running.size;
  }

  /** A getlk or setlk begins, which may wait. */
  begins(id: number, context: CallContext): void {
    this.#running.set(id, context);
  }

  /** Whether it was given up here, and is not to be answered. */
  ended(id: number, context: CallContext): boolean {
    this.#running.delete(id);
    return this.#givenUp.has(context);
  }

  async getlk(request: GetlkRequest, local: SessionHandle["local"], context: CallContext): Promise<GetlkReply> {
    const { fileSystem } = this.#options;
    this.#checkWaits();
    await this.#graceOver(context);
    const { owner } = request;
    const asked = { ...request, owner: this.#ownerOf(owner), handle: local };
    const { lock, owner: holder } = await fileSystem.getlk(asked, context);
    if (lock === undefined) return {};
    const isOwn = holder !== undefined && this.#isOwn(holder);
    return { lock: { ...lock, pid: isOwn ? lock.pid : 0 } };
  }

  async setlk(request: SetlkRequest, local: SessionHandle["local"], context: CallContext): Promise<void> {
    const { fileSystem, marks, session } = this.#options;
    const change = lockChangeOf(request);
    const { node, kind, owner, handle, pid } = request;
    const asked = { ...request, owner: this.#ownerOf(owner), handle: local };
    if (change.type === "unlock") {
      await fileSystem.setlk(asked, context);
      this.#book.change({ file: node, kind, owner }, change);
      return;
    }
    if (this.#book.rangeCount >= limits.sessionLockRangesMax) throw new FsError("ENOLCK", "too many locks");
    this.#checkWaits();
    await this.#graceOver(context);
    marks.mark(session);
    const of = { file: node, kind, owner };
    if (this.#book.converts(of, change)) this.#book.remove(of);
    await fileSystem.setlk(asked, context);
    // Closed since: its locks went with it.
    if (this.#options.findHandle(handle)?.local !== local) throw new FsError("EBADF", "the file was closed meanwhile");
    this.#book.change(of, change, { pid, through: handle });
  }

  /** The callers of these requests wait no longer. */
  interrupted(requests: readonly number[]): void {
    for (const id of requests) this.#running.get(id)?.abort();
  }

  /** Gives up what waits, without an answer: the client asks again. */
  giveUpWaits(): void {
    for (const context of this.#running.values()) {
      this.#givenUp.add(context);
      context.abort();
    }
  }

  /** A handle is closed, and the file system has given back the locks that went with it. */
  released(handle: number): void {
    for (const record of this.#book.released(handle)) this.#book.remove(record);
  }

  /** The client can't be heard. */
  away(): void {
    clearTimeout(this.#lapse);
    this.#lapse = setTimeout(() => {
      this.#lapseAll().catch((error: Error) => this.#options.logger.error(`locks did not lapse: ${error.stack}`));
    }, this.#options.lockLeaseMs).unref();
  }

  back(): void {
    clearTimeout(this.#lapse);
    this.#lapse = undefined;
  }

  /**
   * Makes an owner's locks of a file what the client says. ENOLCK where somebody else may have had what is missing, or has it; the
   * owner then has nothing of the file.
   */
  async reclaim({ node, handles, owner, kind, pid, locks }: ReclaimRequest): Promise<void> {
    const { grace, session, lapsed, marks } = this.#options;
    const of = { file: node, kind, owner };
    if (locks.length > limits.fileLockRangesMax || this.#book.rangeCount >= limits.sessionLockRangesMax)
      throw new FsError("ENOLCK", "too many locks");
    const claimed = locks.reduce<readonly LockRange[]>((ranges, lock) => {
      const change = lockChangeOf({ kind, ...lock });
      if (change.type === "unlock") throw new FsError("EINVAL", "an unlock is nothing to claim");
      return withChange(ranges, change);
    }, []);
    const held = this.#book.find(of);
    if (held !== undefined) for (const range of minus(held.ranges, claimed)) await this.#unlock(held, range);
    if (claimed.length === 0) return;

    const missing = withoutHeld(claimed, held?.ranges ?? []);
    const file = { file: contentOf(node), kind, owner: this.#ownerOf(owner) };
    const spared = missing.length === 0 ? [] : lapsed.take(file, await this.#ctimeOf(node));
    const through = handles.filter((number) => this.#options.findHandle(number)?.node === node);
    try {
      if (!grace.awaits(session) && withoutHeld(missing, spared).length > 0)
        throw new FsError("ENOLCK", "others could have had the lock meanwhile");
      marks.mark(session);
      for (const range of claimed) {
        await this.#take(node, kind, owner, pid, through, range);
        for (const number of through) this.#book.change(of, range, { pid, through: number });
      }
    } catch (error) {
      const left = this.#book.find(of);
      for (const range of left?.ranges ?? []) if (left !== undefined) await this.#unlock(left, range);
      throw error instanceof FsError && error.code === "EAGAIN" ? new FsError("ENOLCK", error.message) : error;
    }
  }

  /** The client has all back that it had. */
  reclaimed(): void {
    this.#options.grace.settled(this.#options.session);
  }

  /** The session is over, and its handles are closed. `isForGood`: it does not go on in the server's next life. */
  end(isForGood: boolean): void {
    const { grace, session, marks, lapsed } = this.#options;
    this.back();
    if (!isForGood) return;
    grace.settled(session);
    marks.clear(session);
    lapsed.forget((owner) => this.#isOwn(owner));
  }

  #checkWaits(): void {
    if (this.#running.size > limits.sessionLockWaitsMax) throw new FsError("ENOLCK", "too many calls wait for locks");
  }

  #ownerOf(owner: bigint): bigint {
    return (BigInt(this.#options.number) << ownerBits) | (owner & ownerMask);
  }

  #isOwn(owner: bigint): boolean {
    return owner >> ownerBits === BigInt(this.#options.number);
  }

  async #graceOver(context: CallContext): Promise<void> {
    const over = this.#options.grace.over();
    if (over !== undefined) await untilAborted(over, context, "others took their locks back");
  }

  async #take(
    node: NodeId,
    kind: LockKind,
    owner: bigint,
    pid: number,
    through: readonly number[],
    range: LockRange,
  ): Promise<void> {
    let failure: unknown = new FsError("EBADF", "no file is open through which the lock could be had");
    for (const number of through) {
      try {
        await this.#setlk(node, kind, owner, pid, number, range);
        return;
      } catch (error) {
        // Of two open files of one owner one may be for reading, the other for writing.
        if (!(error instanceof FsError && error.code === "EBADF")) throw error;
        failure = error;
      }
    }
    throw failure;
  }

  async #unlock({ file, kind, owner, pid, through }: SessionRecord, { start, end }: LockRange): Promise<void> {
    const change = { type: "unlock", start, end } as const;
    const [number] = through;
    if (number !== undefined) await this.#setlk(file, kind, owner, pid, number, change);
    this.#book.change({ file, kind, owner }, change);
  }

  async #setlk(
    node: NodeId,
    kind: LockKind,
    owner: bigint,
    pid: number,
    number: number,
    span: LockRange | { readonly type: "unlock"; readonly start: bigint; readonly end: bigint },
  ): Promise<void> {
    const handle = this.#options.findHandle(number);
    if (handle === undefined) throw new FsError("EBADF", `handle ${number} is not open at the server`);
    const { type, start } = span;
    const request = { node, handle: handle.local, owner: this.#ownerOf(owner), kind, type, start, pid, wait: false };
    await this.#options.own.setlk({ ...request, length: lockLengthOf(span) }, rootContext());
  }

  /** "" for a file that is gone. */
  async #ctimeOf(node: NodeId): Promise<string> {
    try {
      const { ctime } = (await this.#options.own.getattr({ node }, rootContext())).attr;
      return `${ctime.sec}.${ctime.nsec}`;
    } catch {
      return "";
    }
  }

  /** Others may go on without the client. What waits is asked again when it is back. */
  async #lapseAll(): Promise<void> {
    const { lapsed, logger, lockLeaseMs, session, marks } = this.#options;
    this.giveUpWaits();
    const records = this.#book.records();
    if (records.length === 0) return;
    const ctimes = await Promise.all(records.map(({ file }) => this.#ctimeOf(file)));
    if (this.#lapse === undefined) return;
    logger.warn(
      `a client was away for ${lockLeaseMs / 1000} s: its locks are given to others (${records.length} held)`,
    );
    for (const [index, record] of records.entries()) {
      const { file, kind, owner, ranges } = record;
      const ctime = ctimes[index] ?? "";
      lapsed.add({ file: contentOf(file), kind, owner: this.#ownerOf(owner), ranges, ctime });
      for (const range of ranges) await this.#unlock(record, range);
    }
    marks.clear(session);
  }
}
