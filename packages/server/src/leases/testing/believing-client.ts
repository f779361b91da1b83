import { setTimeout as delay, setImmediate as turn } from "node:timers/promises";
import { ChangeTracker, type Entry, type Finding, type NodeId } from "@kedgefs/core";
import type { LeaseClient } from "../lease-holder.ts";
import type { SessionLeases } from "../session-leases.ts";

export interface Belief {
  readonly node: NodeId;
  /** Absent for what is believed of a name. */
  readonly attr?: Entry["attr"];
  /** Absent for what is believed of a node; `node` is the directory's then. */
  readonly name?: Uint8Array;
  /** Where the name leads; undefined for nowhere. */
  readonly leadsTo?: NodeId | undefined;
  readonly untilMs: number;
}

/**
 * The client of a session in a model: believes what it is told under a lease, hears everything a while after it was said, in
 * order, and answers a recall when it has heard it.
 */
export class BelievingClient implements LeaseClient {
  readonly isThere = true;
  readonly beliefs = new Map<string, Belief>();
  readonly #leaseMs: number;
  readonly #nextDelayMs: () => number;
  readonly #changes = new ChangeTracker<NodeId>();
  #leases: SessionLeases | undefined;
  #heard: Promise<unknown> = Promise.resolve();
  #attach = 0;

  constructor(leaseMs: number, nextDelayMs: () => number) {
    this.#leaseMs = leaseMs;
    this.#nextDelayMs = nextDelayMs;
  }

  set session(leases: SessionLeases) {
    this.#leases = leases;
  }

  /** Settles when all that was said by now has been heard. */
  get heard(): Promise<unknown> {
    return this.#heard;
  }

  recall({ id, node }: { readonly id: number; readonly node: NodeId | undefined }): void {
    void this.hear(() => {
      this.forget(node);
      this.#leases?.recalled(id);
    });
  }

  /** The connection is lost, and another one made. */
  comeBack(): void {
    this.#attach++;
    this.forget(undefined);
    this.#leases?.dropped("");
  }

  /** To be taken before something is asked. */
  ask(): { readonly stamp: number; readonly sentMs: number } {
    return { stamp: this.#changes.stamp(), sentMs: performance.now() };
  }

  learn(findings: readonly Finding[], after: readonly Entry[], asked: ReturnType<BelievingClient["ask"]>): void {
    const untilMs = asked.sentMs + this.#leaseMs;
    const isTrue = (node: NodeId): boolean => this.#changes.mayKeep(node, asked.stamp);
    const learnAttr = ({ node, attr }: Entry): void => {
      if (isTrue(node)) this.beliefs.set(node, { node, attr, untilMs });
    };
    for (const { place, entry } of findings) {
      if (entry !== undefined) learnAttr(entry);
      if (place === undefined || !isTrue(place.parent)) continue;
      const { parent: node, name } = place;
      const key = `${node}/${Buffer.from(name).toString("latin1")}`;
      this.beliefs.set(key, { node, name, leadsTo: entry?.node, untilMs });
    }
    for (const entry of after) learnAttr(entry);
  }

  /** Runs `work` when all that was said before has been heard, unless the connection is another one by then. */
  async hear(work: () => void): Promise<void> {
    const attach = this.#attach;
    const before = this.#heard;
    const hearing = (async () => {
      await before;
      const delayMs = this.#nextDelayMs();
      await (delayMs === 0 ? turn() : delay(delayMs));
      if (attach === this.#attach) work();
    })();
    this.#heard = hearing;
    await hearing;
  }

  /** Believes nothing any more of a node and the names in it, nor what it has asked about it; undefined: of any. */
  forget(node: NodeId | undefined): void {
    if (node === undefined) {
      this.#changes.noteAll();
      this.beliefs.clear();
      return;
    }
    this.#changes.note(node);
    for (const [key, belief] of this.beliefs) if (belief.node === node) this.beliefs.delete(key);
  }
}
