import { hostname } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import type { ServiceError } from "@grpc/grpc-js";
import {
  CallContext,
  deadlineMs,
  type Entry,
  FsError,
  type HandleId,
  type Logger,
  type NodeId,
  operations,
  rootCaller,
  type SetlkRequest,
  type WriteRequest,
} from "@kedgefs/core";
import {
  type Attached,
  type ClientLane,
  connectionPhrase,
  connectionProblem,
  dial,
  isRecovery,
  type LaneName,
  laneNames,
  type RecoveryOperation,
  type ServerAddress,
  type TlsMaterial,
  type Transport,
  type WireOperation,
  type WireRequest,
} from "@kedgefs/rpc";
import pRetry, { AbortError } from "p-retry";
import { type Answer, bodyOf } from "./ask.ts";
import { type ClientHandle, ClientHandles } from "./client-handles.ts";
import type { LeaseTerms } from "./leases/lease-cache.ts";
import { type PendingCall, PendingCalls, waitsForLock } from "./pending-calls.ts";

export interface ConnectOptions extends ServerAddress {
  readonly exportName: string;
  readonly tls: TlsMaterial;
  readonly logger: Logger;
  /** For the server's log: what the session is for, such as the mount point. */
  readonly purpose?: string;
}

/**
 * Called when what was told of a node, or with undefined of all, is not to be believed any more. The server waits until what it
 * returns resolves, or where it rejects, until the lease has run out. `isAsked`: by the server, and not since it can't be heard.
 */
export type RecallListener = (node: NodeId | undefined, isAsked: boolean) => Promise<unknown> | undefined;

/**
 * Asks for what is held at the server beside handles, which are open again, before calls are sent again. `awaitsLocks`: see AttachReply
 * in kedge.proto. Rejects where the connection fails.
 */
export type Recover = (awaitsLocks: boolean) => Promise<void>;

export type ConnectionState = "connected" | "reconnecting" | "closed";

export interface SessionStatus {
  readonly state: ConnectionState;
  /** How long it has been so, milliseconds. */
  readonly sinceMs: number;
  /** Failed attempts of the reconnection that is under way. */
  readonly attempts: number;
  /** What ended the last connection, or failed the last attempt. */
  readonly lastError?: string;
  /** Hex; another one after the server was started again. */
  readonly serverIncarnation: string;
  readonly inFlight: readonly {
    readonly operation: string;
    readonly pid: number;
    readonly sinceMs: number;
    /** It waits for a lock that somebody else holds, for as long as that may be. */
    readonly waitsForLock: boolean;
  }[];
}

/** Reconnection: delays double from the first to the ceiling, each drawn at random between one and two times that. */
const retryMinMs = 50;
const retryMaxMs = 500;
/** A connection that ends within this time counts as one that was not worth making, milliseconds. */
const shortLivedMs = 250;
/** Operations of which a handle comes, by a number that is chosen here. */
const openers: ReadonlySet<WireOperation> = new Set<WireOperation>(["open", "opendir", "create", "tmpfile"]);
/** How often calls are looked at for being slow. */
const slowCheckMs = 5_000;
/** What is asked through a handle and takes nothing. */
const givingBack: ReadonlySet<string> = new Set(["flush", "release", "releasedir"]);
/** How long an orderly close waits for calls that are under way. */
const closeTimeoutMs = 30_000;

/**
 * One session with a server, through all its connections. Calls wait here while the server is away, and are sent again when
 * it is back; handles are opened again first.
 */
export class RemoteSession {
  readonly #options: ConnectOptions;
  readonly #pending = new PendingCalls();
  readonly handles = new ClientHandles();
  readonly #stopping = new AbortController();
  readonly #slowTimer: NodeJS.Timeout;
  #state: ConnectionState = "reconnecting";
  #sinceMs = performance.now();
  #attempts = 0;
  /** Connections in a row that ended right after they were made. */
  #shortLived = 0;
  #lastError: string | undefined;
  #attached: Attached | undefined;
  /** Hex incarnation of the server process that has all our handles. */
  #recoveredAt: string | undefined;
  #transport: Transport | undefined;
  #lanes: Partial<Record<LaneName, ClientLane>> = {};
  readonly #recallListeners: RecallListener[] = [];
  #recover: Recover = async () => {};
  /** Numbers of handles that an interrupted open may have opened at the server. */
  #strays: { number: HandleId; call: PendingCall }[] = [];

  private constructor(options: ConnectOptions) {
    this.#options = options;
    this.#slowTimer = setInterval(() => this.#reportSlowCalls(), slowCheckMs).unref();
  }

  /** Opens a session. Rejects with a UserError at the first failure: whoever mounts wants to know at once. */
  static async connect(options: ConnectOptions): Promise<RemoteSession> {
    const session = new RemoteSession(options);
    try {
      await session.#connectOnce();
    } catch (error) {
      clearInterval(session.#slowTimer);
      throw isServiceError(error) ? await connectionProblem(error, options, options.tls) : error;
    }
    return session;
  }

  get logger(): Logger {
    return this.#options.logger;
  }

  get root(): Entry {
    return this.#attachedOrThrow().root;
  }

  get readOnly(): boolean {
    return this.#attachedOrThrow().readOnly;
  }

  get coarseTimes(): boolean {
    return this.#attachedOrThrow().coarseTimes;
  }

  /** See AttachReply.close_reports in kedge.proto. */
  get closeReports(): boolean {
    return this.#attachedOrThrow().closeReports;
  }

  /** What the server says about believing its answers; see AttachReply in kedge.proto. */
  get leaseTerms(): LeaseTerms {
    return this.#attachedOrThrow();
  }

  onRecall(listener: RecallListener): void {
    this.#recallListeners.push(listener);
  }

  onRecovery(recover: Recover): void {
    this.#recover = recover;
  }

  get connected(): boolean {
    return this.#state === "connected";
  }

  /** Back-pressure: `pause` is called when as many calls are held as may be, `resume` when there is room again. */
  onFull(pause: () => void, resume: () => void): void {
    this.#pending.onFull(pause, resume);
  }

  status(): SessionStatus {
    const now = performance.now();
    return {
      state: this.#state,
      sinceMs: now - this.#sinceMs,
      attempts: this.#attempts,
      ...(this.#lastError === undefined ? {} : { lastError: this.#lastError }),
      serverIncarnation: this.#attached?.incarnation.toString("hex") ?? "",
      inFlight: [...this.#pending.all()].map(({ request, context, startedMs }) => ({
        operation: request.operation,
        pid: context.caller.pid,
        sinceMs: now - startedMs,
        waitsForLock: waitsForLock(request),
      })),
    };
  }

  /**
   * Makes a call, now or when the server is back. Rejects with an FsError. `bytes` is the data that `body` carries. `lazy`: it may
   * wait a moment for company, or for `flush`.
   */
  async call(operation: WireOperation, body: object, context: CallContext, bytes = 0, lazy = false): Promise<Answer> {
    if (this.#state === "closed") throw new FsError("ENOTCONN", "the session is closed");
    return await this.#pend({ operation, body, caller: context.caller, lazy }, context, bytes, (call) => {
      if (this.#state === "connected") this.#send(call);
      else this.#wait(call);
    });
  }

  /** Asks at once, of a server to which calls are perhaps not sent yet. Rejects, also with ECANCELED where the connection fails. */
  async askFirst(operation: RecoveryOperation, body: object, caller = rootCaller): Promise<unknown> {
    const request = { operation, body, caller };
    return bodyOf(await this.#pend(request, new CallContext(caller), 0, (call) => this.#send(call)));
  }

  /**
   * The caller of a setlk, which is known by its context, waits no longer: the server is told. True where the server may have the
   * call and is away.
   */
  interrupt(context: CallContext): boolean {
    for (const call of this.#pending.all()) {
      if (call.context !== context) continue;
      if (this.connected && call.sent) this.#lanes.control?.interrupt(call.request.id);
      return call.sent && !this.connected;
    }
    return false;
  }

  /** Fails calls through these handles, but for those that give something back. */
  failCalls(handles: ReadonlySet<HandleId>, error: FsError): void {
    for (const { request } of [...this.#pending.all()]) {
      const { handle, type } = request.body as { handle?: HandleId; type?: SetlkRequest["type"] };
      const givesBack = isRecovery(request.operation) || givingBack.has(request.operation) || type === "unlock";
      if (handle !== undefined && handles.has(handle) && !givesBack) this.#pending.settle(request.id, error);
    }
  }

  /** Sends the calls that wait for company. */
  flush(): void {
    for (const lane of Object.values(this.#lanes)) lane.flush();
  }

  /** Waits for the calls that are under way, tells the server that the session ends, and closes. */
  async close(): Promise<void> {
    if (this.#state === "closed") return;
    const until = performance.now() + closeTimeoutMs;
    // While the server is away, for what programs take for written: nobody else would wait for it.
    const isUnderWay = (): boolean =>
      this.#state === "connected"
        ? this.#pending.size > 0
        : [...this.#pending.all()].some(({ request }) => request.lazy);
    while (isUnderWay() && performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const wasConnected = this.#state === "connected";
    this.#enter("closed");
    void this.#recall(undefined, false);
    if (wasConnected && this.#attached !== undefined) {
      await this.#transport?.detach(this.#attached.sessionId).catch((error: Error) => {
        this.#options.logger.debug(`the server was not told of the end of the session: ${error.message}`);
      });
    }
    this.#stopping.abort();
    clearInterval(this.#slowTimer);
    this.#hangUp();
    this.#pending.failAll(new FsError("ENOTCONN", "the session was closed"));
  }

  /** What it returns never rejects. */
  #recall(node: NodeId | undefined, isAsked: boolean): Promise<unknown> | undefined {
    const waiting = this.#recallListeners
      .map((listener) => listener(node, isAsked))
      .filter((each) => each !== undefined);
    return waiting.length === 0 ? undefined : this.#untilDropped(waiting);
  }

  async #untilDropped(waiting: readonly Promise<unknown>[]): Promise<void> {
    const outcomes = await Promise.allSettled(waiting);
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    if (failed === undefined) return;
    this.#options.logger.error("what was told can't be taken back: it is believed until its time is up", {
      error: String(failed.reason),
    });
    await delay(this.leaseTerms.leaseMs, undefined, { ref: false });
  }

  #pend(
    request: Omit<WireRequest, "id">,
    context: CallContext,
    bytes: number,
    begin: (call: PendingCall) => void,
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const call: PendingCall = {
        request: { id: this.#pending.nextId(), ...request },
        bytes,
        context,
        startedMs: performance.now(),
        sent: false,
        slowReported: false,
        settle: (reply) => (reply instanceof FsError ? reject(reply) : resolve(reply)),
      };
      this.#pending.add(call);
      begin(call);
    });
  }

  #attachedOrThrow(): Attached {
    if (this.#attached === undefined) throw new Error("the session was never attached");
    return this.#attached;
  }

  #enter(state: ConnectionState): void {
    this.#state = state;
    this.#sinceMs = performance.now();
  }

  #send(call: PendingCall): void {
    call.sent = true;
    const { operation, id } = call.request;
    const lane = !isRecovery(operation) && operations[operation].lane === "bulk" ? "bulk" : "control";
    this.#lanes[lane]?.send(call.request);
    if (operation === "setlk" && call.context.aborted) this.#lanes[lane]?.interrupt(id);
  }

  #wait(call: PendingCall): void {
    this.#pending.interruptible(call, ({ request, sent }) => {
      const number = (request.body as { handle?: HandleId }).handle;
      if (sent && openers.has(request.operation) && number !== undefined) this.#strays.push({ number, call });
    });
  }

  /** One attempt, from dialling to having sent again everything that waited. */
  async #connectOnce(): Promise<void> {
    const { exportName, tls, purpose } = this.#options;
    const before = this.#attached;
    const transport = dial(this.#options, tls);
    let broken: ((reason: string) => void) | undefined;
    let endedReason: string | undefined;
    const breaks = new Promise<never>((_, reject) => {
      broken = (reason) => reject(new Error(reason));
    });
    breaks.catch(() => {});
    try {
      const attached = await transport.attach({
        exportName,
        sessionId: before?.sessionId ?? Buffer.alloc(0),
        clientDescription: `${hostname()}${purpose === undefined ? "" : ` ${purpose}`}`,
      });
      if (this.#isClosed()) throw new Error("the session was closed meanwhile");
      const lanes: Partial<Record<LaneName, ClientLane>> = {};
      for (const name of laneNames) {
        lanes[name] = transport.openLane(name, attached, {
          reply: (reply) => this.#pending.settle(reply.id, reply),
          recall: ({ node }) => this.#recall(node, true),
          ackedBelow: () => this.#pending.ackedBelow(),
          ended: (reason) => {
            endedReason ??= reason;
            broken?.(reason);
            if (this.#transport === transport && this.#state === "connected") this.#disconnected(reason);
          },
        });
      }
      this.#transport = transport;
      this.#lanes = lanes;
      if (before !== undefined && !attached.resumed) this.#failUncertain();
      // From here on the new session id counts, also for an attempt that breaks off below.
      this.#attached = before === undefined ? attached : { ...attached, root: before.root };
      const incarnation = attached.incarnation.toString("hex");
      if (before !== undefined) {
        const isAnother = !attached.resumed || incarnation !== this.#recoveredAt;
        if (isAnother) {
          this.#recoveredAt = undefined;
          this.#failInterrupted();
          await Promise.race([this.#reopenHandles(), breaks]);
        }
        await Promise.race([this.#recover(attached.awaitsLocks), breaks]);
        // A lane tells of its end once only, and may have done so since the last handle was back.
        if (endedReason !== undefined || this.#isClosed()) throw new Error(endedReason ?? "the session was closed");
      }
      this.#recoveredAt = incarnation;
      this.#resume();
    } catch (error) {
      if (this.#transport === transport) this.#hangUp();
      else transport.close();
      this.#dropRecovery();
      throw error;
    }
  }

  #isClosed(): boolean {
    return this.#state === "closed";
  }

  /**
   * What an attempt that failed, or a connection that is gone, has asked first: the next one asks anew. Sent again among the calls,
   * re-opens would open handles that were released meanwhile.
   */
  #dropRecovery(): void {
    for (const { request } of [...this.#pending.all()]) {
      if (isRecovery(request.operation))
        this.#pending.settle(request.id, new FsError("ECANCELED", "the attempt failed"));
    }
  }

  /** Lock calls that an earlier server process may have had and nobody waits for: this one does not know them. */
  #failInterrupted(): void {
    for (const { request, sent, context } of [...this.#pending.all()]) {
      if (request.operation === "setlk" && sent && context.aborted)
        this.#pending.settle(request.id, new FsError("EINTR", "interrupted while the server was away"));
    }
  }

  #resume(): void {
    this.#pending.uninterruptible();
    this.#enter("connected");
    this.#attempts = 0;
    for (const call of this.#pending.all()) this.#send(call);
    const strays = this.#strays;
    this.#strays = [];
    for (const { number, call } of strays) {
      const operation = call.request.operation === "opendir" ? "releasedir" : "release";
      const node = (call.request.body as { node?: unknown; parent?: unknown }).node ?? this.root.node;
      this.call(operation, { node, handle: number }, new CallContext(call.context.caller)).catch(() => {});
    }
  }

  #disconnected(ended: string): void {
    const reason = connectionPhrase(new Error(ended));
    this.#hangUp();
    this.#lastError = reason;
    const connectedMs = performance.now() - this.#sinceMs;
    this.#enter("reconnecting");
    // A server that we can't hear can't take back what it said.
    const dropped = this.#recall(undefined, false);
    this.#options.logger.warn(`lost the server: ${reason}`);
    this.#dropRecovery();
    for (const call of [...this.#pending.all()]) this.#wait(call);
    this.#reconnect(connectedMs, dropped).catch((error: Error) => {
      if (this.#state === "closed") return;
      this.#options.logger.error(`gave up reconnecting: ${error.stack ?? error.message}`);
    });
  }

  async #reconnect(connectedMs: number, dropped: Promise<unknown> | undefined): Promise<void> {
    const startedMs = performance.now();
    // An attach says that nothing is believed here any more. But what has to be dropped may wait for an answer of the server.
    if (dropped !== undefined) {
      const { signal } = this.#stopping;
      await Promise.race([dropped, delay(this.leaseTerms.leaseMs, undefined, { signal })]);
    }
    // A server that takes us in and throws us out at once is not asked without a pause: the attempts begin anew each time.
    this.#shortLived = connectedMs < shortLivedMs ? this.#shortLived + 1 : 0;
    if (this.#shortLived > 0) {
      const pauseMs = Math.min(retryMaxMs, retryMinMs * 2 ** Math.min(this.#shortLived, 10));
      await delay(pauseMs, undefined, { signal: this.#stopping.signal });
    }
    await pRetry(
      async () => {
        if (this.#state === "closed") throw new AbortError("closed");
        try {
          await this.#connectOnce();
        } catch (error) {
          // p-retry takes a TypeError for a bug of ours and gives up; whatever it was, a hard mount does not.
          throw error instanceof TypeError ? new Error(error.message, { cause: error }) : error;
        }
      },
      {
        retries: Number.POSITIVE_INFINITY,
        factor: 2,
        minTimeout: retryMinMs,
        maxTimeout: retryMaxMs,
        randomize: true,
        signal: this.#stopping.signal,
        onFailedAttempt: ({ error }) => {
          this.#attempts++;
          const text = connectionPhrase(error);
          if (text !== this.#lastError) this.#options.logger.info(`the server is still away: ${text}`);
          this.#lastError = text;
        },
      },
    );
    this.#options.logger.info(`the server is back after ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
  }

  #hangUp(): void {
    for (const lane of Object.values(this.#lanes)) lane.close();
    this.#lanes = {};
    this.#transport?.close();
    this.#transport = undefined;
  }

  /** Another server process has none of our handles: open them there under their numbers. */
  async #reopenHandles(): Promise<void> {
    await Promise.all(this.handles.all().map((handle) => this.#reopen(handle)));
  }

  async #reopen(handle: ClientHandle): Promise<void> {
    const { number, node, flags, directory, ticket, caller } = handle;
    try {
      const body = { node, flags, handle: number, directory, ticket };
      await this.askFirst("reopen", body, caller);
      delete handle.lost;
    } catch (error) {
      if (!(error instanceof FsError) || error.code === "ECANCELED") throw error;
      handle.lost = error;
      this.#options.logger.warn(`an open file could not be opened again: ${error.code}: ${error.message}`);
    }
  }

  /** The server lost our session, so nobody knows whether it ran what we had sent. Where twice is not once, say so. */
  #failUncertain(): void {
    for (const { request, sent } of [...this.#pending.all()]) {
      const { operation, id } = request;
      if (!sent || !this.#mustNotRepeat(request)) continue;
      this.#options.logger.error(`${operation} may or may not have been done: the server lost the session`);
      this.#pending.settle(
        id,
        new FsError("EIO", "the server lost the session; the operation may or may not have been done"),
      );
    }
  }

  #mustNotRepeat({ operation, body }: PendingCall["request"]): boolean {
    if (isRecovery(operation)) return false;
    const { retry } = operations[operation];
    return (
      retry === "once" ||
      retry === "report" ||
      (operation === "write" && this.handles.appends((body as WriteRequest).handle))
    );
  }

  #reportSlowCalls(): void {
    if (this.#state !== "connected") return;
    const now = performance.now();
    for (const call of this.#pending.all()) {
      const { operation } = call.request;
      const limitMs = deadlineMs[isRecovery(operation) ? "metadata" : operations[operation].deadline];
      if (call.slowReported || waitsForLock(call.request) || now - call.startedMs < limitMs) continue;
      call.slowReported = true;
      this.#options.logger.warn(`${operation} of pid ${call.context.caller.pid} takes longer than ${limitMs / 1000} s`);
    }
  }
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && typeof (error as { code?: unknown }).code === "number";
}
