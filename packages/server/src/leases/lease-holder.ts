import { limits, type NodeId } from "@kedgefs/core";

/** What a lease is about: the part of a NodeId that is the same in every export. */
export type LeaseKey = string;

/** The way to the client of a session. */
export interface LeaseClient {
  /** Whether it can be told of a recall now. Where it can't, it is granted nothing. */
  readonly isThere: boolean;
  /** `node` undefined: every node. */
  recall(recall: { readonly id: number; readonly node: NodeId | undefined }): void;
}

/** Clocks of two machines may run at different rates, though not as different as this. */
const rateMargin = 1.25;

/** How long the server takes a lease for believed, milliseconds, of which its client is told `leaseMs`. */
export const holdMsOf = (leaseMs: number): number => leaseMs * rateMargin;

interface Grant {
  readonly node: NodeId;
  /** Whether the client may answer writes of it before they are here. */
  readonly writes: boolean;
}

/** A recall that the client has not acted on yet. */
interface Recalled {
  readonly id: number;
  /** Whether writes that it has answered may be on their way. */
  readonly writes: boolean;
  /** Undefined: every one. */
  readonly key: LeaseKey | undefined;
  /** When what was recalled has run out. */
  readonly untilMs: number;
  readonly done: Promise<void>;
  readonly settle: () => void;
}

/**
 * What one session was told and may believe, and which files' writes its client may answer by itself. A grant is remembered for one
 * to two lease times, so that nothing has to be taken out one by one when it runs out: what is in neither generation has run out
 * for certain.
 */
export class LeaseHolder {
  readonly #holdMs: number;
  readonly #client: LeaseClient;
  #current = new Map<LeaseKey, Grant>();
  #previous = new Map<LeaseKey, Grant>();
  #turnedMs = performance.now();
  #lastGrantMs = Number.NEGATIVE_INFINITY;
  #lastWriteGrantMs = Number.NEGATIVE_INFINITY;
  #lastId = 0;
  /** A recall that the client is to be told of when it is there again. */
  #owed: Recalled | undefined;
  /** Oldest first, which is also the order in which they run out. */
  readonly #unanswered: Recalled[] = [];
  /** The newest of those about a key. */
  readonly #unansweredOf = new Map<LeaseKey | undefined, Recalled>();
  /** How many of them took writes back, by key. */
  readonly #unansweredWrites = new Map<LeaseKey | undefined, number>();
  /** Writes that are being made here and that its client may have answered: settles when they have been made. */
  readonly #making = new Map<LeaseKey, { count: number; readonly made: Promise<void>; readonly settle: () => void }>();
  /** Runs while something is unanswered. */
  #timer: NodeJS.Timeout | undefined;
  /** The last recall that ran out; 0 if all before it were answered after all. */
  #ranOutId = 0;

  constructor(leaseMs: number, client: LeaseClient) {
    this.#holdMs = holdMsOf(leaseMs);
    this.#client = client;
  }

  /**
   * False when it holds as much as is kept of one session, or when its client answers no recalls, by which others would have to
   * wait for it again and again; nothing is granted then.
   */
  grant(key: LeaseKey, node: NodeId, writes = false): boolean {
    const nowMs = performance.now();
    this.#turn(nowMs);
    if (!this.#client.isThere || this.#ranOutId > 0) return false;
    if (Math.max(this.#current.size, this.#unanswered.length) >= limits.sessionLeasesMax) return false;
    this.#current.set(key, { node, writes: writes || this.#grantOf(key)?.writes === true });
    this.#lastGrantMs = nowMs;
    if (writes) this.#lastWriteGrantMs = nowMs;
    return true;
  }

  get isEmpty(): boolean {
    this.#turn(performance.now());
    return this.#current.size === 0 && this.#previous.size === 0;
  }

  /** Whether the client may believe it, though it may have been taken back and not be known to have arrived there. */
  mayBelieve(key: LeaseKey): boolean {
    return this.#current.has(key) || this.#previous.has(key) || this.#recallOf(key) !== undefined;
  }

  /** Whether the client may have answered writes of it that are not here yet. */
  mayHaveWritten(key: LeaseKey): boolean {
    return this.#making.has(key) || this.#mayAnswerWrites(key);
  }

  /**
   * A write of its client is about to be made. Returns what is to be called when it has been; undefined where the client can't have
   * answered it. Nobody looks at the file before it is made, however long that takes: the client did not keep it back.
   */
  making(key: LeaseKey): (() => void) | undefined {
    if (!this.#mayAnswerWrites(key)) return undefined;
    let making = this.#making.get(key);
    if (making === undefined) {
      const { promise: made, resolve: settle } = Promise.withResolvers<void>();
      making = { count: 0, made, settle };
      this.#making.set(key, making);
    }
    const counted = making;
    counted.count++;
    return () => {
      counted.count--;
      if (counted.count > 0) return;
      this.#making.delete(key);
      counted.settle();
    };
  }

  /**
   * Takes a lease back. What it returns settles when the client believes it no longer: it said so, or the lease has run out,
   * or the client came back, having dropped all; and when its writes that have come by then are made. Undefined where that is so.
   */
  recall(key: LeaseKey): Promise<void> | undefined {
    const dropped = this.#drop(key);
    return dropped === undefined ? this.#making.get(key)?.made : dropped.then(() => this.#making.get(key)?.made);
  }

  /** Settles when the client has acted on what was taken back of the key by now; undefined where it has. */
  unanswered(key: LeaseKey): Promise<void> | undefined {
    return this.#recallOf(key)?.done;
  }

  recallAll(): Promise<void> | undefined {
    if (this.isEmpty) return this.#unanswered.at(-1)?.done;
    this.#current.clear();
    this.#previous.clear();
    return this.#recall(undefined, { node: undefined, writes: performance.now() < this.#writesUntilMs });
  }

  /** The client has acted on all recalls up to this id. */
  recalled(upTo: number): void {
    this.#settleWhile(({ id }) => id <= upTo);
    if (upTo >= this.#ranOutId) this.#ranOutId = 0;
  }

  /**
   * The client begins anew with nothing to believe. What it has answered of writes is still to come, also of those of the
   * server's earlier life (until `earlierMs` at the latest): it is asked to say when all is here, once it is there.
   */
  reset(earlierMs = Number.NEGATIVE_INFINITY): void {
    const writes = this.#unanswered.filter((recalled) => recalled.writes);
    const untilMs = Math.max(earlierMs, this.#writesUntilMs, ...writes.map((recalled) => recalled.untilMs));
    for (const recalled of this.#unanswered) if (!recalled.writes) recalled.settle();
    this.#unanswered.splice(0, this.#unanswered.length, ...writes);
    this.#clear();
    if (untilMs > performance.now()) {
      this.#lastId++;
      this.#owed = this.#await({ id: this.#lastId, key: undefined, untilMs, writes: true });
    }
  }

  /** The client can be told of recalls again. */
  isBack(): void {
    const owed = this.#owed;
    this.#owed = undefined;
    if (owed !== undefined) this.#client.recall({ id: owed.id, node: undefined });
  }

  /** The client is gone for good. */
  close(): void {
    this.#clear();
    this.recalled(Number.POSITIVE_INFINITY);
  }

  get #writesUntilMs(): number {
    return this.#lastWriteGrantMs + this.#holdMs;
  }

  #grantOf(key: LeaseKey): Grant | undefined {
    return this.#current.get(key) ?? this.#previous.get(key);
  }

  #mayAnswerWrites(key: LeaseKey): boolean {
    if (this.#grantOf(key)?.writes) return true;
    return this.#unansweredWrites.has(key) || this.#unansweredWrites.has(undefined);
  }

  #drop(key: LeaseKey): Promise<void> | undefined {
    const grant = this.#grantOf(key);
    if (grant === undefined) return this.#recallOf(key)?.done;
    this.#current.delete(key);
    this.#previous.delete(key);
    return this.#recall(key, grant);
  }

  #clear(): void {
    this.#current.clear();
    this.#previous.clear();
    this.#lastGrantMs = Number.NEGATIVE_INFINITY;
    this.#lastWriteGrantMs = Number.NEGATIVE_INFINITY;
    this.#ranOutId = 0;
    this.#owed = undefined;
    this.#unansweredOf.clear();
    for (const recalled of this.#unanswered) this.#unansweredOf.set(recalled.key, recalled);
    this.#restIfAnswered();
  }

  /** The newest unanswered recall that is about the key. */
  #recallOf(key: LeaseKey): Recalled | undefined {
    const one = this.#unansweredOf.get(key);
    const all = this.#unansweredOf.get(undefined);
    return one !== undefined && (all === undefined || one.id > all.id) ? one : all;
  }

  #recall(
    key: LeaseKey | undefined,
    { node, writes }: { readonly node: NodeId | undefined; readonly writes: boolean },
  ): Promise<void> | undefined {
    this.#lastId++;
    this.#client.recall({ id: this.#lastId, node });
    const untilMs = this.#lastGrantMs + this.#holdMs;
    if (untilMs <= performance.now()) return undefined;
    return this.#await({ id: this.#lastId, key, untilMs, writes }).done;
  }

  #await(awaited: Pick<Recalled, "id" | "key" | "untilMs" | "writes">): Recalled {
    const { promise: done, resolve: settle } = Promise.withResolvers<void>();
    const recalled: Recalled = { ...awaited, done, settle };
    this.#unanswered.push(recalled);
    this.#countWrites(recalled, 1);
    this.#unansweredOf.set(recalled.key, recalled);
    if (this.#timer === undefined) this.#watchOldest();
    return recalled;
  }

  #settleWhile(isDone: (recalled: Recalled) => boolean): Recalled | undefined {
    const rest = this.#unanswered.findIndex((recalled) => !isDone(recalled));
    const settled = this.#unanswered.splice(0, rest === -1 ? this.#unanswered.length : rest);
    for (const recalled of settled) {
      this.#countWrites(recalled, -1);
      if (this.#unansweredOf.get(recalled.key) === recalled) this.#unansweredOf.delete(recalled.key);
      recalled.settle();
    }
    this.#restIfAnswered();
    return settled.at(-1);
  }

  #countWrites({ key, writes }: Recalled, step: number): void {
    if (!writes) return;
    const count = (this.#unansweredWrites.get(key) ?? 0) + step;
    if (count === 0) this.#unansweredWrites.delete(key);
    else this.#unansweredWrites.set(key, count);
  }

  #restIfAnswered(): void {
    if (this.#unanswered.length > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #watchOldest(): void {
    const [oldest] = this.#unanswered;
    if (oldest === undefined) return;
    const restMs = Math.max(1, oldest.untilMs - performance.now());
    this.#timer = setTimeout(() => {
      const nowMs = performance.now();
      const ranOut = this.#settleWhile(({ untilMs }) => untilMs <= nowMs);
      if (ranOut !== undefined) this.#ranOutId = ranOut.id;
      this.#watchOldest();
    }, restMs);
  }

  #turn(nowMs: number): void {
    const passedMs = nowMs - this.#turnedMs;
    if (passedMs < this.#holdMs) return;
    this.#previous = passedMs < 2 * this.#holdMs ? this.#current : new Map();
    this.#current = new Map();
    this.#turnedMs = nowMs;
  }
}
