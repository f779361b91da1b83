import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { type ConnectOptions, RemoteSession, remote } from "@kedgefs/client";
import { failureOfSeed, type ScriptFailure, type Stage, textOfFailure } from "@kedgefs/conformance";
import { type Changed, type NodeId, operations } from "@kedgefs/core";
import { LeaseHolder } from "../../packages/server/src/leases/lease-holder.ts";
import { servedConnections } from "../support/served-connections.ts";
import { sessionStage } from "../support/session-stage.ts";

const timeout = 600_000;
const seedsMax = 60;
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

async function firstFailure(stage: Stage): Promise<ScriptFailure | undefined> {
  for (let seed = 1; seed <= seedsMax; seed += 1) {
    const failure = await failureOfSeed(seed, { steps: 50 }, stage);
    if (failure !== undefined) return failure;
  }
  return undefined;
}

async function mustBeFound(
  t: TestContext,
  connectSecond: Parameters<typeof servedConnections>[0],
  onBegin: () => void = () => {},
): Promise<void> {
  const standing = await servedConnections(connectSecond);
  try {
    const failure = await firstFailure(sessionStage(standing, { onBegin }));
    assert.ok(failure !== undefined, `nothing was noticed in ${seedsMax} scripts`);
    t.diagnostic(textOfFailure("found", failure));
    assert.ok(failure.script.length <= shrunkStepsMax, textOfFailure("too long", failure));
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

  test("a client that says its writes are there before they are", { timeout }, async (t) => {
    const recall: Recall = (listener, node, isAsked) => {
      void listener(node, isAsked);
      return undefined;
    };
    await mustBeFound(t, clientThatRecalls(recall));
  });

  test("a server that forgets one recall", { timeout }, async (t) => {
    let forgets = 0;
    const { recall } = LeaseHolder.prototype;
    t.mock.method(LeaseHolder.prototype, "recall", function (this: LeaseHolder, key: string) {
      if (!this.mayBelieve(key) || forgets === 0) return recall.call(this, key);
      forgets -= 1;
      return undefined;
    });
    await mustBeFound(t, undefined, () => {
      forgets = 1;
    });
  });

  test("a rename that loses what its new name led to", { timeout }, async (t) => {
    const row = operations.rename as { changes: readonly Changed[] };
    const { changes } = row;
    t.after(() => {
      row.changes = changes;
    });
    row.changes = ["parent", "name", "newParent"];
    await mustBeFound(t, undefined);
  });
});
