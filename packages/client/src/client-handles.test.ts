import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CallContext,
  FsError,
  type HandleId,
  type NodeId,
  O_APPEND,
  O_RDWR,
  rootCaller,
  rootContext,
} from "@kedgefs/core";
import { type ClientHandle, ClientHandles } from "./client-handles.ts";

const node = "dir" as NodeId;

function open(handles: ClientHandles, number: HandleId, fields: Partial<ClientHandle> = {}): ClientHandle {
  const handle = {
    number,
    node,
    flags: 0,
    directory: true,
    ticket: Buffer.from("seal"),
    caller: rootCaller,
    ...fields,
  };
  handles.add(handle);
  return handle;
}

function openLater(handles: ClientHandles) {
  const number = handles.next();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let cancelled = 0;
  handles.addLater({ number, node, caller: rootCaller }, promise, () => cancelled++);
  return { number, resolve, reject, cancelled: () => cancelled };
}

test("numbers are never given out twice", () => {
  const handles = new ClientHandles();
  const one = handles.next();
  open(handles, one);
  handles.remove(one);
  assert.notEqual(handles.next(), one);
});

test("what is opened later is there, and not among what the server has", () => {
  const handles = new ClientHandles();
  const now = open(handles, handles.next());
  const { number } = openLater(handles);
  assert.deepEqual(handles.find(number)?.node, node);
  assert.deepEqual(handles.all(), [now]);
});

test("who uses a handle that is opened later waits until it is open", async () => {
  const handles = new ClientHandles();
  const { number, resolve } = openLater(handles);
  let ready = false;
  const waiting = handles.ready(number, rootContext()).then(() => {
    ready = true;
  });
  await Promise.resolve();
  assert.equal(ready, false);
  const opened = open(handles, number);
  resolve();
  await waiting;
  assert.deepEqual(handles.all(), [opened]);
});

test("a handle whose opening failed answers so, and is no handle of the server", async () => {
  const handles = new ClientHandles();
  const { number, reject } = openLater(handles);
  const waiting = handles.ready(number, rootContext());
  reject(new FsError("EACCES"));
  await assert.rejects(waiting, { code: "EACCES" });
  await assert.rejects(handles.ready(number, rootContext()), { code: "EACCES" });
  assert.throws(() => handles.check(number), { code: "EACCES" });
  assert.equal(handles.find(number)?.opening, undefined);
});

test("whoever waits for an opening can be interrupted, before and while, and others wait on", async () => {
  const handles = new ClientHandles();
  const { number, resolve, cancelled } = openLater(handles);
  const [early, late, patient] = [1, 2, 3].map(() => new CallContext(rootCaller)) as [
    CallContext,
    CallContext,
    CallContext,
  ];
  early.abort();
  await assert.rejects(handles.ready(number, early), { code: "EINTR" });
  const interrupted = handles.ready(number, late);
  const waiting = handles.ready(number, patient);
  late.abort();
  await assert.rejects(interrupted, { code: "EINTR" });
  assert.equal(cancelled(), 0);
  open(handles, number);
  resolve();
  await waiting;
});

test("the opening can be given up", () => {
  const handles = new ClientHandles();
  const { number, cancelled } = openLater(handles);
  handles.find(number)?.opening?.cancel();
  assert.equal(cancelled(), 1);
});

test("a number that is unknown here is the server's to refuse", async () => {
  const handles = new ClientHandles();
  await handles.ready(99 as HandleId, rootContext());
  handles.check(undefined);
  assert.equal(handles.appends(99 as HandleId), false);
});

test("it knows what appends", () => {
  const handles = new ClientHandles();
  assert.ok(handles.appends(open(handles, handles.next(), { flags: O_RDWR | O_APPEND }).number));
  assert.ok(!handles.appends(open(handles, handles.next(), { flags: O_RDWR }).number));
});
