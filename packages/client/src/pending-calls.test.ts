import assert from "node:assert/strict";
import { test } from "node:test";
import { CallContext, FsError, limits, rootCaller, rootContext } from "@kedgefs/core";
import type { ReceivedReply, WireOperation } from "@kedgefs/rpc";
import { type PendingCall, PendingCalls } from "./pending-calls.ts";

type Settled = ReceivedReply | FsError;

function add(
  calls: PendingCalls,
  { bytes = 0, operation = "getattr" as WireOperation, context = rootContext(), body = {}, sent = false } = {},
): { call: PendingCall; settled: Settled[] } {
  const settled: Settled[] = [];
  const call: PendingCall = {
    request: { id: calls.nextId(), caller: rootCaller, operation, body },
    bytes,
    context,
    startedMs: 0,
    sent,
    slowReported: false,
    settle: (reply) => settled.push(reply),
  };
  calls.add(call);
  return { call, settled };
}

const unleased = { leased: false, after: [] };
const reply = (id: number, operation: WireOperation = "getattr"): ReceivedReply => ({
  id,
  operation,
  body: {},
  ...unleased,
});

test("what is acknowledged is below every call that waits", () => {
  const calls = new PendingCalls();
  assert.equal(calls.ackedBelow(), 1);
  for (let count = 0; count < 3; count++) add(calls);
  assert.equal(calls.ackedBelow(), 1);
  calls.settle(2, reply(2));
  assert.equal(calls.ackedBelow(), 1);
  calls.settle(1, reply(1));
  assert.equal(calls.ackedBelow(), 3);
  calls.settle(3, reply(3));
  assert.equal(calls.ackedBelow(), 4);
});

test("a call is settled once", () => {
  const calls = new PendingCalls();
  const { settled } = add(calls);
  assert.equal(calls.settle(1, reply(1)), true);
  assert.equal(calls.settle(1, reply(1)), false);
  assert.equal(calls.settle(99, reply(99)), false);
  assert.deepEqual(settled, [reply(1)]);
});

test("the answer of another operation is EIO, an error is what it is", () => {
  const calls = new PendingCalls();
  const one = add(calls, { operation: "lookup" });
  const two = add(calls, { operation: "lookup" });
  calls.settle(1, reply(1, "statfs"));
  calls.settle(2, { id: 2, error: new FsError("ENOENT"), body: {}, ...unleased });
  assert.equal((one.settled[0] as FsError).code, "EIO");
  assert.equal((two.settled[0] as ReceivedReply).error?.code, "ENOENT");
});

test("past the bounds of count and bytes it asks for a pause, and for more at half of them", () => {
  for (const [count, bytes] of [
    [limits.clientRequestsHeldMax, 0],
    [4, limits.clientWriteBytesHeldMax / 4],
  ] as const) {
    const calls = new PendingCalls();
    const told: string[] = [];
    calls.onFull(
      () => told.push("pause"),
      () => told.push("resume"),
    );
    for (let number = 1; number <= count; number++) {
      assert.deepEqual(told, []);
      add(calls, { bytes });
    }
    assert.deepEqual(told, ["pause"]);
    for (let id = 1; id <= count / 2; id++) {
      assert.deepEqual(told, ["pause"]);
      calls.settle(id, reply(id));
    }
    assert.deepEqual(told, ["pause", "resume"]);
  }
});

test("a call can be interrupted while the server is away, and only then", () => {
  const calls = new PendingCalls();
  const given: number[] = [];
  const give = ({ request }: PendingCall): void => void given.push(request.id);
  const contexts = [1, 2, 3].map(() => new CallContext(rootCaller));
  const added = contexts.map((context) => add(calls, { context }));
  contexts[0]?.abort();
  for (const { call } of added) calls.interruptible(call, give);
  assert.deepEqual(given, [1], "interrupted before the server went");
  contexts[1]?.abort();
  assert.deepEqual(given, [1, 2]);
  calls.uninterruptible();
  contexts[2]?.abort();
  assert.deepEqual(given, [1, 2]);
  assert.deepEqual(
    added.map(({ settled }) => settled.map((each) => (each as FsError).code)),
    [["EINTR"], ["EINTR"], []],
  );
  assert.equal(calls.size, 1);
});

test("a call that waits for a lock keeps nothing from being acknowledged", () => {
  const calls = new PendingCalls();
  add(calls, { operation: "setlk", body: { wait: true } });
  assert.equal(calls.ackedBelow(), 2);
  add(calls);
  add(calls, { operation: "setlk", body: { wait: false } });
  assert.equal(calls.ackedBelow(), 2);
  calls.settle(2, reply(2));
  assert.equal(calls.ackedBelow(), 3);
});

test("a lock call that the server may have got is not forgotten when its caller is interrupted", () => {
  const calls = new PendingCalls();
  const [kept, given] = [true, false].map((sent) => {
    const context = new CallContext(rootCaller);
    const { call, settled } = add(calls, { operation: "setlk", body: { wait: true }, context, sent });
    calls.interruptible(call, () => {});
    context.abort();
    return settled;
  });
  assert.equal(kept?.length, 0);
  assert.equal(given?.length, 1);
});
