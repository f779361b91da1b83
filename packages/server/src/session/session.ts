import {
  type AnyOperation,
  CallContext,
  type Entry,
  type FileSystem,
  FsError,
  type GetlkRequest,
  type HandleId,
  type Logger,
  limits,
  type NodeId,
  O_APPEND,
  O_CREAT,
  O_EXCL,
  O_TRUNC,
  type OpenRequest,
  operations,
  type ReadReply,
  type ReadRequest,
  type RetryClass,
  rootContext,
  type SetlkRequest,
  toFsError,
  type WriteRequest,
} from "@kedgefs/core";
import { isRecovery, type LaneName, type ServerLane, type WireReply, type WireRequest } from "@kedgefs/rpc";
import type { LeaseTable } from "../leases/lease-table.ts";
import { type LeasedExport, type LeasedRun, SessionLeases } from "../leases/session-leases.ts";
import { type LockServices, type ReclaimRequest, SessionLocks } from "../locks/session-locks.ts";
import type { Journal } from "../state/journal.ts";
import type { Sealer } from "../state/state-directory.ts";
import { type HandleBody, HandleTable, type SessionHandle, ticketBytes } from "./handle-table.ts";
import type { KeyedQueue } from "./keyed-queue.ts";
import { OnceRunner } from "./once.ts";
import { contentRead } from "./open-content.ts";

export interface SessionOptions {
  /** Hex; also what the journal knows it by. */
  readonly id: string;
  /** Another one for each session of this server. */
  readonly number: number;
  readonly identity: string;
  readonly exportName: string;
  readonly fileSystem: FileSystem;
  /** The file system without squashing, for what the server does on its own account. */
  readonly own: FileSystem;
  /** See AttachReply.strict_atime in kedge.proto. */
  readonly strictAtime: boolean;
  readonly journal: Journal;
  readonly sealer: Sealer;
  /** Shared by all sessions. */
  readonly appends: KeyedQueue<NodeId>;
  /** Undefined where files have no handles, by which leases know them. */
  readonly leases: ({ readonly table: LeaseTable } & Omit<LeasedExport, "own">) | undefined;
  readonly locks: LockServices;
  readonly logger: Logger;
}

const openers: ReadonlySet<string> = new Set(["open", "opendir", "create", "tmpfile"]);
const ticketPurpose = "ticket";

/**
 * One client's session on one export. It outlives connections: handles and kept replies stay while the client is away.
 *
 * A request that is asked again while it runs gets the answer of the first run; so does one whose answer must be kept (`once`
 * and `report`) until the client has acknowledged it.
 */
export class Session {
  readonly id: string;
  readonly identity: string;
  readonly exportName: string;
  /** When the last lane went, by performance.now(), which no setting of a clock moves; undefined while the client is there. */
  awaySinceMs: number | undefined = performance.now();
  #epoch = 0;
  readonly #fileSystem: FileSystem;
  readonly #own: FileSystem;
  readonly #strictAtime: boolean;
  readonly #journal: Journal;
  readonly #sealer: Sealer;
  readonly #logger: Logger;
  readonly #handles: HandleTable;
  readonly #once: OnceRunner;
  readonly #leases: SessionLeases | undefined;
  readonly #locks: SessionLocks;
  readonly #lanes = new Map<LaneName, ServerLane>();
  /** One that is given up settles with nothing: its client will ask again. */
  readonly #running = new Map<number, Promise<WireReply | undefined>>();
  readonly #kept = new Map<number, WireReply>();
  /** Data that the running requests carry, or ask for, bytes. */
  #runningBytes = 0;
  #held = false;
  #ending = false;

  constructor(options: SessionOptions) {
    const { id, identity, exportName, fileSystem, own, journal, sealer, appends, leases, locks, logger } = options;
    this.id = id;
    this.identity = identity;
    this.exportName = exportName;
    this.#fileSystem = fileSystem;
    this.#own = own;
    this.#strictAtime = options.strictAtime;
    this.#journal = journal;
    this.#sealer = sealer;
    this.#logger = logger;
    this.#handles = new HandleTable(own);
    this.#once = new OnceRunner(id, journal, own, (request, context) => this.#call(request, context), appends);
    const findHandle = (number: number): SessionHandle | undefined => this.#handles.find(number);
    const { number } = options;
    this.#locks = new SessionLocks({ ...locks, session: id, number, fileSystem, own, findHandle, logger });
    if (leases !== undefined) {
      const lanes = this.#lanes;
      this.#leases = new SessionLeases(
        leases.table,
        { ...leases, own },
        {
          get isThere() {
            return lanes.has("control");
          },
          recall: (recall) => lanes.get("control")?.recall(recall),
        },
      );
    }
  }

  root(): Promise<Entry> {
    return this.#own.root(rootContext());
  }

  /** The client is back: what still comes in on earlier lanes is not listened to, for it will be sent again. */
  attach(): number {
    this.#closeLanes();
    this.believesNothing();
    this.awaySinceMs = performance.now();
    this.#epoch++;
    return this.#epoch;
  }

  openLane(epoch: number, name: LaneName, lane: ServerLane): boolean {
    if (epoch !== this.#epoch || this.#ending) return false;
    this.#lanes.get(name)?.close();
    this.#lanes.set(name, lane);
    this.awaySinceMs = undefined;
    this.#locks.back();
    lane.open({
      request: (request, from) => this.#request(request, from),
      acked: (below) => this.#acked(below),
      recalled: (upTo) => this.#leases?.recalled(upTo),
      interrupted: (requests) => this.#locks.interrupted(requests),
      closed: (closed) => {
        if (this.#lanes.get(name) !== closed) return;
        this.#lanes.delete(name);
        if (this.#lanes.size > 0) return;
        this.awaySinceMs = performance.now();
        this.#locks.away();
      },
    });
    if (name === "control") this.#leases?.isBack();
    if (this.#held) lane.hold();
    return true;
  }

  /** The client has dropped whatever it was told under a lease. */
  believesNothing(): void {
    this.#leases?.dropped(this.id);
  }

  /** Waits for what runs. Nothing new is begun: what still comes is asked again of whoever knows the session next. */
  async finish(): Promise<void> {
    this.#ending = true;
    this.#locks.giveUpWaits();
    await Promise.all(this.#running.values());
  }

  /** Waits for what runs and lets it be answered, closes the handles. `isForGood`: it does not go on in the server's next life. */
  async end(isForGood: boolean): Promise<void> {
    await this.finish();
    this.#closeLanes();
    this.#leases?.end();
    await this.#handles.closeAll();
    this.#locks.end(isForGood);
  }

  #closeLanes(): void {
    for (const lane of this.#lanes.values()) lane.close();
    this.#lanes.clear();
  }

  #acked(below: number): void {
    for (const id of this.#kept.keys()) {
      if (id >= below) break;
      this.#kept.delete(id);
    }
    this.#journal.acked(this.id, below);
  }

  #request(request: WireRequest, lane: ServerLane): void {
    const { id } = request;
    const kept = this.#kept.get(id);
    if (kept !== undefined) {
      lane.reply(kept);
      return;
    }
    let running = this.#running.get(id);
    if (running === undefined) {
      if (this.#ending) return;
      this.#runningBytes += dataBytes(request);
      running = this.#run(this.#withItsNodes(request));
      this.#running.set(id, running);
      this.#updateHold();
    }
    void running.then((reply) => {
      if (reply !== undefined) lane.reply(reply);
    });
  }

  async #run(request: WireRequest): Promise<WireReply | undefined> {
    const { id, operation } = request;
    const retry = this.#retryClass(request);
    const context = new CallContext(request.caller);
    if (operation === "getlk" || operation === "setlk") this.#locks.begins(id, context);
    const work = async (): Promise<unknown> => {
      if (retry === "once") return await this.#runOnce(request, context);
      if (retry === "report") return await this.#once.report(request, context);
      return await this.#call(request, context);
    };
    const { reply: answered, error, leased: believable, after } = await this.#runLeased(request, work);
    // An answer made again tells what was true in an earlier life.
    const leased = believable && !this.#once.isFromBefore(id);
    const body = operation === "open" && leased ? await this.#withContent(answered, request, after, context) : answered;
    const reply: WireReply =
      error === undefined
        ? { id, operation, body: (body as object | undefined) ?? {}, leased, after: leased ? after : [] }
        : { id, operation, error: this.#toFsError(error, operation), leased };
    this.#running.delete(id);
    const isGivenUp = this.#locks.ended(id, context);
    this.#runningBytes -= dataBytes(request);
    // What can be made again is not, for another client may have changed it since. In another life of the server it has to be.
    if (retry === "report" || (!isRecovery(operation) && operations[operation].mutates)) this.#keep(reply);
    this.#updateHold();
    return isGivenUp ? undefined : reply;
  }

  /**
   * With what the client would read next, where that is little. It is read after the attributes that the client is told, and under
   * the lease that it is granted by then: whoever changes the file takes that back first.
   */
  async #withContent(
    answered: unknown,
    request: WireRequest,
    after: readonly Entry[],
    context: CallContext,
  ): Promise<unknown> {
    const body = contentRead(request.body as Parameters<typeof contentRead>[0], after, this.#strictAtime);
    if (body === undefined) return answered;
    const read: WireRequest = { ...request, operation: "read", body };
    const { reply } = await this.#runLeased(read, () => this.#call(read, context));
    const content = (reply as ReadReply | undefined)?.data;
    return content?.length === body.size ? { ...(answered as object), content } : answered;
  }

  #withItsNodes(request: WireRequest): WireRequest {
    if (openers.has(request.operation) || isRecovery(request.operation)) return request;
    const body = this.#handles.withNodes(request.body as HandleBody);
    return body === request.body ? request : { ...request, body };
  }

  async #runLeased(request: WireRequest, work: () => Promise<unknown>): Promise<LeasedRun<unknown>> {
    const { operation } = request;
    try {
      if (this.#leases === undefined || isRecovery(operation)) return { reply: await work(), leased: false, after: [] };
      return await this.#leases.run(operation, request.body, work);
    } catch (error) {
      return { error, leased: false, after: [] };
    }
  }

  /**
   * Replies of one lane go out in order, so a client that has not got one has not got any later one either, and has calls
   * waiting for all of them; it holds no more than `limits.clientRequestsHeldMax`. What is older than that has arrived, though
   * a slow call keeps the client from acknowledging it.
   */
  #keep(reply: WireReply): void {
    // Whoever gets it again has come back since, and holds no lease.
    this.#kept.set(reply.id, { ...reply, leased: false, after: [] });
    if (this.#kept.size <= limits.sessionRepliesKeptMax) return;
    for (const id of this.#kept.keys()) {
      this.#kept.delete(id);
      break;
    }
  }

  /** As the table says, but that a write at the end of a file is not the same when it is made twice. */
  #retryClass({ operation, body }: WireRequest): RetryClass {
    if (isRecovery(operation)) return "idempotent";
    return operation === "write" && this.#appends(body as HandleBody) !== undefined
      ? "once"
      : operations[operation].retry;
  }

  #appends({ handle: number }: HandleBody): SessionHandle | undefined {
    const handle = number === undefined ? undefined : this.#handles.find(number);
    return handle !== undefined && (handle.flags & O_APPEND) !== 0 ? handle : undefined;
  }

  async #runOnce(request: WireRequest, context: CallContext): Promise<unknown> {
    if (request.operation === "write") {
      return await this.#once.run(request, context);
    }
    const reply = (await this.#once.run(request, context)) as object;
    if (request.operation !== "create" || !("handle" in reply)) return reply;
    // An answer made again from the journal: its handle is the file system's still.
    const { node } = reply as unknown as Entry;
    const { handle, flags } = request.body as OpenRequest & { handle: number };
    return {
      ...reply,
      ticket: this.#register(handle, reply.handle as HandleId, node, flags, false),
      handle: undefined,
    };
  }

  /** Makes the call at the file system, with the client's numbers of handles turned into the file system's. */
  async #call(request: WireRequest, context: CallContext): Promise<unknown> {
    const { operation } = request;
    if (isRecovery(operation)) return await this.#recover(request, context);
    if (openers.has(operation)) return await this.#open(request, context);
    const body = request.body as HandleBody;
    const run = (this.#fileSystem[operation] as AnyOperation).bind(this.#fileSystem);
    if (operation === "release" || operation === "releasedir") {
      const handle = this.#handles.delete(body.handle ?? 0);
      // Unknown: closed already by the first of two releases, or lost with an earlier server.
      if (handle === undefined) return {};
      this.#locks.released(body.handle ?? 0);
      return await run({ ...body, handle: handle.local } as never, context);
    }
    // getattr and setattr name a handle as a better way to the node, and can do without.
    const optional = operation === "getattr" || operation === "setattr";
    const local = this.#handles.withLocals(body, optional);
    if (operation === "getlk" || operation === "setlk")
      return await this.#lock(request, local.handle as SessionHandle["local"], context);
    return await run(local as never, context);
  }

  async #lock({ operation, body }: WireRequest, local: HandleId, context: CallContext): Promise<unknown> {
    if (operation === "getlk") return await this.#locks.getlk(body as GetlkRequest, local, context);
    const request = body as SetlkRequest;
    await this.#locks.setlk(request, local, context);
    if (request.type !== "unlock") await this.#leases?.caughtUp(request.node);
    return {};
  }

  /** What a client asks that is back. */
  async #recover(request: WireRequest, context: CallContext): Promise<unknown> {
    if (request.operation === "reopen") return await this.#reopen(request, context);
    if (request.operation === "reclaim") await this.#locks.reclaim(request.body as ReclaimRequest);
    else this.#locks.reclaimed();
    return {};
  }

  async #open(request: WireRequest, context: CallContext): Promise<unknown> {
    const operation = request.operation as "open" | "opendir" | "create" | "tmpfile";
    const { handle: number, ...body } = request.body as OpenRequest & { handle: number };
    const directory = operation === "opendir";
    const existing = this.#handles.find(number);
    if (existing !== undefined && operation !== "create") {
      // The ticket vouches for what was permitted, whatever is asked now.
      if (existing.node !== body.node || existing.flags !== body.flags || existing.directory !== directory) {
        throw new FsError("EINVAL", `handle ${number} is another file, or was opened otherwise`);
      }
      return { ticket: this.#ticket(existing.node, existing.flags, directory) };
    }
    this.#handles.checkRoom();
    const reply = (await (this.#fileSystem[operation] as AnyOperation).call(
      this.#fileSystem,
      body as never,
      context,
    )) as {
      handle: HandleId;
      node?: NodeId;
    };
    const { handle, ...rest } = reply;
    const node = reply.node ?? body.node;
    // #register is left to #runOnce for create: the journal's answers have to pass there too.
    if (operation === "create") return reply;
    return { ...rest, ticket: this.#register(number, handle, node, body.flags, directory) };
  }

  /** Gives a handle of an earlier server its number back. Without a good ticket, permission is checked as for an open. */
  async #reopen({ body }: WireRequest, context: CallContext): Promise<unknown> {
    const { node, flags, handle, directory, ticket } = body as {
      node: NodeId;
      flags: number;
      handle: number;
      directory: boolean;
      ticket: Buffer;
    };
    if (this.#handles.find(handle) !== undefined) return {};
    this.#handles.checkRoom();
    const vouched = this.#sealer.verify(ticketPurpose, ticketBytes(this.identity, node, flags, directory), ticket);
    const as = vouched ? rootContext() : context;
    const fileSystem = vouched ? this.#own : this.#fileSystem;
    const opened = directory
      ? await fileSystem.opendir({ node }, as)
      : await fileSystem.open({ node, flags: flags & ~(O_CREAT | O_EXCL | O_TRUNC), reopen: vouched }, as);
    this.#handles.set(handle, { local: opened.handle, node, flags, directory });
    return {};
  }

  #register(number: number, local: HandleId, node: NodeId, flags: number, directory: boolean): Buffer {
    this.#handles.set(number, { local, node, flags, directory });
    return this.#ticket(node, flags, directory);
  }

  #ticket(node: NodeId, flags: number, directory: boolean): Buffer {
    return this.#sealer.seal(ticketPurpose, ticketBytes(this.identity, node, flags, directory));
  }

  #updateHold(): void {
    const running = this.#running.size - this.#locks.running;
    const bytes = this.#runningBytes;
    const { sessionRequestsInFlightMax: runningMax, sessionBytesInFlightMax: bytesMax } = limits;
    if (!this.#held && (running >= runningMax || bytes >= bytesMax)) {
      this.#held = true;
      for (const lane of this.#lanes.values()) lane.hold();
    } else if (this.#held && running <= runningMax / 2 && bytes <= bytesMax / 2) {
      this.#held = false;
      for (const lane of this.#lanes.values()) lane.release();
    }
  }

  #toFsError(error: unknown, operation: WireRequest["operation"]): FsError {
    return toFsError(error, (unexpected) => {
      const text = unexpected instanceof Error ? (unexpected.stack ?? unexpected.message) : String(unexpected);
      this.#logger.error(`${operation} failed in a way that has no errno: ${text}`);
    });
  }
}

/** Memory that a request takes for the data that it carries or asks for, bytes. */
function dataBytes({ operation, body }: WireRequest): number {
  if (operation === "write") return (body as WriteRequest).data.length;
  if (operation === "open") return limits.openContentBytesMax;
  if (operation !== "read" && operation !== "readdir" && operation !== "readdirplus") return 0;
  return Math.min((body as ReadRequest).size, limits.ioBytesMax);
}
