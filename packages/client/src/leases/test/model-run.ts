import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import {
  CallContext,
  type Caller,
  type Entry,
  effectsOf,
  findingsOf,
  type LookupRequest,
  type NodeId,
  type OperationName,
  rootCaller,
} from "@kedgefs/core";
import type { WireOperation } from "@kedgefs/rpc";
import type { Answer } from "../../ask.ts";
import { LeaseCache } from "../lease-cache.ts";
import { leased } from "../leased.ts";
import { modelNames, modelRequest, pick } from "./model-request.ts";
import { ModelServer } from "./model-server.ts";

const leaseMs = 100;
/** The server holds a lease for longer than it says. */
const holdMs = 125;
const callers: readonly Caller[] = [rootCaller, { uid: 7, gid: 7, groups: [], pid: 0 }];

/** A request on its way: to the server, or back from it with an answer. */
interface Sent {
  readonly operation: OperationName;
  readonly request: object;
  readonly caller: Caller;
  answer?: Answer;
  readonly arrive: (answer: Answer) => void;
}

/**
 * What may happen next, with how often it should. `ask`, `make`, `answer`: a call of the client begins, is made by the server, is
 * answered; `whole` is all of that at once. `begin`, `recall`, `change`: another client asks for a change, this one acts on a
 * recall, the change is made. `wait`: time passes. `lose`: the connection breaks and is back.
 */
export const stepWeights = { whole: 8, ask: 5, make: 4, answer: 4, begin: 2, recall: 3, change: 3, wait: 1, lose: 1 };
export type StepKind = keyof typeof stepWeights;

/** One run of a client against the model server, step by step; the numbers of a step choose among what is there. */
export class ModelRun {
  nowMs = 1_000;
  /** How often something was believed when it was looked at. */
  believed = 0;
  readonly #server = new ModelServer(holdMs, () => this.nowMs);
  readonly #cache = new LeaseCache(() => ({ leaseMs, strictAtime: false }));
  readonly #sent: Sent[] = [];
  readonly #ask = leased((operation, request, { caller }) => this.#send(operation, request, caller), this.#cache);
  #failure: unknown;

  async step(kind: StepKind, numbers: readonly number[]): Promise<void> {
    this.#steps[kind](numbers);
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#failure !== undefined) throw this.#failure;
    this.#check();
  }

  readonly #steps: Readonly<Record<StepKind, (numbers: readonly number[]) => void>> = {
    whole: (numbers) => {
      const sent = this.#call(numbers);
      if (sent === undefined) return;
      this.#make(sent);
      this.#arrive(sent);
    },
    ask: (numbers) => void this.#call(numbers),
    make: ([first = 0]) => pick(this.#sentWith(false), first).forEach((sent) => void this.#make(sent)),
    answer: ([first = 0]) => pick(this.#sentWith(true), first).forEach((sent) => void this.#arrive(sent)),
    begin: (numbers) => {
      const [operation, request] = modelRequest(this.#server.tree, numbers);
      if (effectsOf(operation, request) !== undefined) this.#server.begin(operation, request);
    },
    recall: ([first = 0]) => {
      const { recalls } = this.#server;
      for (const recall of pick(recalls, first)) {
        this.#cache.recalled(recall.node);
        recalls.splice(recalls.indexOf(recall), 1);
      }
    },
    change: ([first = 0]) => pick(this.#server.foreign, first).forEach((change) => void this.#server.make(change)),
    wait: () => {
      this.nowMs += 30;
    },
    lose: () => {
      this.#cache.recalled(undefined);
      this.#server.reset();
    },
  };

  /** What the client would answer from memory now is so now. */
  #check(): void {
    const { tree } = this.#server;
    for (const node of tree.nodes()) {
      const reply = this.#cache.attr(node);
      if (reply === undefined) continue;
      this.believed++;
      assert.deepEqual(reply.attr, tree.attr(node), `the attributes of ${node}`);
    }
    for (const parent of tree.directories()) {
      for (const name of modelNames) for (const caller of callers) this.#checkLead({ parent, name }, caller);
    }
  }

  #checkLead(place: LookupRequest, caller: Caller): void {
    const found = this.#cache.lookup(place, caller);
    if (found === undefined) return;
    this.believed++;
    const lead = found === "absent" ? found : found.node;
    assert.equal(lead, this.#server.tree.lead(place, caller), `${place.name} in ${place.parent} for uid ${caller.uid}`);
  }

  /** Makes a call. Returns what the server is asked, undefined where the answer comes from memory. */
  #call(numbers: readonly number[]): Sent | undefined {
    const [operation, request] = modelRequest(this.#server.tree, numbers);
    const [caller] = pick(callers, numbers[4] ?? 0) as [Caller];
    const before = this.#sent.length;
    const answered = this.#ask(operation as WireOperation, request, new CallContext(caller));
    const sent = this.#sent[before];
    answered
      .then((answer) => this.#checkAnswer(operation, request, caller, answer, sent?.answer))
      .catch((error: unknown) => {
        this.#failure = error;
      });
    return sent;
  }

  /** An answer is what the server said, or what is so now; what it calls believable is so now. */
  #checkAnswer(operation: OperationName, request: object, caller: Caller, answer: Answer, said?: Answer): void {
    const { leasedUntilMs, ...body } = { ...(answer.body as Partial<Entry> | undefined) };
    const isAsSaid = said !== undefined && answer.error === said.error && isDeepStrictEqual(body, { ...said.body });
    if (isAsSaid && leasedUntilMs === undefined) return;
    const { tree } = this.#server;
    const [{ place, entry } = {}] = findingsOf(operation, request, answer.error === undefined ? body : undefined);
    if (place !== undefined) assert.equal(entry?.node ?? "absent", tree.lead(place, caller), operation);
    if (answer.error === undefined) assert.deepEqual(body.attr, tree.attr(entry?.node as NodeId), operation);
  }

  #send(operation: WireOperation, request: object, caller: Caller): Promise<Answer> {
    return new Promise((arrive) => {
      this.#sent.push({ operation: operation as OperationName, request, caller, arrive });
    });
  }

  #sentWith(answer: boolean): Sent[] {
    return this.#sent.filter((sent) => (sent.answer !== undefined) === answer);
  }

  #make(sent: Sent): void {
    sent.answer = this.#server.run(sent.operation, sent.request, sent.caller);
  }

  #arrive(sent: Sent): void {
    this.#sent.splice(this.#sent.indexOf(sent), 1);
    sent.arrive(sent.answer as Answer);
  }
}
