import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import {
  CallContext,
  FsError,
  type HandleId,
  type NodeId,
  O_RDWR,
  rootCaller,
  type SetlkRequest,
  silentLogger,
} from "@kedgefs/core";
import type { Answer } from "../ask.ts";
import { ClientHandles } from "../client-handles.ts";
import { ClientLocks } from "./client-locks.ts";

const timeout = 10_000;
const node = "file" as NodeId;
const handle = 1 as HandleId;
const context = (): CallContext => new CallContext(rootCaller);

interface Asked {
  readonly operation: string;
  readonly body: Record<string, unknown>;
  readonly context?: CallContext;
  answer(body?: object): void;
  fail(code: "EAGAIN" | "EINTR" | "ENOLCK" | "ECANCELED"): void;
}

/** ClientLocks over a server that the test plays. */
function begin() {
  const asked: Asked[] = [];
  const record = <Reply>(operation: string, body: object, wrap: (body: object) => Reply, own?: CallContext) =>
    new Promise<Reply>((resolve, reject) => {
      asked.push({
        operation,
        body: body as Record<string, unknown>,
        ...(own === undefined ? {} : { context: own }),
        answer: (reply = {}) => resolve(wrap(reply)),
        fail: (code) => reject(new FsError(code)),
      });
    });
  const handles = new ClientHandles();
  for (const number of [1, 2] as HandleId[])
    handles.add({ number, node, flags: O_RDWR, directory: false, ticket: Buffer.alloc(0), caller: rootCaller });
  const failed: [HandleId[], string][] = [];
  const interrupted: CallContext[] = [];
  const session = {
    handles,
    connected: true,
    logger: silentLogger,
    interrupt(own: CallContext): boolean {
      interrupted.push(own);
      return !this.connected;
    },
    failCalls: (numbers: ReadonlySet<HandleId>, error: FsError) => failed.push([[...numbers], error.code]),
  };
  const locks = new ClientLocks(
    session,
    (operation, body, own) =>
      record(operation, body, (reply): Answer => ({ body: reply, leased: false, after: [] }), own),
    (operation, body) => record(operation, body, (reply) => reply),
  );
  const request = (type: SetlkRequest["type"], more: Partial<SetlkRequest> = {}): SetlkRequest => {
    return { node, handle, owner: 9n, kind: "posix", type, start: 0n, length: 10n, pid: 4, wait: false, ...more };
  };
  return { locks, asked, session, handles, failed, interrupted, request, take: () => asked.shift() as Asked };
}
type Scene = ReturnType<typeof begin>;

async function hold({ locks, request, take }: Scene, more: Partial<SetlkRequest> = {}): Promise<void> {
  const granted = locks.setlk(request("write", more), context());
  await turn();
  take().answer();
  await granted;
}

test("a close asks the server only where its process has locks on the file", { timeout }, async () => {
  const scene = begin();
  const { locks, asked, take } = scene;
  await locks.flush({ node, handle, lockOwner: 9n }, context());
  assert.equal(asked.length, 0);
  await hold(scene);
  await locks.flush({ node, handle, lockOwner: 8n }, context());
  assert.equal(asked.length, 0);
  const closed = locks.flush({ node, handle: 2 as HandleId, lockOwner: 9n }, context());
  await turn();
  const { operation, body, answer } = take();
  assert.equal(operation, "setlk");
  assert.deepEqual(
    { ...body },
    { node, handle: 2, owner: 9n, kind: "posix", type: "unlock", start: 0n, length: 0n, pid: 0, wait: false },
  );
  answer();
  await closed;
  assert.ok(locks.isEmpty);
});

test("an unlock of what is not locked asks nothing", { timeout }, async () => {
  const { locks, asked, request } = begin();
  await locks.setlk(request("unlock"), context());
  assert.equal(asked.length, 0);
});

test("what is held is claimed from a server that is back, before it hears that this is all", { timeout }, async () => {
  const scene = begin();
  const { locks, take, asked } = scene;
  await hold(scene);
  await hold(scene, { start: 20n, length: 0n, handle: 2 as HandleId });
  const recovered = locks.recover(true);
  await turn();
  const { operation, body, answer } = take();
  assert.equal(operation, "reclaim");
  assert.deepEqual(body, {
    node,
    handles: [1, 2],
    owner: 9n,
    kind: "posix",
    pid: 4,
    locks: [
      { type: "write", start: 0n, length: 10n, pid: 0 },
      { type: "write", start: 20n, length: 0n, pid: 0 },
    ],
  });
  assert.equal(asked.length, 0);
  answer();
  await turn();
  const last = take();
  assert.equal(last.operation, "reclaimed");
  last.answer();
  await recovered;
});

test("a client without locks asks for nothing after a reconnection", { timeout }, async () => {
  const { locks, asked } = begin();
  await locks.recover(false);
  assert.equal(asked.length, 0);
});

test("a lock that can't be had again is lost, and the files through which it was held are of no use", {
  timeout,
}, async () => {
  const scene = begin();
  const { locks, take, handles, failed } = scene;
  await hold(scene);
  const recovered = locks.recover(false);
  await turn();
  take().fail("ENOLCK");
  await recovered;
  assert.deepEqual(failed, [[[1], "EIO"]]);
  assert.throws(() => handles.check(handle), { code: "EIO" });
  handles.check(2 as HandleId);
  await assert.rejects(locks.setlk(scene.request("write"), context()), { code: "EIO" });
  assert.ok(locks.isEmpty);
});

test("a connection that fails while locks are claimed has lost none", { timeout }, async () => {
  const scene = begin();
  const { locks, take, handles } = scene;
  await hold(scene);
  const recovered = locks.recover(false);
  await turn();
  take().fail("ECANCELED");
  await assert.rejects(recovered, { code: "ECANCELED" });
  handles.check(handle);
  assert.equal(locks.records().length, 1);
});

test("an interrupted wait is over when the server has answered, whatever that is", { timeout }, async () => {
  for (const outcome of ["granted", "EINTR"] as const) {
    const { locks, request, take, interrupted } = begin();
    const caller = context();
    const waiting = locks.setlk(request("write", { wait: true }), caller);
    await turn();
    caller.abort();
    const asked = take();
    assert.deepEqual(interrupted, [asked.context]);
    if (outcome === "granted") {
      asked.answer();
      await waiting;
    } else {
      asked.fail("EINTR");
      await assert.rejects(waiting, { code: "EINTR" });
    }
    assert.equal(locks.records().length, outcome === "granted" ? 1 : 0);
  }
});

test("a lock that was granted after its caller was interrupted while the server was away is given back", {
  timeout,
}, async () => {
  const scene = begin();
  const { locks, session, request, take, asked } = scene;
  await hold(scene, { start: 100n });
  const caller = context();
  const waiting = locks.setlk(request("write", { wait: true }), caller);
  await turn();
  const given = take();
  session.connected = false;
  locks.disconnected();
  caller.abort();
  await assert.rejects(waiting, { code: "EINTR" });
  // The same process tries again, which waits until what it has is certain.
  const again = locks.setlk(request("read"), context());
  await turn();
  assert.equal(asked.length, 0);
  session.connected = true;
  given.answer();
  await turn();
  const { operation, body, answer } = take();
  assert.equal(operation, "reclaim");
  assert.deepEqual(body.locks, [{ type: "write", start: 100n, length: 10n, pid: 0 }]);
  answer();
  await turn();
  take().answer();
  await again;
});

test("who was interrupted before the connection was lost need not wait for another", { timeout }, async () => {
  const { locks, session, request, take } = begin();
  const caller = context();
  const waiting = locks.setlk(request("write", { wait: true }), caller);
  await turn();
  caller.abort();
  session.connected = false;
  locks.disconnected();
  await assert.rejects(waiting, { code: "EINTR" });
  take().fail("EINTR");
});

test("who locks a file finds the locks gone that an earlier last close took along", { timeout }, async () => {
  const scene = begin();
  const { locks, request, asked, take } = scene;
  await hold(scene, { kind: "flock", length: 0n });
  assert.ok(locks.areThrough(handle));
  const { promise, resolve } = Promise.withResolvers<void>();
  assert.ok(locks.releases(handle));
  locks.closing(node, promise);
  const next = locks.setlk(request("write", { handle: 2 as HandleId, owner: 3n }), context());
  await turn();
  assert.equal(asked.length, 0);
  resolve();
  await turn();
  take().answer();
  await next;
});

test("a flock that could not be turned into the other kind is not claimed any more", { timeout }, async () => {
  const scene = begin();
  const { locks, request, take } = scene;
  await hold(scene, { kind: "flock", length: 0n });
  const converting = locks.setlk(request("read", { kind: "flock", length: 0n }), context());
  await turn();
  take().fail("EAGAIN");
  await assert.rejects(converting, { code: "EAGAIN" });
  assert.ok(locks.isEmpty);
});
