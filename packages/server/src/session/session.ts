import {
  type AnyOperation,
  CallContext,
  type Entry,
  type FileSystem,
  type FsError,
  type HandleId,
  type Logger,
  limits,
  type NodeId,
  O_CREAT,
  O_EXCL,
  O_TRUNC,
  type OpenRequest,
  operations,
  rootContext,
  toFsError,
} from "@kedgefs/core";
import type { LaneName, ServerLane, WireReply, WireRequest } from "@kedgefs/rpc";
import type { Journal } from "../state/journal.ts";
import type { Sealer } from "../state/state-directory.ts";
import { HandleTable, ticketBytes } from "./handle-table.ts";
import { OnceRunner } from "./once.ts";

export interface SessionOptions {
  /** Hex; also what the journal knows it by. */
  readonly id: string;
  readonly identity: string;
  readonly exportName: string;
  readonly fileSystem: FileSystem;
  /** The file system without squashing, for what the server does on its own account. */
  readonly own: FileSystem;
  readonly journal: Journal;
  readonly sealer: Sealer;
  readonly logger: Logger;
}

interface HandleBody {
  readonly node: NodeId;
  readonly handle?: number | undefined;
}

const openers: ReadonlySet<string> = new Set(["open", "opendir", "create"]);
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
  /** When the last lane went, in milliseconds since the epoch; undefined while the client is there. */
  awaySinceMs: number | undefined = Date.now();
  #epoch = 0;
  readonly #fileSystem: FileSystem;
  readonly #own: FileSystem;
  readonly #journal: Journal;
  readonly #sealer: Sealer;
  readonly #logger: Logger;
  readonly #handles: HandleTable;
  readonly #once: OnceRunner;
  readonly #lanes = new Map<LaneName, ServerLane>();
  readonly #running = new Map<number, Promise<WireReply>>();
  readonly #kept = new Map<number, WireReply>();
  #held = false;

  constructor({ id, identity, exportName, fileSystem, own, journal, sealer, logger }: SessionOptions) {
    this.id = id;
    this.identity = identity;
    this.exportName = exportName;
    this.#fileSystem = fileSystem;
    this.#own = own;
    this.#journal = journal;
    this.#sealer = sealer;
    this.#logger = logger;
    this.#handles = new HandleTable(own);
    this.#once = new OnceRunner(id, journal, own, (request, context) => this.#call(request, context));
  }

  root(): Promise<Entry> {
    return this.#own.root(rootContext());
  }

  /** The client is back: what still comes in on earlier lanes is not listened to, for it will be sent again. */
  attach(): number {
    this.#closeLanes();
    this.awaySinceMs = Date.now();
    this.#epoch++;
    return this.#epoch;
  }

  openLane(epoch: number, name: LaneName, lane: ServerLane): boolean {
    if (epoch !== this.#epoch) return false;
    this.#lanes.get(name)?.close();
    this.#lanes.set(name, lane);
    this.awaySinceMs = undefined;
    lane.open({
      request: (request, from) => this.#request(request, from),
      acked: (below) => this.#acked(below),
      closed: (closed) => {
        if (this.#lanes.get(name) !== closed) return;
        this.#lanes.delete(name);
        if (this.#lanes.size === 0) this.awaySinceMs = Date.now();
      },
    });
    return true;
  }

  /** Waits for what runs, closes the handles. */
  async end(): Promise<void> {
    this.#closeLanes();
    await Promise.all(this.#running.values());
    await this.#handles.closeAll();
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
      lane.reply(kept, 0);
      return;
    }
    let running = this.#running.get(id);
    if (running === undefined) {
      running = this.#run(request);
      this.#running.set(id, running);
      this.#updateHold();
    }
    void running.then((reply) => lane.reply(reply, replyBytes(reply)));
  }

  async #run(request: WireRequest): Promise<WireReply> {
    const { id, operation } = request;
    const retry = operation === "reopen" ? "idempotent" : operations[operation].retry;
    const context = new CallContext(request.caller);
    let reply: WireReply;
    try {
      const body = await (retry === "once" ? this.#runOnce(request, context) : this.#call(request, context));
      reply = { id, operation, body: (body as object | undefined) ?? {} };
    } catch (error) {
      reply = { id, operation, error: this.#toFsError(error, operation) };
    }
    this.#running.delete(id);
    if (retry === "once" || retry === "report") this.#kept.set(id, reply);
    this.#updateHold();
    return reply;
  }

  async #runOnce(request: WireRequest, context: CallContext): Promise<unknown> {
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

  /** Makes the call at the file system, with the client's number of a handle turned into the file system's. */
  async #call(request: WireRequest, context: CallContext): Promise<unknown> {
    const { operation } = request;
    if (operation === "reopen") return await this.#reopen(request, context);
    if (openers.has(operation)) return await this.#open(request, context);
    const body = request.body as HandleBody;
    const run = (this.#fileSystem[operation] as AnyOperation).bind(this.#fileSystem);
    if (operation === "release" || operation === "releasedir") {
      const handle = this.#handles.delete(body.handle ?? 0);
      // Unknown: closed already by the first of two releases, or lost with an earlier server.
      return handle === undefined ? {} : await run({ ...body, handle: handle.local } as never, context);
    }
    if (body.handle === undefined) return await run(request.body as never, context);
    // getattr and setattr name a handle as a better way to the node, and can do without.
    const optional = operation === "getattr" || operation === "setattr";
    const handle = optional ? this.#handles.find(body.handle) : this.#handles.get(body.handle);
    return await run({ ...body, handle: handle?.local } as never, context);
  }

  async #open(request: WireRequest, context: CallContext): Promise<unknown> {
    const operation = request.operation as "open" | "opendir" | "create";
    const { handle: number, ...body } = request.body as OpenRequest & { handle: number };
    const directory = operation === "opendir";
    const existing = this.#handles.find(number);
    if (existing !== undefined && operation !== "create") {
      return { ticket: this.#ticket(existing.node, body.flags, directory) };
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
    this.#handles.set(handle, { local: opened.handle, node, directory });
    return {};
  }

  #register(number: number, local: HandleId, node: NodeId, flags: number, directory: boolean): Buffer {
    this.#handles.set(number, { local, node, directory });
    return this.#ticket(node, flags, directory);
  }

  #ticket(node: NodeId, flags: number, directory: boolean): Buffer {
    return this.#sealer.seal(ticketPurpose, ticketBytes(this.identity, node, flags, directory));
  }

  #updateHold(): void {
    const running = this.#running.size;
    if (!this.#held && running >= limits.sessionRequestsInFlightMax) {
      this.#held = true;
      for (const lane of this.#lanes.values()) lane.hold();
    } else if (this.#held && running <= limits.sessionRequestsInFlightMax / 2) {
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

/** Data of a reply, bytes, for the batching of frames. */
function replyBytes({ body, operation }: WireReply): number {
  if (body === undefined) return 0;
  if (operation === "read") return (body as { data: Uint8Array }).data.length;
  if (operation === "readdir" || operation === "readdirplus")
    return (body as { entries: unknown[] }).entries.length * 128;
  return 0;
}
