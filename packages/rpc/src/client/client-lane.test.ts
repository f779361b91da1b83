import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import { type NodeId, rootCaller } from "@kedgefs/core";
import { Kedge } from "../proto.ts";
import { toServerFrame, type WireRecall, type WireReply } from "../wire.ts";
import { ClientLane } from "./client-lane.ts";

interface Frame {
  readonly requests: readonly { readonly id: number }[];
  readonly ackedBelow: number;
  readonly recalled: number;
}

/** Stands in for a stream of grpc-js: what is written to it, and whether it was cancelled. */
class Call extends EventEmitter {
  readonly frames: Frame[] = [];
  cancelled = false;
  write(frame: Frame): boolean {
    this.frames.push(frame);
    return true;
  }
  cancel(): void {
    this.cancelled = true;
  }
}

const node = "n" as NodeId;

/** A lane whose recalls are done when the promise that the test gives for them settles, at once without one. */
function begin(doing: (recall: WireRecall) => Promise<unknown> | undefined = () => undefined) {
  const call = new Call();
  const told: string[] = [];
  const lane = new ClientLane(call as unknown as ConstructorParameters<typeof ClientLane>[0], {
    reply: ({ id }) => void told.push(`reply ${id}`),
    recall: (recall) => {
      told.push(`recall ${recall.id} ${recall.node ?? "all"}`);
      return doing(recall);
    },
    ackedBelow: () => 7,
    ended: (reason) => void told.push(`ended: ${reason}`),
  });
  const receive = (recalls: readonly WireRecall[], replies: readonly WireReply[] = []): void => {
    const { responseSerialize, responseDeserialize } = Kedge.service.Session;
    call.emit("data", responseDeserialize(responseSerialize(toServerFrame(replies, recalls) as never)));
  };
  const recalled = (): number[] => call.frames.map((frame) => frame.recalled);
  return { call, lane, told, receive, recalled };
}

const turn = async (): Promise<void> => await new Promise((resolve) => setImmediate(resolve));
const getattr = (id: number) => ({ id, caller: rootCaller, operation: "getattr", body: { node } }) as const;

test("a recall that nobody has to wait for is acknowledged at once", () => {
  const { receive, recalled, told } = begin();
  receive([
    { id: 3, node },
    { id: 4, node: undefined },
  ]);
  assert.deepEqual(told, ["recall 3 n", "recall 4 all"]);
  assert.deepEqual(recalled(), [4]);
  receive([{ id: 5, node }]);
  assert.deepEqual(recalled(), [4, 5]);
});

test("recalls are told before the replies of their frame", () => {
  const { receive, told } = begin();
  const body = { target: Buffer.from("t") };
  receive([{ id: 1, node }], [{ id: 9, operation: "readlink", body }]);
  assert.deepEqual(told, ["recall 1 n", "reply 9"]);
});

test("a recall is acknowledged when it is done, and all before it, whether that failed or not", async () => {
  const doing = new Map([1, 2, 4].map((id) => [id, Promise.withResolvers<void>()]));
  const { receive, recalled } = begin(({ id }) => doing.get(id)?.promise);
  receive([
    { id: 1, node },
    { id: 2, node },
  ]);
  receive([{ id: 3, node }]);
  receive([{ id: 4, node }]);
  doing.get(4)?.resolve();
  doing.get(2)?.resolve();
  await turn();
  assert.deepEqual(recalled(), []);
  doing.get(1)?.reject(new Error("no"));
  await turn();
  assert.deepEqual(recalled(), [2, 3, 4]);
  receive([{ id: 5, node }]);
  assert.deepEqual(recalled(), [2, 3, 4, 5], "nothing is waited for any more");
});

test("what is sent meanwhile says what is done by then", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { call, lane, receive } = begin(({ id }) => (id === 2 ? promise : undefined));
  receive([{ id: 1, node }]);
  receive([{ id: 2, node }]);
  lane.send(getattr(8));
  await turn();
  assert.deepEqual(
    call.frames.at(-1)?.requests.map(({ id }) => id),
    [8],
  );
  assert.equal(call.frames.at(-1)?.recalled, 1);
  assert.equal(call.frames.at(-1)?.ackedBelow, 7);
  resolve();
  await turn();
  assert.equal(call.frames.at(-1)?.recalled, 2);
});

test("nothing is written after the end, and the end is told once", async () => {
  for (const [end, reason] of [
    [({ call }: ReturnType<typeof begin>) => call.emit("end"), ["ended: the server closed the stream"]],
    [({ call }: ReturnType<typeof begin>) => call.emit("error", new Error("broken")), ["ended: broken"]],
    [({ lane }: ReturnType<typeof begin>) => lane.close(), []],
  ] as const) {
    const { promise, resolve } = Promise.withResolvers<void>();
    const scene = begin(() => promise);
    scene.receive([{ id: 1, node }]);
    scene.lane.send(getattr(1));
    end(scene);
    scene.call.emit("error", new Error("late"));
    scene.lane.send(getattr(2));
    scene.receive([{ id: 2, node }]);
    resolve();
    await turn();
    assert.deepEqual(scene.told, ["recall 1 n", ...reason]);
    assert.deepEqual(scene.call.frames, []);
  }
});

test("a frame without sense ends the lane", () => {
  const { call, told } = begin();
  call.emit("data", { replies: [{ id: { low: 1, high: 0 }, error: null }], recalls: [] });
  assert.ok(call.cancelled);
  assert.match(told.join(), /^ended: the server sent a frame that makes no sense/);
});

test("the close of a handle goes with the next request, or after a while", async ({ mock }) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const { call, lane } = begin();
  lane.send({ id: 1, caller: rootCaller, operation: "release", body: { node, handle: 1 } });
  await turn();
  assert.equal(call.frames.length, 0);
  lane.send(getattr(2));
  await turn();
  assert.deepEqual(
    call.frames[0]?.requests.map(({ id }) => id),
    [1, 2],
  );
  lane.send({ id: 3, caller: rootCaller, operation: "release", body: { node, handle: 2 } });
  await turn();
  assert.equal(call.frames.length, 1);
  mock.timers.tick(5);
  assert.deepEqual(
    call.frames[1]?.requests.map(({ id }) => id),
    [3],
  );
});
