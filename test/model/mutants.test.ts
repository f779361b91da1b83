import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { type ConnectOptions, RemoteSession, remote } from "@kedgefs/client";
import { failureOfSeed, type ScriptFailure, type ScriptKind, type Stage, textOfFailure } from "@kedgefs/conformance";
import { type Changed, type NodeId, operations } from "@kedgefs/core";
import { ClientHandles } from "../../packages/client/src/client-handles.ts";
import { LeaseHolder, type LeaseKey } from "../../packages/server/src/leases/lease-holder.ts";
import { FaultStage } from "../support/fault-stage.ts";
import { servedConnections } from "../support/served-connections.ts";
import { sessionStage } from "../support/session-stage.ts";

const timeout = 600_000;
const seedsMax = 100;
/** How late the client is that is not done when it says so, milliseconds. */
const lateMs = 50;
/** A failure of two clients takes a look by one, a change by the other, and another look; some take an open file besides. */
const shrunkStepsMax = 6;

/** What a broken client does with a recall in place of `listener`. */
type Recall = (
  listener: Parameters<RemoteSession["onRecall"]>[0],
  node: NodeId | undefined,
  isAsked: boolean,
) => Promise<unknown> | undefined;

const clientThatRecalls = (recall: Recall) => async (options: ConnectOptions) => {
  const session = await RemoteSession.connect(options);
  const onRecall = session.onRecall.bind(session);
  session.onRecall = (listener) => onRecall((node, isAsked) => recall(listener, node, isAsked));
  return { fileSystem: remote(session), close: () => session.close() };
};

async function firstFailure(stage: Stage, kind: ScriptKind): Promise<ScriptFailure | undefined> {
  for (let seed = 1; seed <= seedsMax; seed += 1) {
    const failure = await failureOfSeed(seed, kind, stage);
    if (failure !== undefined) return failure;
  }
  return undefined;
}

async function mustFail(t: TestContext, stage: Stage, kind: ScriptKind): Promise<void> {
  const failure = await firstFailure(stage, kind);
  assert.ok(failure !== undefined, `nothing was noticed in ${seedsMax} scripts`);
  t.diagnostic(textOfFailure("found", failure));
  assert.ok(failure.script.length <= shrunkStepsMax, textOfFailure("too long", failure));
}

async function mustBeFound(
  t: TestContext,
  connectSecond: Parameters<typeof servedConnections>[0],
  onBegin: () => void = () => {},
): Promise<void> {
  const standing = await servedConnections(connectSecond);
  try {
    await mustFail(t, sessionStage(standing, { onBegin }), { steps: 50 });
  } finally {
    await standing.close?.();
  }
}

describe("scripts on two sessions notice", { skip: process.getuid?.() === 0 ? false : "takes root" }, () => {
  test("a client that ignores the recalls of one node", { timeout }, async (t) => {
    let ignored: NodeId | undefined;
    const recall: Recall = (listener, node, isAsked) => {
      ignored ??= node;
      return node !== undefined && node === ignored ? undefined : listener(node, isAsked);
    };
    await mustBeFound(t, clientThatRecalls(recall), () => {
      ignored = undefined;
    });
  });

  test("a client that says that it believes nothing any more, and that its writes are there, before it is so", {
    timeout,
  }, async (t) => {
    const recall: Recall = (listener, node, isAsked) => {
      setTimeout(() => void listener(node, isAsked), lateMs);
      return undefined;
    };
    await mustBeFound(t, clientThatRecalls(recall));
  });

  test("a server that does not recall one node from one client", { timeout }, async (t) => {
    let first: LeaseKey | undefined;
    let forgotten: { readonly holder: LeaseHolder; readonly key: LeaseKey } | undefined;
    const { recall } = LeaseHolder.prototype;
    t.mock.method(LeaseHolder.prototype, "recall", function (this: LeaseHolder, key: LeaseKey) {
      if (this.mayBelieve(key)) {
        // Nearly every step would show it of the script's own directory, which is the first.
        first ??= key;
        if (key !== first) forgotten ??= { holder: this, key };
      }
      return forgotten?.holder === this && forgotten.key === key ? undefined : recall.call(this, key);
    });
    await mustBeFound(t, undefined, () => {
      forgotten = undefined;
      first = undefined;
    });
  });

  test("a client that does not open its files again when the server is back", { timeout }, async (t) => {
    t.mock.method(ClientHandles.prototype, "all", () => []);
    await using stage = await FaultStage.create();
    await mustFail(t, stage, { steps: 30, disturbances: true });
  });

  test("a rename that says nothing of the directory that it leads into", { timeout }, async (t) => {
    const row = operations.rename as { changes: readonly Changed[] };
    const { changes } = row;
    t.after(() => {
      row.changes = changes;
    });
    row.changes = ["parent", "name", "newName"];
    await mustBeFound(t, undefined);
  });
});
