import {
  CallContext,
  type FlushRequest,
  FsError,
  type GetlkReply,
  type GetlkRequest,
  type HandleId,
  LockBook,
  type LockOwner,
  type LockRecord,
  type Logger,
  lockChangeOf,
  lockLengthOf,
  type NodeId,
  type SetlkRequest,
} from "@kedgefs/core";
import { type Ask, bodyOf } from "../ask.ts";
import type { ClientHandles } from "../client-handles.ts";

/** What locks need of their session. */
export interface LockSession {
  readonly handles: ClientHandles;
  readonly connected: boolean;
  readonly logger: Logger;
  /** The caller of the call with this context waits no longer. True where the server may have it and can't be told now. */
  interrupt(context: CallContext): boolean;
  /** Fails calls through these handles that wait for the server, but for those that give something back. */
  failCalls(handles: ReadonlySet<HandleId>, error: FsError): void;
}

/** Asks what a client may ask before it goes on after a reconnection. */
export type AskFirst = (operation: "reclaim" | "reclaimed", body: object) => Promise<unknown>;

type ClientRecord = LockRecord<NodeId, HandleId>;
type Owner = LockOwner<NodeId>;

/**
 * The locks that programs of this machine hold at the server: written down here, so that a close costs no question where there are
 * none, and so that they can be asked for again by their owners' names when the server was away.
 *
 * A lock call that the server may have got is heard of before it is over: its caller may be gone (EINTR while the server is away), but
 * what it is granted then is given back.
 */
export class ClientLocks {
  readonly #session: LockSession;
  readonly #ask: Ask;
  readonly #askFirst: AskFirst;
  readonly #book = new LockBook<NodeId, HandleId>();
  /** Calls whose callers went away while the server was. Later calls of the same owner wait for them; none rejects. */
  readonly #abandoned = new Map<string, Promise<void>>();
  /** Owners of which the server may have more than is written here. */
  readonly #doubtful = new Map<string, Owner>();
  /** Last closes of files that had locks; none rejects. */
  readonly #closing = new Map<NodeId, Promise<unknown>>();
  /** Of calls under way: give up those whose callers were interrupted, now that the server is away. */
  readonly #waiting = new Set<() => void>();

  /** `askFirst` asks at once, and fails when the connection does. */
  constructor(session: LockSession, ask: Ask, askFirst: AskFirst) {
    this.#session = session;
    this.#ask = ask;
    this.#askFirst = askFirst;
  }

  /** Whether there is anything to ask for after a reconnection. */
  get isEmpty(): boolean {
    return this.#book.isEmpty && this.#doubtful.size === 0;
  }

  records(): readonly ClientRecord[] {
    return this.#book.records();
  }

  async getlk(request: GetlkRequest, context: CallContext): Promise<GetlkReply> {
    await this.#ready(request, context);
    const answer = await this.#ask("getlk", request, context);
    return bodyOf(answer) as GetlkReply;
  }

  async setlk(request: SetlkRequest, context: CallContext): Promise<void> {
    await this.#ready(request, context);
    const { node, kind, owner, handle, pid } = request;
    const of: Owner = { file: node, kind, owner };
    const change = lockChangeOf(request);
    if (change.type === "unlock") {
      await this.#unlock(request, context);
      return;
    }
    if (this.#book.converts(of, change)) this.#book.remove(of);
    const own = new CallContext(context.caller);
    const asked = this.#ask("setlk", request, own).then(bodyOf);
    await this.#untilAnswered(asked, own, context, () => this.#abandon(of, asked));
    this.#book.change(of, change, { pid, through: handle });
  }

  /** A close(2): the locks of the process go. Asks nothing where there are none. */
  async flush({ node, handle, lockOwner: owner }: FlushRequest, context: CallContext): Promise<void> {
    if (owner === undefined || this.#book.find({ file: node, kind: "posix", owner }) === undefined) return;
    const whole = { type: "unlock", start: 0n, length: 0n, pid: 0, wait: false } as const;
    await this.#unlock({ node, handle, owner, kind: "posix", ...whole }, context);
  }

  areThrough(handle: HandleId): boolean {
    return this.#book.hasThrough(handle);
  }

  /** The last close of a handle is about to be sent. Whether locks go with it, so that it is urgent. */
  releases(handle: HandleId): boolean {
    const records = this.#book.released(handle);
    for (const record of records) this.#book.remove(record);
    return records.length > 0;
  }

  /** A last close by which locks go: who locks the file next on this machine must find them gone. */
  closing(node: NodeId, closed: Promise<unknown>): void {
    const closing = Promise.allSettled([this.#closing.get(node), closed]).then(() => {
      if (this.#closing.get(node) === closing) this.#closing.delete(node);
    });
    this.#closing.set(node, closing);
  }

  /** The server is away: who was interrupted before need not wait for it. */
  disconnected(): void {
    for (const giveUp of this.#waiting) giveUp();
  }

  /**
   * Before anything else is sent to a server that is back: takes back what is held. `isAwaited`: the server wants to hear when that is
   * done. What can't be had any more is lost: whoever goes on as if it were held is told EIO.
   */
  async recover(isAwaited: boolean): Promise<void> {
    const owners = new Map(this.#doubtful);
    for (const record of this.#book.records()) owners.set(keyOf(record), record);
    await Promise.all([...owners.values()].map((owner) => this.#assert(owner)));
    if (isAwaited) await this.#askFirst("reclaimed", {});
  }

  async #ready({ node, kind, owner, handle }: GetlkRequest, context: CallContext): Promise<void> {
    await this.#session.handles.ready(handle, context);
    for (;;) {
      const before = this.#closing.get(node) ?? this.#abandoned.get(keyOf({ file: node, kind, owner }));
      if (before === undefined) return;
      await this.#untilAnswered(before, undefined, context, () => {});
    }
  }

  /** Once asked it is made, whether or not anybody waits for it. */
  async #unlock(request: SetlkRequest, context: CallContext): Promise<void> {
    const of: Owner = { file: request.node, kind: request.kind, owner: request.owner };
    const change = lockChangeOf(request);
    if (this.#book.find(of) === undefined) return;
    this.#book.change(of, change);
    const asked = this.#ask("setlk", request, new CallContext(context.caller)).then(bodyOf);
    await this.#untilAnswered(asked, undefined, context, () => {});
    // What was granted before it to another thread may have been heard of since.
    this.#book.change(of, change);
  }

  /**
   * Settles with `asked`; or rejects with EINTR where the caller is interrupted while the server is away, after `abandon`. `own` is the
   * context of the call at the server, which is told of the interruption; undefined where it must be made.
   */
  async #untilAnswered(
    asked: Promise<unknown>,
    own: CallContext | undefined,
    { signal }: CallContext,
    abandon: () => void,
  ): Promise<void> {
    const { promise: givenUp, reject } = Promise.withResolvers<never>();
    const giveUp = (): void => {
      if (!signal.aborted) return;
      own?.abort();
      const mayGiveUp = own === undefined ? !this.#session.connected : this.#session.interrupt(own);
      if (mayGiveUp) reject(new FsError("EINTR", "interrupted while the server was away"));
    };
    signal.addEventListener("abort", giveUp, { once: true });
    this.#waiting.add(giveUp);
    giveUp();
    let isAnswered = false;
    const answered = asked.finally(() => {
      isAnswered = true;
    });
    try {
      await Promise.race([answered, givenUp]);
    } catch (error) {
      answered.catch(() => {});
      if (!isAnswered) abandon();
      throw error;
    } finally {
      signal.removeEventListener("abort", giveUp);
      this.#waiting.delete(giveUp);
    }
  }

  /** Nobody wants the lock any more. Should it be granted, the owner is to have what it had. */
  #abandon(owner: Owner, asked: Promise<unknown>): void {
    const key = keyOf(owner);
    const before = this.#abandoned.get(key);
    const undo = async (): Promise<void> => {
      await before;
      try {
        await asked;
        this.#doubtful.set(key, owner);
        await this.#assert(owner);
      } catch {
        // Not granted; or the connection is gone again, and it is put right when there is another.
      }
      if (this.#abandoned.get(key) === done) this.#abandoned.delete(key);
    };
    const done: Promise<void> = Promise.resolve().then(undo);
    this.#abandoned.set(key, done);
  }

  /** Makes the server's locks of an owner what is written here. Rejects where the connection fails. */
  async #assert(owner: Owner): Promise<void> {
    const { file: node, kind, owner: number } = owner;
    const record = this.#book.find(owner);
    const locks = (record?.ranges ?? []).map((range) => ({
      type: range.type,
      start: range.start,
      length: lockLengthOf(range),
      pid: 0,
    }));
    const pid = record?.pid ?? 0;
    const request = { node, handles: [...(record?.through ?? [])], owner: number, kind, pid, locks };
    try {
      await this.#askFirst("reclaim", request);
    } catch (error) {
      if (!(error instanceof FsError) || error.code === "ECANCELED") throw error;
      if (record !== undefined) this.#lost(record, error);
    }
    this.#doubtful.delete(keyOf(owner));
  }

  #lost(record: ClientRecord, error: FsError): void {
    const handles = new Set(record.through);
    this.#book.remove(record);
    this.#session.logger.error(
      "a lock was lost while the server was away: reads and writes of the file fail until it is closed",
      {
        error: `${error.code}: ${error.message}`,
        pid: record.pid,
        kind: record.kind,
      },
    );
    const lost = new FsError("EIO", "a lock of this open file was lost while the server was away");
    for (const number of handles) {
      const handle = this.#session.handles.find(number);
      if (handle !== undefined) handle.lockLost = lost;
    }
    this.#session.failCalls(handles, lost);
  }
}

const keyOf = ({ file, kind, owner }: Owner): string => `${kind} ${owner} ${file}`;
