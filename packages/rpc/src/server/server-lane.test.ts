import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import { type NodeId, rootCaller, silentLogger } from "@kedgefs/core";
import { Kedge } from "../proto.ts";
import { toClientFrame, type WireRequest } from "../wire.ts";
import { ServerLane, type SessionCall } from "./server-lane.ts";

/** Stands in for a stream of grpc-js: what is written to it, whether it is paused, and whether its peer reads. */
class Call extends EventEmitter {
  readonly frames: object[] = [];
  peerReads = true;
  paused = false;
  ended = false;
  write(frame: object): boolean {
    this.frames.push(frame);
    return this.peerReads;
  }
  pause(): void {
    this.paused = true;
  }
  resume(): void {
    this.paused = false;
  }
  isPaused(): boolean {
    return this.paused;
  }
  end(): void {
    this.ended = true;
  }
}

interface Scene {
  readonly call: Call;
  readonly lane: ServerLane;
  readonly asked: number[];
  readonly recalled: number[];
  readonly interrupted: number[];
  closed: number;
}

function begin(onRequest: (scene: Scene, id: number) => void = () => {}): Scene {
  const call = new Call();
  call.on("error", () => {});
  const scene: Scene = {
    call,
    lane: new ServerLane(call as unknown as SessionCall, silentLogger),
    asked: [],
    recalled: [],
    interrupted: [],
    closed: 0,
  };
  scene.lane.open({
    request({ id }) {
      scene.asked.push(id);
      onRequest(scene, id);
    },
    acked() {},
    interrupted: (ids) => scene.interrupted.push(...ids),
    recalled: (upTo) => scene.recalled.push(upTo),
    closed() {
      scene.closed++;
    },
  });
  return scene;
}

/** A frame as grpc-js decodes it, with requests of these ids. */
function frameOf(...ids: number[]): object {
  return frameWith(
    ids.map((id) => ({ id, caller: rootCaller, operation: "getattr", body: { node: "n" as NodeId } })),
    0,
  );
}

function frameWith(requests: readonly WireRequest[], recalled: number, interrupted: readonly number[] = []): object {
  const { requestSerialize, requestDeserialize } = Kedge.service.Session;
  return requestDeserialize(requestSerialize(toClientFrame(requests, 0, recalled, interrupted) as never));
}

test("requests of a frame wait while the lane is held, and come in order when it is not", () => {
  const scene = begin((self, id) => {
    if (id % 2 === 0) self.lane.hold();
  });
  scene.call.emit("data", frameOf(1, 2, 3, 4, 5));
  assert.deepEqual(scene.asked, [1, 2]);
  scene.lane.release();
  assert.deepEqual(scene.asked, [1, 2, 3, 4]);
  scene.lane.release();
  assert.deepEqual(scene.asked, [1, 2, 3, 4, 5]);
});

test("behind requests that wait the answer to a recall is heard", () => {
  const scene = begin((self) => self.lane.hold());
  scene.call.emit("data", frameOf(1, 2));
  assert.equal(scene.call.paused, false);
  scene.call.emit("data", frameWith([], 7));
  assert.deepEqual([scene.asked, scene.recalled], [[1], [7]]);
});

test("no more requests wait than a bound allows", () => {
  const scene = begin((self) => self.lane.hold());
  const write = (id: number): WireRequest => ({
    id,
    caller: rootCaller,
    operation: "write",
    body: { node: "n" as NodeId, handle: 1, offset: 0n, data: Buffer.alloc(300_000) },
  });
  let sent = 0;
  while (!scene.call.paused) scene.call.emit("data", frameWith([write(++sent)], 0));
  assert.ok(sent > 2 && sent < 10, `${sent}`);
  while (scene.asked.length < sent - 1) scene.lane.release();
  assert.equal(scene.call.paused, false);
});

test("while the client reads no replies, none of its requests is begun", () => {
  const scene = begin((self, id) => {
    self.lane.reply({ id, operation: "read", body: { data: Buffer.alloc(1 << 20) } });
  });
  scene.call.peerReads = false;
  scene.call.emit("data", frameOf(1, 2, 3));
  assert.deepEqual(scene.asked, [1]);
  scene.call.emit("drain");
  assert.deepEqual(scene.asked, [1, 2]);
  scene.call.peerReads = true;
  scene.call.emit("drain");
  assert.deepEqual(scene.asked, [1, 2, 3]);
  assert.equal(scene.call.frames.length, 3);
});

test("its end is told once, whatever ended it, and what waited is not begun", () => {
  const ends: Record<string, (scene: Scene) => void> = {
    "the session": ({ lane }) => lane.close(),
    "the client": ({ call }) => call.emit("end"),
    "a broken connection": ({ call }) => call.emit("cancelled"),
    "an error": ({ call }) => call.emit("error", new Error("broken")),
    "a frame without sense": ({ call }) => call.emit("data", { requests: [{}], ackedBelow: { low: 0, high: 0 } }),
  };
  for (const [what, end] of Object.entries(ends)) {
    const scene = begin((self) => self.lane.hold());
    scene.call.emit("data", frameOf(1, 2));
    end(scene);
    scene.call.emit("close");
    scene.lane.release();
    assert.equal(scene.closed, 1, what);
    assert.deepEqual(scene.asked, [1], what);
  }
});

test("an interruption is told after the requests of its frame, and answers one that is not begun yet", () => {
  const scene = begin((self, id) => {
    if (id === 1) self.lane.hold();
  });
  scene.call.emit("data", frameOf(1, 2, 3));
  assert.deepEqual(scene.asked, [1]);
  scene.call.emit("data", frameWith([], 0, [1, 2]));
  assert.deepEqual(scene.interrupted, [1, 2]);
  scene.lane.release();
  assert.deepEqual(scene.asked, [1, 3]);
});
