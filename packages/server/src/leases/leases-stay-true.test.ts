import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import {
  type AnyOperation,
  type Attr,
  effectsOf,
  FsError,
  findingsOf,
  type HandleId,
  type NodeId,
  O_CREAT,
  O_EXCL,
  O_RDWR,
  O_TRUNC,
  type OperationName,
  type Place,
  RENAME_EXCHANGE,
  rootContext,
} from "@kedgefs/core";
import fc from "fast-check";
import { SessionLeases } from "./session-leases.ts";
import { type Belief, BelievingClient } from "./testing/believing-client.ts";
import { beginLeaseScene, type LeaseScene, nameOf } from "./testing/lease-scene.ts";

const leaseMs = 60;
/** A client that hears nothing for longer than it may be waited for. */
const deafMs = 3 * leaseMs;

type Spot = readonly [directory: "root" | "d", name: string];
interface Step {
  readonly operation: OperationName | "come back";
  readonly at: Spot;
  readonly to: Spot;
  readonly flags: number;
  readonly pauseMs: number;
}

const spot: fc.Arbitrary<Spot> = fc.tuple(fc.constantFrom("root", "d"), fc.constantFrom("a", "b", "c"));
const step: fc.Arbitrary<Step> = fc.record({
  operation: fc.constantFrom<OperationName | "come back">(
    ...(["lookup", "lookup", "lookup", "getattr", "getattr", "readdirplus", "readlink", "read", "open"] as const),
    ...(["setattr", "write", "mkdir", "create", "symlink", "unlink", "rmdir", "rename", "rename", "link"] as const),
    "come back",
  ),
  at: spot,
  to: spot,
  flags: fc.constantFrom(0, O_TRUNC, O_EXCL, RENAME_EXCHANGE),
  pauseMs: fc.constantFrom(0, 0, 0, 1, 3),
});
const delays = fc.array(fc.constantFrom(0, 0, 0, 0, 0, 1, 1, 2, 4, deafMs), { minLength: 1, maxLength: 30 });
const session = fc.record({ steps: fc.array(step, { minLength: 1, maxLength: 12 }), delays });

/** Sessions, each of which makes one call after the other while the others do theirs. */
class Model {
  readonly #scene: LeaseScene;
  readonly #d: NodeId;
  readonly #members: { readonly client: BelievingClient; readonly leases: SessionLeases }[] = [];
  /** Calls that may be moving an access time. */
  #accessing = 0;
  readonly lies: string[] = [];

  constructor(scene: LeaseScene, d: NodeId) {
    this.#scene = scene;
    this.#d = d;
  }

  async run(
    sessions: readonly { readonly steps: readonly Step[]; readonly delays: readonly number[] }[],
  ): Promise<void> {
    const runs = sessions.map(({ steps, delays: delaysMs }) => {
      let next = 0;
      const client = new BelievingClient(leaseMs, () => delaysMs[next++ % delaysMs.length] ?? 0);
      const { fileSystem: own, table } = this.#scene;
      const leases = new SessionLeases(table, { mayLease: () => true, own, readOnly: false }, client);
      client.session = leases;
      this.#members.push({ client, leases });
      return async () => {
        for (const each of steps) await this.#take(each, client, leases);
      };
    });
    await Promise.all(runs.map((run) => run()));
    await Promise.all(this.#members.map(({ client }) => client.heard));
    await this.#check("the end");
  }

  async #take(
    { operation, at, to, flags, pauseMs }: Step,
    client: BelievingClient,
    leases: SessionLeases,
  ): Promise<void> {
    if (pauseMs > 0) await delay(pauseMs);
    if (operation === "come back") {
      client.comeBack();
      return;
    }
    const request = await this.#request(operation, at, to, flags);
    if (request === undefined) return;
    const changes = effectsOf(operation, request) !== undefined;
    // Of what it changes itself it knows; how much that is, is not the matter here.
    if (changes) client.forget(undefined);
    const asked = client.ask();
    const accesses = operation === "read" || operation === "readdirplus" || operation === "readlink";
    if (accesses) this.#accessing++;
    const { fileSystem } = this.#scene;
    const { reply, error, leased, after } = await leases.run(operation, request, () =>
      (fileSystem[operation] as AnyOperation)(request as never, rootContext()),
    );
    if (accesses) {
      this.#accessing--;
      client.forget((request as { node: NodeId }).node);
    }
    if (error !== undefined && !(error instanceof FsError)) throw error;
    await this.#check(`${operation} ${at.join("/")} ${to.join("/")}`, changes ? client : undefined);
    await client.hear(() => {
      if (leased)
        client.learn(findingsOf(operation, request, error === undefined ? (reply as object) : undefined), after, asked);
    });
    await this.#letGo(operation, request, reply);
  }

  /** Undefined where what it would be about is not there. */
  async #request(operation: OperationName, at: Spot, to: Spot, flags: number): Promise<object | undefined> {
    const place = this.#place(at);
    const target = this.#place(to);
    switch (operation) {
      case "lookup":
      case "unlink":
      case "rmdir":
        return place;
      case "mkdir":
        return { ...place, mode: 0o755 };
      case "create":
        return { ...place, mode: 0o644, flags: O_RDWR | O_CREAT | (flags & (O_EXCL | O_TRUNC)) };
      case "symlink":
        return { ...place, target: nameOf("a") };
      case "rename":
        return {
          ...place,
          newParent: target.parent,
          newName: target.name,
          flags: flags === RENAME_EXCHANGE ? flags : 0,
        };
    }
    const node = await this.#nodeAt(place);
    if (node === undefined) return undefined;
    const { fileSystem } = this.#scene;
    switch (operation) {
      case "link":
        return { node, newParent: target.parent, newName: target.name };
      case "setattr":
        return { node, mode: flags === 0 ? 0o600 : 0o755 };
      case "open":
        return { node, flags: O_RDWR | (flags & O_TRUNC) };
      case "read":
      case "write": {
        const handle = await orNone(fileSystem.open({ node, flags: O_RDWR }, rootContext()));
        if (handle === undefined) return undefined;
        return { node, ...handle, offset: 0n, size: 10, data: Buffer.from(operation) };
      }
      case "readdirplus": {
        const handle = await orNone(fileSystem.opendir({ node: this.#dir(at) }, rootContext()));
        return { node: this.#dir(at), ...handle, offset: 0n, size: 4096 };
      }
      default:
        return { node };
    }
  }

  async #letGo(operation: OperationName, request: object, reply: unknown): Promise<void> {
    const { fileSystem } = this.#scene;
    const { handle } = { ...request, ...(reply as object | undefined) } as { handle?: HandleId };
    if (handle === undefined) return;
    const release = operation === "readdirplus" ? fileSystem.releasedir : fileSystem.release;
    await release.call(fileSystem, { node: this.#d, handle }, rootContext());
  }

  /** Notes whatever a session believes and is not so, but for the one that has just changed it and knows. */
  async #check(when: string, except?: BelievingClient): Promise<void> {
    for (const { client } of this.#members) {
      if (client === except) continue;
      for (const [key, belief] of [...client.beliefs]) {
        const lie = await this.#lieOf(belief);
        // A moment has passed: it may have been taken back meanwhile.
        if (lie === undefined || client.beliefs.get(key) !== belief || performance.now() >= belief.untilMs) continue;
        this.lies.push(`after ${when}: ${lie}`);
      }
    }
  }

  async #lieOf({ node, attr, name, leadsTo }: Belief): Promise<string | undefined> {
    if (name !== undefined) {
      const found = await this.#nodeAt({ parent: node, name });
      return found === leadsTo ? undefined : `${Buffer.from(name)} is believed to lead elsewhere`;
    }
    const now = await orNone(this.#scene.fileSystem.getattr({ node }, rootContext()));
    const believed = textOf(attr as Attr, this.#accessing > 0);
    const actual = now === undefined ? "gone" : textOf(now.attr, this.#accessing > 0);
    return believed === actual ? undefined : `${believed} is believed, and it is ${actual}`;
  }

  async #nodeAt(place: Place): Promise<NodeId | undefined> {
    return (await orNone(this.#scene.fileSystem.lookup(place, rootContext())))?.node;
  }

  #dir(at: Spot): NodeId {
    return at[0] === "root" ? this.#scene.root : this.#d;
  }

  #place(at: Spot): Place {
    return { parent: this.#dir(at), name: nameOf(at[1]) };
  }
}

async function orNone<Reply>(asked: Promise<Reply>): Promise<Reply | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (!(error instanceof FsError)) throw error;
    return undefined;
  }
}

/** Without `blocks`, which the backing file system settles when it writes to the disk. */
function textOf({ blocks: _, atime, ...attr }: Attr, withoutAtime: boolean): string {
  return JSON.stringify(withoutAtime ? attr : { ...attr, atime }, (__, value: unknown) =>
    typeof value === "bigint" ? String(value) : value,
  );
}

test("no session believes anything that another one's answered call has made untrue", {
  timeout: 120_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(session, { minLength: 2, maxLength: 4 }), async (sessions) => {
      const scene = await beginLeaseScene(leaseMs);
      try {
        const { node: d } = await scene.fileSystem.mkdir(
          { parent: scene.root, name: nameOf("d"), mode: 0o755 },
          rootContext(),
        );
        const model = new Model(scene, d);
        await model.run(sessions);
        assert.deepEqual(model.lies, []);
      } finally {
        scene.close();
      }
    }),
    { numRuns: 40, endOnFailure: true },
  );
});
