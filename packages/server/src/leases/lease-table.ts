import { ChangeTracker } from "@kedgefs/core";
import { holdMsOf, type LeaseClient, LeaseHolder, type LeaseKey } from "./lease-holder.ts";

/** What sessions of the server's earlier life may still believe. */
export interface EarlierLeases {
  readonly sessions: Iterable<string>;
  /** How long they were told that they may, milliseconds. */
  readonly leaseMs: number;
}

/** Files remembered for being looked at by others than who writes them; past it all are forgotten. */
const sharedMax = 65_536;

/**
 * Who may believe what, of all sessions of the server. The rule: a change by one session begins once no other session believes
 * anything that it makes untrue, and until it has ended nobody is told about it under a lease.
 *
 * One session may also be granted a file's writes: its client then answers them before they are here. The rule: a call of
 * another session that looks at the file or changes it begins once all that was answered so has come.
 */
export class LeaseTable {
  /** How long an answer may be believed, milliseconds. It bounds how long a change waits for a client that does not answer. */
  readonly leaseMs: number;
  readonly changes = new ChangeTracker<LeaseKey>();
  /** Of names that calls are about, so that two which are about the same one know of each other. */
  readonly names = new ChangeTracker<string>();
  /** Takes note of all that other processes of this machine have changed by now. */
  readHost: () => void = () => {};
  readonly #holders = new Set<LeaseHolder>();
  /** Until when nobody is granted the writes of these, for others look at them; by performance.now(). */
  readonly #sharedUntilMs = new Map<LeaseKey, number>();
  readonly #earlier: Set<string>;
  readonly #earlierUntilMs: number;
  #earlierGone: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;
  #earlierTimer: NodeJS.Timeout | undefined;
  #grants = true;

  constructor(leaseMs: number, earlier: EarlierLeases) {
    this.leaseMs = leaseMs;
    this.#earlier = new Set(earlier.sessions);
    this.#earlierUntilMs = performance.now() + holdMsOf(earlier.leaseMs);
  }

  /** False once changes by others are not seen any more: nothing may be believed then. */
  get grants(): boolean {
    return this.#grants;
  }

  join(client: LeaseClient): LeaseHolder {
    const holder = new LeaseHolder(this.leaseMs, client);
    this.#holders.add(holder);
    return holder;
  }

  /** The session has ended. Its client may not know, and then believes what it was told until that runs out. */
  leave(holder: LeaseHolder): void {
    const believed = holder.recallAll();
    if (believed === undefined) this.#holders.delete(holder);
    else void believed.then(() => this.#holders.delete(holder));
  }

  /**
   * A session of the earlier life is back, with nothing that it believes, or has ended. Returns until when writes may come that
   * its client answered in that life; undefined for a session of this life.
   */
  settled(sessionId: string): number | undefined {
    if (!this.#earlier.delete(sessionId)) return undefined;
    if (this.#earlier.size === 0) this.#earlierGone?.resolve();
    return this.#earlierUntilMs;
  }

  /** Whether no other session is there that could hold anything. */
  isAlone(holder: LeaseHolder): boolean {
    return this.#holders.size === 1 && this.#holders.has(holder) && this.#waitForEarlier().length === 0;
  }

  /** Whether a session other than this may believe the key. */
  othersBelieve(key: LeaseKey, holder: LeaseHolder): boolean {
    for (const other of this.#holders) if (other !== holder && other.mayBelieve(key)) return true;
    return false;
  }

  /** Whether a session other than this may have answered writes of it that are not here yet. */
  othersMayHaveWritten(key: LeaseKey, holder: LeaseHolder): boolean {
    if (this.#waitForEarlier().length > 0) return true;
    for (const other of this.#holders) if (other !== holder && other.mayHaveWritten(key)) return true;
    return false;
  }

  /** Whether the writes of a file may be granted: not while others than who writes look at it again and again. */
  mayGrantWrites(key: LeaseKey): boolean {
    const untilMs = this.#sharedUntilMs.get(key);
    if (untilMs === undefined) return true;
    if (performance.now() < untilMs) return false;
    this.#sharedUntilMs.delete(key);
    return true;
  }

  /**
   * A session is about to look at these: settles when all is here that the clients of others have answered of their writes;
   * undefined where that is so now.
   */
  recallWrites(keys: readonly LeaseKey[], except: LeaseHolder): Promise<unknown> | undefined {
    if (keys.length === 0) return undefined;
    const [earlierGone] = this.#waitForEarlier();
    // They come back as sessions of this life, which may have to be waited for.
    if (earlierGone !== undefined) return earlierGone.then(() => this.recallWrites(keys, except));
    const waiting: Promise<void>[] = [];
    for (const key of keys) {
      for (const holder of this.#holders) {
        const recalled = holder === except || !holder.mayHaveWritten(key) ? undefined : this.#recall(key, holder);
        if (recalled !== undefined) waiting.push(recalled);
      }
    }
    return waiting.length === 0 ? undefined : Promise.all(waiting);
  }

  /** Takes leases back from all sessions but one; settles when nobody believes them, undefined if nobody does now. */
  recall(keys: Iterable<LeaseKey>, except?: LeaseHolder): Promise<unknown> | undefined {
    const waiting = this.#waitForEarlier();
    for (const key of keys) {
      for (const holder of this.#holders) {
        const recalled = holder === except ? undefined : this.#recall(key, holder);
        if (recalled !== undefined) waiting.push(recalled);
      }
    }
    return waiting.length === 0 ? undefined : Promise.all(waiting);
  }

  recallAll(except?: LeaseHolder): Promise<unknown> | undefined {
    const waiting = this.#waitForEarlier();
    for (const holder of this.#holders) {
      const recalled = holder === except ? undefined : holder.recallAll();
      if (recalled !== undefined) waiting.push(recalled);
    }
    return waiting.length === 0 ? undefined : Promise.all(waiting);
  }

  /** Somebody changed it without asking us. It is done already, so nobody waits. */
  changedByHost(key: LeaseKey): void {
    this.changes.note(key);
    for (const holder of this.#holders) void holder.recall(key);
  }

  /** Somebody may have changed anything. */
  anythingChangedByHost(): void {
    this.changes.noteAll();
    for (const holder of this.#holders) void holder.recallAll();
  }

  /** What others change is not told any more. */
  stopGranting(): void {
    this.#grants = false;
    this.anythingChangedByHost();
  }

  /** The server ends. No session runs anything any more. */
  close(): void {
    clearTimeout(this.#earlierTimer);
    for (const holder of this.#holders) holder.close();
    this.#holders.clear();
  }

  #recall(key: LeaseKey, holder: LeaseHolder): Promise<void> | undefined {
    if (holder.mayHaveWritten(key)) {
      if (this.#sharedUntilMs.size >= sharedMax) this.#sharedUntilMs.clear();
      this.#sharedUntilMs.set(key, performance.now() + this.leaseMs);
    }
    return holder.recall(key);
  }

  #waitForEarlier(): Promise<void>[] {
    if (this.#earlier.size === 0) return [];
    const restMs = this.#earlierUntilMs - performance.now();
    if (restMs <= 0) {
      this.#earlier.clear();
      return [];
    }
    if (this.#earlierGone === undefined) {
      const gone = Promise.withResolvers<void>();
      this.#earlierGone = gone;
      this.#earlierTimer = setTimeout(() => {
        this.#earlier.clear();
        gone.resolve();
      }, restMs);
    }
    return [this.#earlierGone.promise];
  }
}
