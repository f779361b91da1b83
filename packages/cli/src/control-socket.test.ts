import assert from "node:assert/strict";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { silentLogger } from "@kedgefs/core";
import { askControlSocket } from "./ask-control-socket.ts";
import { type ControlAnswer, controlLimits, openControlSocket } from "./control-socket.ts";
import { connectedStatus } from "./test-record.ts";

const options = { timeout: 20_000 };
let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "kedge-control-"));
  path = join(folder, "s.sock");
});
afterEach(async () => rm(folder, { recursive: true, force: true }));

/** What comes back for raw bytes, until the other end closes. */
async function exchange(bytes: string): Promise<string> {
  const socket = connect(path);
  socket.on("error", () => {});
  socket.write(bytes);
  let received = "";
  for await (const chunk of socket) received += chunk;
  return received;
}

test("a request is answered, and the socket is for its owner alone", options, async () => {
  const control = await openControlSocket(path, async () => ({ ok: true, status: connectedStatus }), silentLogger);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  const outcome = await askControlSocket(path, { verb: "status" }, 5_000);
  assert.deepEqual(outcome, { kind: "answered", answer: { ok: true, status: connectedStatus } });
  await control.close();
  assert.deepEqual(await askControlSocket(path, { verb: "status" }, 5_000), { kind: "absent" });
});

test("an endless line ends its connection, and others are still served", options, async () => {
  const control = await openControlSocket(path, async () => ({ ok: true }), silentLogger);
  assert.equal(await exchange("x".repeat(controlLimits.lineBytesMax + 2)).catch(() => ""), "");
  assert.equal((await askControlSocket(path, { verb: "status" }, 5_000)).kind, "answered");
  await control.close();
});

test("what is no request is answered as such", options, async () => {
  const control = await openControlSocket(path, async () => ({ ok: true }), silentLogger);
  for (const line of ["hello", "null", '{"verb":"format"}', '{"verb":"umount"}']) {
    assert.deepEqual(JSON.parse(await exchange(`${line}\n`)).ok, false);
  }
  await control.close();
});

test("a handler that fails ends the connection without an answer", options, async () => {
  const control = await openControlSocket(path, () => Promise.reject(new Error("bug")), silentLogger);
  assert.deepEqual(await askControlSocket(path, { verb: "status" }, 5_000), { kind: "silent" });
  await control.close();
});

test("more connections than the bound are refused", options, async () => {
  const control = await openControlSocket(path, async () => ({ ok: true }), silentLogger);
  const held = Array.from({ length: controlLimits.connectionsMax }, () => connect(path));
  await Promise.all(held.map((socket) => new Promise((resolve) => socket.once("connect", resolve))));
  assert.equal((await askControlSocket(path, { verb: "status" }, 5_000)).kind, "silent");
  for (const socket of held) socket.destroy();
  await control.close();
});

test("closing waits for the answer that is being made", options, async () => {
  const started = Promise.withResolvers<void>();
  const reply = Promise.withResolvers<ControlAnswer>();
  const control = await openControlSocket(
    path,
    () => {
      started.resolve();
      return reply.promise;
    },
    silentLogger,
  );
  const asked = askControlSocket(path, { verb: "umount", lazy: false }, undefined);
  await started.promise;
  const closed = control.close();
  reply.resolve({ ok: true });
  assert.deepEqual(await asked, { kind: "answered", answer: { ok: true } });
  await closed;
});

test("a socket that a dead process left behind is replaced", options, async () => {
  const former = createServer();
  await new Promise<void>((resolve) => former.listen(path, resolve));
  const control = await openControlSocket(path, async () => ({ ok: true }), silentLogger);
  assert.equal((await askControlSocket(path, { verb: "status" }, 5_000)).kind, "answered");
  await control.close();
  await closeServer(former);
});

test("who does not answer in time is silent", options, async () => {
  const silent = createServer((socket) => socket.resume());
  await new Promise<void>((resolve) => silent.listen(path, resolve));
  assert.deepEqual(await askControlSocket(path, { verb: "status" }, 50), { kind: "silent" });
  await closeServer(silent);
});

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
