import {
  type Caller,
  type Effects,
  effectsOf,
  findingsOf,
  type NodeId,
  type OperationName,
  rootCaller,
} from "@kedgefs/core";
import type { Answer } from "../../ask.ts";
import { ModelTree } from "./model-tree.ts";

/** A change by another client: begun, and made once this client believes nothing that it makes untrue. */
interface ForeignChange {
  readonly operation: OperationName;
  readonly request: object;
  readonly keys: Set<NodeId>;
}

export interface ModelRecall {
  readonly node: NodeId;
  /** When the lease that it takes back has run out. */
  readonly untilMs: number;
}

/**
 * A server as small as can be that keeps the promise of leases towards one client: before another client's change is made, what
 * it makes untrue is recalled, and the recall acted on, or the lease run out; until it is made nothing of it is granted.
 * It believes that answers and recalls may arrive in any order.
 */
export class ModelServer {
  readonly tree = new ModelTree();
  /** Recalls that the client has not acted on. */
  readonly recalls: ModelRecall[] = [];
  readonly foreign: ForeignChange[] = [];
  readonly #holdMs: number;
  readonly #nowMs: () => number;
  /** When the leases on these run out. */
  readonly #held = new Map<NodeId, number>();

  constructor(holdMs: number, nowMs: () => number) {
    this.#holdMs = holdMs;
    this.#nowMs = nowMs;
  }

  /** Makes a call of the client, at this moment. */
  run(operation: OperationName, request: object, caller: Caller): Answer {
    const { error, body, after } = this.tree.run(operation, request, caller);
    const absent = operation === "lookup" && error?.code === "ENOENT";
    if (error !== undefined && !absent) return { error, body: undefined, leased: false, after: [] };
    const nodes = new Set(after.map(({ node }) => node));
    for (const { place, entry } of findingsOf(operation, request, body)) {
      if (place !== undefined) nodes.add(place.parent);
      if (entry !== undefined) nodes.add(entry.node);
    }
    const leased = !this.foreign.some(({ keys }) => [...nodes].some((node) => keys.has(node)));
    if (leased) for (const node of nodes) this.#held.set(node, this.#nowMs() + this.#holdMs);
    return { ...(error === undefined ? {} : { error }), body, leased, after };
  }

  /** Another client asks for a change. */
  begin(operation: OperationName, request: object): void {
    const change = { operation, request, keys: new Set<NodeId>() };
    this.foreign.push(change);
    this.#recallFor(change);
  }

  /** Makes a change by another client, if it may be made by now. */
  make(change: ForeignChange): void {
    // What its names lead to may be something else than when it began.
    this.#recallFor(change);
    const nowMs = this.#nowMs();
    if (this.recalls.some(({ node, untilMs }) => change.keys.has(node) && nowMs < untilMs)) return;
    this.tree.run(change.operation, change.request, rootCaller);
    this.foreign.splice(this.foreign.indexOf(change), 1);
  }

  /** The client lost the connection, and has dropped all that it believed. */
  reset(): void {
    this.#held.clear();
    this.recalls.length = 0;
  }

  #recallFor(change: ForeignChange): void {
    for (const node of this.#keysOf(effectsOf(change.operation, change.request))) {
      change.keys.add(node);
      const untilMs = this.#held.get(node);
      if (untilMs !== undefined) this.recalls.push({ node, untilMs });
      this.#held.delete(node);
    }
  }

  #keysOf(effects: Effects | undefined): NodeId[] {
    if (effects === undefined) return [];
    const led = effects.places.map((place) => this.tree.lead(place, rootCaller));
    return [...effects.nodes, ...led.filter((lead): lead is NodeId => lead !== "absent" && lead !== "denied")];
  }
}
