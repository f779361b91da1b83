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

/** A recall that the client has not acted on yet. */
interface Recalled {
  readonly id: number;
  /** Undefined: every one. */
  readonly key: LeaseKey | undefined;
  /** When what was recalled has run out. */
  readonly untilMs: number;
  readonly done: Promise<void>;
  readonly settle: () => void;
}

/**
 * What one session was told and may believe. A grant is remembered for one to two lease times, so that nothing has to be
 * taken out one by one when it runs out: what is in neither generation has run out for certain.
 */
export class LeaseHolder {
  readonly #holdMs: number;
  readonly #client: LeaseClient;
  #current = new Map<LeaseKey, NodeId>();
  #previous = new Map<LeaseKey, NodeId>();
  #turnedMs = performance.now();
  #lastGrantMs = Number.NEGATIVE_INFINITY;
  #lastId = 0;
  /** Oldest first, which is also the order in which they run out. */
  readonly #unanswered: Recalled[] = [];
  /** The newest of those about a key. */
  readonly #unansweredOf = new Map<LeaseKey | undefined, Recalled>();
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
  grant(key: LeaseKey, node: NodeId): boolean {
    const nowMs = performance.now();
    this.#turn(nowMs);
    if (!this.#client.isThere || this.#ranOutId > 0) return false;
    if (Math.max(this.#current.size, this.#unanswered.length) >= limits.sessionLeasesMax) return false;
    this.#current.set(key, node);
    this.#lastGrantMs = nowMs;
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

  /**
   * Takes a lease back. What it returns settles when the client believes it no longer: it said so, or the lease has run out,
   * or the client came back, having dropped all; undefined where it doesn't believe it now.
   */
  recall(key: LeaseKey): Promise<void> | undefined {
    const node = this.#current.get(key) ?? this.#previous.get(key);
    if (node === undefined) return this.#recallOf(key)?.done;
    this.#current.delete(key);
    this.#previous.delete(key);
    return this.#recall(key, node);
  }

  recallAll(): Promise<void> | undefined {
    if (this.isEmpty) return this.#unanswered.at(-1)?.done;
    this.#current.clear();
    this.#previous.clear();
    return this.#recall(undefined, undefined);
  }

  /** The client has acted on all recalls up to this id. */
  recalled(upTo: number): void {
    this.#settleWhile(({ id }) => id <= upTo);
    if (upTo >= this.#ranOutId) this.#ranOutId = 0;
  }

  /** The client begins anew with nothing to believe, or is gone for good. */
  reset(): void {
    this.#current.clear();
    this.#previous.clear();
    this.#lastGrantMs = Number.NEGATIVE_INFINITY;
    this.recalled(Number.POSITIVE_INFINITY);
  }

  /** The newest unanswered recall that is about the key. */
  #recallOf(key: LeaseKey): Recalled | undefined {
    const one = this.#unansweredOf.get(key);
    const all = this.#unansweredOf.get(undefined);
    return one !== undefined && (all === undefined || one.id > all.id) ? one : all;
  }

  #recall(key: LeaseKey | undefined, node: NodeId | undefined): Promise<void> | undefined {
    this.#lastId++;
    this.#client.recall({ id: this.#lastId, node });
    const untilMs = this.#lastGrantMs + this.#holdMs;
    if (untilMs <= performance.now()) return undefined;
    const { promise: done, resolve: settle } = Promise.withResolvers<void>();
    const recalled: Recalled = { id: this.#lastId, key, untilMs, done, settle };
    this.#unanswered.push(recalled);
    this.#unansweredOf.set(key, recalled);
    if (this.#timer === undefined) this.#watchOldest();
    return done;
  }

  #settleWhile(isDone: (recalled: Recalled) => boolean): Recalled | undefined {
    const rest = this.#unanswered.findIndex((recalled) => !isDone(recalled));
    const settled = this.#unanswered.splice(0, rest === -1 ? this.#unanswered.length : rest);
    for (const recalled of settled) {
      if (this.#unansweredOf.get(recalled.key) === recalled) this.#unansweredOf.delete(recalled.key);
      recalled.settle();
    }
    if (this.#unanswered.length === 0) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
    }
    return settled.at(-1);
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
