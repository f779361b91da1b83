import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import {
  type Attr,
  CallContext,
  type Entry,
  FsError,
  type HandleId,
  limits,
  type NodeId,
  O_APPEND,
  O_CREAT,
  O_RDWR,
  O_TRUNC,
  rootCaller,
  rootContext,
  silentLogger,
} from "@kedgefs/core";
import { initPki, issueClient } from "@kedgefs/pki";
import {
  type AttachAnswer,
  type LaneName,
  type RpcServer,
  type ServerLane,
  startRpcServer,
  type TlsMaterial,
  type WireReply,
  type WireRequest,
} from "@kedgefs/rpc";
import { remote } from "./remote.ts";
import { RemoteSession } from "./remote-session.ts";

const dir = mkdtempSync(join(tmpdir(), "kedge-remote-"));
const tls = (name: string): TlsMaterial => ({
  ca: readFileSync(join(dir, "ca.crt")),
  cert: readFileSync(join(dir, `${name}.crt`)),
  key: readFileSync(join(dir, `${name}.key`)),
});
before(async () => {
  await initPki({ dir });
  await issueClient({ dir, name: "me" });
});
after(() => rmSync(dir, { recursive: true }));

const zero = { sec: 0, nsec: 0 };
const attr: Attr = {
  ...{ ino: 1n, mode: 0o40755, nlink: 1, uid: 0, gid: 0, rdev: 0, size: 0n, blocks: 0n, blksize: 4096 },
  ...{ atime: zero, mtime: zero, ctime: zero, btime: zero },
};
const root: Entry = { node: "root" as NodeId, attr };
const statfs = { blocks: 9n, bfree: 1n, bavail: 1n, files: 1n, ffree: 1n, bsize: 1, frsize: 1, namelen: 255 };

/** A server that keeps what it is asked, and answers when and what the test says. */
class Scripted implements AsyncDisposable {
  readonly requests: WireRequest[] = [];
  readonly lanes = new Map<LaneName, ServerLane>();
  /** Undefined leaves a request without an answer. */
  answer: (request: WireRequest) => Omit<WireReply, "id" | "operation"> | undefined = () => ({ body: {} });
  incarnation = 1;
  resumes = true;
  leaseMs = 0;
  awaitsLocks = false;
  /** Requests whose callers were interrupted. */
  readonly interrupted: number[] = [];
  /** The last recall that the client acted on. */
  recalled = 0;
  attaches = 0;
  detaches = 0;
  /** Called in an attach, before it is answered. */
  onAttach: () => Promise<void> | void = () => {};
  readonly #told = new Set<() => void>();
  #server: RpcServer | undefined;
  #port = 0;

  async start(): Promise<void> {
    this.#server = await startRpcServer({
      tls: tls("server"),
      listen: { host: "127.0.0.1", port: this.#port },
      serverVersion: "test",
      logger: silentLogger,
      handlers: {
        attach: async () => {
          this.attaches++;
          await this.onAttach();
          this.#tell();
          return {
            sessionId: Buffer.alloc(16, 1),
            incarnation: Buffer.from([this.incarnation]),
            resumed: this.attaches > 1 && this.resumes,
            epoch: this.attaches,
            root,
            readOnly: false,
            coarseTimes: false,
            closeReports: true,
            strictAtime: false,
            leaseMs: this.leaseMs,
            awaitsLocks: this.awaitsLocks,
          } satisfies AttachAnswer;
        },
        detach: async () => {
          this.detaches++;
        },
        openLane: (_identity, _session, _epoch, name, lane) => {
          this.lanes.set(name, lane);
          lane.open({
            request: (request, from) => {
              this.requests.push(request);
              const answer = request.operation === "statfs" ? { body: statfs } : this.answer(request);
              if (answer !== undefined) from.reply({ id: request.id, operation: request.operation, ...answer });
              this.#tell();
            },
            acked() {},
            interrupted: (ids) => {
              this.interrupted.push(...ids);
              this.#tell();
            },
            recalled: (upTo) => {
              this.recalled = upTo;
              this.#tell();
            },
            closed() {},
          });
          return true;
        },
      },
    });
    this.#port = this.#server.port;
  }

  /** The server process dies; its successor has another incarnation. */
  async die(): Promise<void> {
    await this.#server?.stop();
    this.#server = undefined;
    this.incarnation++;
  }

  async connect(): Promise<RemoteSession> {
    return await RemoteSession.connect({
      host: "127.0.0.1",
      port: this.#port,
      exportName: "x",
      tls: tls("me"),
      logger: silentLogger,
    });
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        const tell = (): void => {
          this.#told.delete(tell);
          resolve();
        };
        this.#told.add(tell);
      });
    }
  }

  asked(operation: string): WireRequest[] {
    return this.requests.filter((request) => request.operation === operation);
  }

  #tell(): void {
    for (const tell of [...this.#told]) tell();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.stop();
  }
}

async function untilState(session: RemoteSession, state: string): Promise<void> {
  while (session.status().state !== state) await new Promise((resolve) => setTimeout(resolve, 5));
}

const bytes = (text: string): Buffer => Buffer.from(text);
const names = (requests: readonly WireRequest[]): string[] =>
  requests.map(({ body }) => Buffer.from((body as { name: Uint8Array }).name).toString());
const timeout = 30_000;

test("another server gets the handles first, then what waited, in order and with the same ids", {
  timeout,
}, async () => {
  await using server = new Scripted();
  await server.start();
  const session = await server.connect();
  const fileSystem = remote(session);
  server.answer = ({ operation }) =>
    operation === "open" ? { body: { ticket: bytes("seal") } } : operation === "reopen" ? { body: {} } : undefined;
  const node = "file" as NodeId;
  const { handle } = await fileSystem.open({ node, flags: O_RDWR | O_CREAT | O_TRUNC | O_APPEND }, rootContext());
  const waiting = ["a", "b", "c"].map((name) =>
    fileSystem.mkdir({ parent: root.node, name: bytes(name), mode: 0o755 }, rootContext()),
  );
  await server.until(() => server.asked("mkdir").length === 3);
  const first = server.asked("mkdir");
  await server.die();
  await untilState(session, "reconnecting");
  waiting.push(fileSystem.mkdir({ parent: root.node, name: bytes("d"), mode: 0o755 }, rootContext()));
  server.requests.length = 0;
  server.answer = ({ operation }) => ({ body: operation === "mkdir" ? root : {} });
  await server.start();
  await Promise.all(waiting);

  assert.equal(server.requests[0]?.operation, "reopen");
  const { ticket, ...reopen } = (server.requests[0] as WireRequest).body as { ticket: Uint8Array };
  assert.deepEqual(reopen, { node, flags: O_RDWR | O_APPEND, handle, directory: false });
  assert.equal(Buffer.from(ticket).toString(), "seal");
  const again = server.asked("mkdir");
  assert.deepEqual(names(again), ["a", "b", "c", "d"]);
  assert.deepEqual(
    again.slice(0, 3).map(({ id }) => id),
    first.map(({ id }) => id),
  );
  await session.close();
  assert.equal(server.detaches, 1);
});

test("the same server gets no handle again, and what was in flight with the same id", { timeout }, async () => {
  await using server = new Scripted();
  await server.start();
  const session = await server.connect();
  const fileSystem = remote(session);
  server.answer = ({ operation }) => (operation === "open" ? { body: { ticket: bytes("seal") } } : undefined);
  await fileSystem.open({ node: "file" as NodeId, flags: O_RDWR }, rootContext());
  const read = fileSystem.readlink({ node: "link" as NodeId }, rootContext());
  await server.until(() => server.asked("readlink").length === 1);
  server.answer = () => ({ body: { target: bytes("t") } });
  server.lanes.get("control")?.close();
  assert.equal(Buffer.from((await read).target).toString(), "t");
  assert.equal(server.asked("reopen").length, 0);
  const [one, two] = server.asked("readlink");
  assert.equal(one?.id, two?.id);
  await session.close();
});

test("a handle that can't be opened again answers so, and the others go on", { timeout }, async () => {
  await using server = new Scripted();
  await server.start();
  const session = await server.connect();
  const fileSystem = remote(session);
  server.answer = () => ({ body: { ticket: bytes("seal") } });
  const [lost, kept] = ["lost" as NodeId, "kept" as NodeId];
  const lostHandle = (await fileSystem.open({ node: lost, flags: 0 }, rootContext())).handle;
  const keptHandle = (await fileSystem.open({ node: kept, flags: 0 }, rootContext())).handle;
  await server.die();
  server.answer = ({ operation, body }) => {
    if (operation === "reopen")
      return (body as { node: NodeId }).node === lost ? { error: new FsError("ESTALE") } : { body: {} };
    return { body: { data: bytes("x") } };
  };
  await server.start();
  await server.until(() => server.asked("reopen").length === 2);
  await untilState(session, "connected");
  const read = (node: NodeId, handle: HandleId): Promise<unknown> =>
    fileSystem.read({ node, handle, offset: 0n, size: 1 }, rootContext());
  await assert.rejects(read(lost, lostHandle), { code: "ESTALE" });
  await read(kept, keptHandle);
  await session.close();
});

test("a call that is interrupted while the server is away ends, and an open is taken back", { timeout }, async () => {
  await using server = new Scripted();
  await server.start();
  const session = await server.connect();
  const fileSystem = remote(session);
  server.answer = () => undefined;
  const context = new CallContext(rootCaller);
  const opening = fileSystem.open({ node: "file" as NodeId, flags: O_RDWR }, context);
  await server.until(() => server.asked("open").length === 1);
  const number = (server.asked("open").at(0)?.body as { handle?: number } | undefined)?.handle;
  await server.die();
  await untilState(session, "reconnecting");
  context.abort();
  await assert.rejects(opening, { code: "EINTR" });
  server.answer = () => ({ body: {} });
  await server.start();
  await server.until(() => server.asked("release").length === 1);
  assert.equal((server.asked("release").at(0)?.body as { handle?: number } | undefined)?.handle, number);
  assert.equal(server.asked("open").length, 1, "it is not made again");
  await session.close();
});

test("a lost session makes what must not be done twice fail, and only that", { timeout }, async () => {
  await using server = new Scripted();
  await server.start();
  const session = await server.connect();
  const fileSystem = remote(session);
  server.answer = ({ operation }) => (operation === "open" ? { body: { ticket: bytes("seal") } } : undefined);
  const node = "log" as NodeId;
  const { handle } = await fileSystem.open({ node, flags: O_RDWR | O_APPEND }, rootContext());
  const { handle: plain } = await fileSystem.open({ node, flags: O_RDWR }, rootContext());
  const name = bytes("d");
  const failing = [
    fileSystem.mkdir({ parent: root.node, name, mode: 0o755 }, rootContext()),
    fileSystem.write({ node, handle, offset: 0n, data: name }, rootContext()),
    fileSystem.fsync({ node, handle, datasync: false }, rootContext()),
  ];
  const going = fileSystem.write({ node, handle: plain, offset: 0n, data: name }, rootContext());
  await server.until(() => server.asked("write").length === 2 && server.asked("fsync").length === 1);
  const outcomes = Promise.allSettled(failing);
  await server.die();
  server.resumes = false;
  server.answer = () => ({ body: { size: 1 } });
  await server.start();
  assert.deepEqual(await going, { size: 1 });
  for (const outcome of await outcomes) {
    assert.equal(outcome.status, "rejected");
    assert.equal((outcome as PromiseRejectedResult).reason.code, "EIO");
  }
  await session.close();
});

/** A file system whose server went away after it had answered: also a statfs, unless that is not to be known. */
async function beginAway(server: Scripted, { statfsKnown = true } = {}) {
  await server.start();
  const session = await server.connect();
  const fileSystem = remote(session);
  if (statfsKnown) await fileSystem.statfs({ node: root.node }, rootContext());
  await server.die();
  await untilState(session, "reconnecting");
  return { session, fileSystem };
}

test("what waited for a server is sent in frames that it takes", { timeout }, async () => {
  await using server = new Scripted();
  const { session, fileSystem } = await beginAway(server, { statfsKnown: false });
  const target = Buffer.alloc(limits.symlinkBytesMax, "t");
  const count = Math.ceil((2 * limits.frameBytesMax) / limits.symlinkBytesMax);
  const waiting = Array.from({ length: count }, (_, index) =>
    fileSystem.symlink({ parent: root.node, name: bytes(String(index)), target }, rootContext()),
  );
  server.answer = () => ({ body: root });
  await server.start();
  await Promise.all(waiting);
  assert.equal(server.asked("symlink").length, count, "each is sent once");
  await session.close();
});

test("the root and statfs are answered while the server is away, and no call is left of it", { timeout }, async () => {
  await using server = new Scripted();
  await server.start();
  const session = await server.connect();
  const fileSystem = remote(session);
  await server.until(() => server.asked("statfs").length === 1);
  await fileSystem.statfs({ node: root.node }, rootContext());
  server.answer = () => undefined;
  // Asked before anybody knows that the server will not answer.
  const asked = fileSystem.getattr({ node: root.node }, rootContext());
  await server.until(() => server.asked("getattr").length === 1);
  await server.die();
  assert.deepEqual((await asked).attr.mode, attr.mode);
  assert.equal((await fileSystem.statfs({ node: root.node }, rootContext())).blocks, 9n);
  assert.equal((await fileSystem.getattr({ node: root.node }, rootContext())).attr.mode, attr.mode);
  assert.deepEqual(session.status().inFlight, []);
  await session.close();
});

test("a session that is closed in the middle of an attach stays closed", { timeout }, async () => {
  await using server = new Scripted();
  await server.start();
  const session = await server.connect();
  let attached = (): void => {};
  const attaching = new Promise<void>((resolve) => {
    server.onAttach = async () => {
      resolve();
      await new Promise<void>((go) => {
        attached = go;
      });
    };
  });
  while (server.lanes.size < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  server.lanes.get("control")?.close();
  await attaching;
  await session.close();
  server.lanes.clear();
  attached();
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.equal(session.status().state, "closed");
  assert.equal(server.lanes.size, 0);
});

test("a server that takes us in and throws us out is not asked without a pause", { timeout }, async () => {
  await using server = new Scripted();
  await server.start();
  const session = await server.connect();
  const close = setInterval(() => server.lanes.get("control")?.close(), 1);
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  clearInterval(close);
  assert.ok(server.attaches < 12, `${server.attaches} attaches within 1.5 s`);
  await session.close();
});

test("an attach that makes no sense is an error and no exception", { timeout }, async () => {
  await using server = new Scripted();
  await server.start();
  const session = await server.connect();
  await session.close();
  const broken = { ...root, attr: undefined } as unknown as Entry;
  const sane = { ...root };
  Object.assign(root, broken);
  try {
    await assert.rejects(server.connect(), /makes no sense/);
  } finally {
    Object.assign(root, sane);
  }
});

test("an answer of another operation is EIO", { timeout }, async () => {
  await using server = new Scripted();
  await server.start();
  const session = await server.connect();
  const fileSystem = remote(session);
  server.answer = ({ id }) => {
    server.lanes.get("control")?.reply({ id, operation: "readlink", body: { target: bytes("t") } });
    return undefined;
  };
  await assert.rejects(fileSystem.lookup({ parent: root.node, name: bytes("f") }, rootContext()), { code: "EIO" });
  await session.close();
});

const file = "file" as NodeId;
const leasedAttr = { body: { attr }, leased: true };
const settled = async (): Promise<void> => await new Promise((resolve) => setTimeout(resolve, 50));

/** A session with leases, whose server answers every getattr under one. */
async function beginLeased(server: Scripted, leaseMs = 60_000) {
  server.leaseMs = leaseMs;
  server.answer = () => leasedAttr;
  await server.start();
  const session = await server.connect();
  const fileSystem = remote(session);
  const stat = () => fileSystem.getattr({ node: file }, rootContext());
  await server.until(() => server.asked("statfs").length === 1);
  return { session, fileSystem, stat };
}

test("what is leased is asked once, until it is recalled or the connection is lost", { timeout }, async () => {
  await using server = new Scripted();
  const { session, stat } = await beginLeased(server);
  await stat();
  assert.ok(((await stat()).leasedUntilMs ?? 0) > performance.now());
  assert.equal(server.asked("getattr").length, 1);
  server.lanes.get("control")?.recall({ id: 1, node: file });
  await server.until(() => server.recalled === 1);
  await stat();
  await stat();
  assert.equal(server.asked("getattr").length, 2);
  server.lanes.get("control")?.recall({ id: 2, node: undefined });
  await server.until(() => server.recalled === 2);
  await stat();
  assert.equal(server.asked("getattr").length, 3);
  server.lanes.get("control")?.close();
  await untilState(session, "reconnecting");
  await stat();
  assert.equal(server.asked("getattr").length, 4);
  await session.close();
});

test("a recall is acknowledged when all who were told of it are done, and those before it too", {
  timeout,
}, async () => {
  await using server = new Scripted();
  const { session } = await beginLeased(server);
  const told: (NodeId | undefined)[] = [];
  const going: (() => void)[] = [];
  session.onRecall((node) => {
    told.push(node);
    return node === file ? new Promise<void>((resolve) => going.push(resolve)) : undefined;
  });
  session.onRecall((node) => (node === file ? new Promise<void>((resolve) => going.push(resolve)) : undefined));
  server.lanes.get("control")?.recall({ id: 1, node: file });
  while (told.length < 1) await settled();
  server.lanes.get("control")?.recall({ id: 2, node: "other" as NodeId });
  while (told.length < 2) await settled();
  going[0]?.();
  await settled();
  assert.equal(server.recalled, 0);
  going[1]?.();
  await server.until(() => server.recalled === 2);
  assert.deepEqual(told, [file, "other"]);
  await session.close();
});

test("a listener that fails counts as done when the lease has run out, and not before the others", {
  timeout,
}, async () => {
  await using server = new Scripted();
  const { session } = await beginLeased(server, 300);
  let go = (): void => {};
  session.onRecall((node) => (node === undefined ? undefined : Promise.reject(new Error("the kernel says no"))));
  session.onRecall((node) => {
    return node === undefined
      ? Promise.reject(new Error("the kernel says no"))
      : new Promise<void>((resolve) => {
          go = resolve;
        });
  });
  const sentMs = performance.now();
  server.lanes.get("control")?.recall({ id: 1, node: file });
  await new Promise((resolve) => setTimeout(resolve, 400));
  assert.equal(server.recalled, 0, "the other listener is not done");
  go();
  await server.until(() => server.recalled === 1);
  assert.ok(performance.now() - sentMs > 600);
  // Nobody waits for what it returns when the connection is lost.
  server.lanes.get("control")?.close();
  await server.until(() => server.attaches === 2);
  await untilState(session, "connected");
  await session.close();
});

test("an answer that a recall overtook is given and not believed", { timeout }, async () => {
  await using server = new Scripted();
  const { session, fileSystem, stat } = await beginLeased(server);
  server.answer = () => undefined;
  const asked = stat();
  await server.until(() => server.asked("getattr").length === 1);
  const { id } = server.asked("getattr")[0] as WireRequest;
  server.lanes.get("control")?.recall({ id: 1, node: file });
  server.lanes.get("control")?.reply({ id, operation: "getattr", ...leasedAttr });
  assert.equal((await asked).leasedUntilMs, undefined);

  // The other way round: in one frame the recall is told first, whichever was sent first.
  const again = stat();
  await server.until(() => server.asked("getattr").length === 2);
  const { id: secondId } = server.asked("getattr")[1] as WireRequest;
  server.lanes.get("control")?.reply({ id: secondId, operation: "getattr", ...leasedAttr });
  server.lanes.get("control")?.recall({ id: 2, node: file });
  assert.equal((await again).leasedUntilMs, undefined);

  const listing = fileSystem.readdirplus(
    { node: root.node, handle: 1 as HandleId, offset: 0n, size: 4096 },
    rootContext(),
  );
  await server.until(() => server.asked("readdirplus").length === 1);
  server.lanes.get("control")?.recall({ id: 3, node: file });
  await server.until(() => server.recalled === 3);
  const entry = { node: file, attr };
  const entries = [{ name: bytes("f"), ino: 1n, type: 8, offset: 1n, entry }];
  const { id: listId } = server.asked("readdirplus")[0] as WireRequest;
  server.lanes.get("bulk")?.reply({ id: listId, operation: "readdirplus", body: { entries, end: true }, leased: true });
  const [told] = (await listing).entries;
  assert.equal(told?.offset, 1n);
  assert.equal(told?.entry, undefined);
  server.answer = () => leasedAttr;
  await stat();
  assert.equal(server.asked("getattr").length, 3);
  await session.close();
});

test("what was asked before the connection was lost is answered on the next one, and not believed", {
  timeout,
}, async () => {
  await using server = new Scripted();
  const { session, stat } = await beginLeased(server);
  server.answer = () => undefined;
  const asked = stat();
  await server.until(() => server.asked("getattr").length === 1);
  server.answer = () => leasedAttr;
  server.lanes.get("control")?.close();
  assert.equal((await asked).leasedUntilMs, undefined);
  await stat();
  assert.equal(server.asked("getattr").length, 3);
  await session.close();
});

test("the server is come back to when the kernel has dropped what it believed", { timeout }, async () => {
  await using server = new Scripted();
  const { session } = await beginLeased(server);
  let dropped = (): void => {};
  session.onRecall(
    () =>
      new Promise<void>((resolve) => {
        dropped = resolve;
      }),
  );
  server.lanes.get("control")?.close();
  await untilState(session, "reconnecting");
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.equal(server.attaches, 1, "an attach says that nothing is believed");
  dropped();
  await server.until(() => server.attaches === 2);
  await untilState(session, "connected");
  // Now it has nothing to drop.
  dropped = () => {};
  await session.close();
});

test("… or when its leases have run out", { timeout }, async () => {
  await using server = new Scripted();
  const { session } = await beginLeased(server, 300);
  session.onRecall(() => new Promise<void>(() => {}));
  const lostMs = performance.now();
  server.lanes.get("control")?.close();
  await server.until(() => server.attaches === 2);
  assert.ok(performance.now() - lostMs >= 299);
  await untilState(session, "connected");
  await session.close();
});

test("a session that is closed answers nothing from memory", { timeout }, async () => {
  await using server = new Scripted();
  const { session, stat } = await beginLeased(server);
  await stat();
  await session.close();
  await assert.rejects(stat(), { code: "ENOTCONN" });
});

test("the root is opened while the server is away, and works when it is back", { timeout }, async () => {
  await using server = new Scripted();
  const { session, fileSystem } = await beginAway(server);
  const askedMs = performance.now();
  const { handle } = await fileSystem.opendir({ node: root.node }, rootContext());
  const tookMs = performance.now() - askedMs;
  assert.ok(tookMs >= 990 && tookMs < 5_000, `${tookMs} ms`);
  assert.equal(session.status().inFlight.length, 1, "it is opened later");

  const listing = fileSystem.readdir({ node: root.node, handle, offset: 0n, size: 4096 }, rootContext());
  const entries = [{ name: bytes("f"), ino: 1n, type: 8, offset: 1n }];
  server.answer = ({ operation }) => ({
    body: operation === "opendir" ? { ticket: bytes("seal") } : operation === "readdir" ? { entries, end: true } : {},
  });
  await server.start();
  assert.deepEqual((await listing).entries, entries);
  const opened = server.asked("opendir").map(({ body }) => (body as { handle: number }).handle);
  assert.deepEqual(opened, [handle]);

  await server.die();
  server.requests.length = 0;
  await server.start();
  await server.until(() => server.asked("reopen").length === 1);
  const { ticket, ...reopen } = (server.asked("reopen")[0] as WireRequest).body as { ticket: Uint8Array };
  assert.deepEqual(reopen, { node: root.node, flags: 0, handle, directory: true });
  assert.equal(Buffer.from(ticket).toString(), "seal");
  await fileSystem.releasedir({ node: root.node, handle }, rootContext());
  await server.until(() => server.asked("releasedir").length === 1);
  await session.close();
});

test("who lists the root while the server is away can be interrupted", { timeout }, async () => {
  await using server = new Scripted();
  const { session, fileSystem } = await beginAway(server, { statfsKnown: false });
  const { handle } = await fileSystem.opendir({ node: root.node }, rootContext());
  const context = new CallContext(rootCaller);
  const listing = fileSystem.readdir({ node: root.node, handle, offset: 0n, size: 4096 }, context);
  context.abort();
  await assert.rejects(listing, { code: "EINTR" });
  await session.close();
});

test("a root that was opened while the server is away and closed again is never opened", { timeout }, async () => {
  await using server = new Scripted();
  const { session, fileSystem } = await beginAway(server);
  const { handle } = await fileSystem.opendir({ node: root.node }, rootContext());
  await fileSystem.releasedir({ node: root.node, handle }, rootContext());
  assert.deepEqual(session.status().inFlight, []);
  server.requests.length = 0;
  await server.start();
  await untilState(session, "connected");
  await fileSystem.statfs({ node: root.node }, rootContext());
  assert.deepEqual(
    server.requests.map(({ operation }) => operation),
    ["statfs"],
  );
  await session.close();
});

test("a root that can't be opened when the server is back is an error of its handle", { timeout }, async () => {
  await using server = new Scripted();
  const { session, fileSystem } = await beginAway(server, { statfsKnown: false });
  const { handle } = await fileSystem.opendir({ node: root.node }, rootContext());
  const listing = fileSystem.readdir({ node: root.node, handle, offset: 0n, size: 4096 }, rootContext());
  server.answer = ({ operation }) => (operation === "opendir" ? { error: new FsError("EACCES") } : { body: {} });
  await server.start();
  await assert.rejects(listing, { code: "EACCES" });
  await session.close();
});

const listed = ["a", "b", "c"].map((text, index) => {
  const name = bytes(text);
  const entry: Entry = { node: text as NodeId, attr };
  return { name, ino: 1n, type: 8, offset: BigInt(index + 1), entry };
});
const nameOf = ({ name }: { readonly name: Uint8Array }): string => Buffer.from(name).toString();

test("a listing is fetched with attributes at once, and given out in parts with what may be believed", {
  timeout,
}, async () => {
  await using server = new Scripted();
  const { session, fileSystem, stat } = await beginLeased(server);
  server.answer = ({ operation }) =>
    operation === "opendir"
      ? { body: { ticket: bytes("seal") } }
      : { body: { entries: listed, end: true }, leased: true };
  const { handle } = await fileSystem.opendir({ node: root.node }, rootContext());
  const list = (operation: "readdir" | "readdirplus", offset: bigint, size: number) =>
    fileSystem[operation]({ node: root.node, handle, offset, size }, rootContext());
  assert.deepEqual((await list("readdir", 0n, 4096)).entries.map(nameOf), ["a", "b", "c"]);
  const part = await list("readdirplus", 1n, 100);
  assert.deepEqual(part.entries.map(nameOf), ["b"]);
  assert.equal(part.end, false);
  assert.ok((part.entries[0]?.entry?.leasedUntilMs ?? 0) > performance.now());
  server.lanes.get("control")?.recall({ id: 1, node: "c" as NodeId });
  await server.until(() => server.recalled === 1);
  const rest = await list("readdirplus", 2n, 4096);
  assert.deepEqual(rest.entries.map(nameOf), ["c"]);
  assert.equal(rest.entries[0]?.entry, undefined, "recalled meanwhile");
  assert.ok(rest.end);
  assert.deepEqual(await list("readdirplus", 3n, 4096), { entries: [], end: true });
  assert.deepEqual((await list("readdir", 0n, 4096)).entries.map(nameOf), ["a", "b", "c"]);
  assert.equal(server.asked("readdirplus").length, 1, "it is all of the directory, and leased");
  server.lanes.get("control")?.recall({ id: 2, node: root.node });
  await server.until(() => server.recalled === 2);
  await list("readdir", 0n, 4096);
  assert.equal(server.asked("readdirplus").length, 2, "a rewind asks anew");
  assert.equal(server.asked("readdir").length, 0);
  server.answer = () => leasedAttr;
  await stat();
  await session.close();
});

test("without leases no attributes of a listing are given out that were asked for by an earlier call", {
  timeout,
}, async () => {
  await using server = new Scripted();
  await server.start();
  const session = await server.connect();
  const fileSystem = remote(session);
  server.answer = ({ operation }) =>
    operation === "opendir" ? { body: { ticket: bytes("seal") } } : { body: { entries: listed, end: true } };
  const { handle } = await fileSystem.opendir({ node: root.node }, rootContext());
  const list = (operation: "readdir" | "readdirplus", offset: bigint) =>
    fileSystem[operation]({ node: root.node, handle, offset, size: 4096 }, rootContext());
  assert.equal((await list("readdirplus", 0n)).entries[0]?.entry?.node, "a");
  await list("readdirplus", 1n);
  const sizes = server.asked("readdirplus").map(({ body }) => (body as { size: number }).size);
  assert.deepEqual(sizes, [4096, 4096], "nothing is fetched that can't be given out");
  await list("readdir", 2n);
  assert.equal(server.asked("readdir").length, 0, "names alone may be of before");
  await session.close();
});

test("a directory that is opened again while its listing is leased asks nothing, and is closed when it ends", {
  timeout,
}, async () => {
  await using server = new Scripted();
  const { session, fileSystem } = await beginLeased(server);
  let end = true;
  server.answer = ({ operation }) =>
    operation === "opendir"
      ? { body: { ticket: bytes("seal") } }
      : { body: { entries: listed, end }, leased: operation === "readdirplus" };
  const node = "dir" as NodeId;
  const list = async (context: CallContext = rootContext()): Promise<readonly string[]> => {
    const { handle } = await fileSystem.opendir({ node }, context);
    const { entries } = await fileSystem.readdir({ node, handle, offset: 0n, size: 4096 }, context);
    await fileSystem.releasedir({ node, handle }, context);
    return entries.map(nameOf);
  };
  const asked = () => (["opendir", "readdirplus", "releasedir"] as const).map((name) => server.asked(name).length);
  assert.deepEqual(await list(), ["a", "b", "c"]);
  assert.deepEqual(await list(), ["a", "b", "c"]);
  assert.deepEqual(asked(), [1, 1, 0]);
  const user = new CallContext({ ...rootCaller, uid: 1000 });
  await list(user);
  assert.deepEqual(asked(), [2, 2, 0], "whether another may open it only the server knows");
  server.lanes.get("control")?.recall({ id: 1, node });
  await server.until(() => server.recalled === 1);
  await list();
  await server.until(() => server.asked("releasedir").length === 1);
  assert.deepEqual(asked(), [3, 3, 1]);
  await fileSystem.setattr({ node, mode: 0o700 }, rootContext());
  end = false;
  await list();
  await server.until(() => server.asked("releasedir").length === 3);
  assert.deepEqual(asked(), [4, 4, 3], "nor is a part of a listing kept");
  const handles = server.asked("releasedir").map(({ body }) => (body as { handle: number }).handle);
  assert.equal(new Set(handles).size, 3);
  await session.close();
});

/** A file of four bytes that is leased and opened with its content, and how its reads are answered. */
async function beginOpened(server: Scripted, leased = true) {
  const begun = await beginLeased(server);
  const now = { sec: Math.floor(Date.now() / 1000), nsec: 0 };
  const opened = { node: file, attr: { ...attr, mode: 0o100644, size: 4n, atime: now } };
  server.answer = ({ operation }) => {
    if (operation === "open")
      return { body: { ticket: bytes("seal"), content: bytes("text") }, leased, after: [opened] };
    if (operation === "getattr") return { body: { attr: opened.attr }, leased: true };
    return operation === "read" ? { body: { data: bytes("asked") } } : { body: { size: 1 }, leased: true };
  };
  const { fileSystem } = begun;
  const open = () => fileSystem.open({ node: file, flags: 0 }, rootContext());
  const reply = await open();
  const { handle } = reply;
  const read = async (number = handle, offset = 0n, size = 4096): Promise<string> =>
    Buffer.from((await fileSystem.read({ node: file, handle: number, offset, size }, rootContext())).data).toString();
  return { ...begun, open, reply, handle, read };
}

test("reads of what came with the open ask nothing, until it is recalled", { timeout }, async () => {
  await using server = new Scripted();
  const { session, open, reply, handle, read } = await beginOpened(server);
  assert.deepEqual(Object.keys(reply), ["handle"]);
  assert.equal(await read(), "text");
  assert.equal(await read(handle, 1n, 2), "ex");
  assert.equal(await read(handle, 4n), "");
  assert.equal(server.asked("read").length, 0);
  server.lanes.get("control")?.recall({ id: 1, node: file });
  await server.until(() => server.recalled === 1);
  assert.equal(await read(), "asked");
  const { handle: second } = await open();
  assert.equal(await read(), "asked", "that another handle has it by now is nothing to the first");
  assert.equal(await read(second), "text");
  await session.close();
});

test("who has written a file, or lost the server, reads what the server says", { timeout }, async () => {
  await using server = new Scripted();
  const { session, fileSystem, open, handle, read } = await beginOpened(server);
  const write = () =>
    fileSystem.write({ node: file, handle, offset: 0n, data: bytes("x"), ahead: true }, rootContext());
  await write();
  assert.equal(await read(), "asked");
  const { handle: second } = await open();
  assert.equal(await read(second), "text");
  // Answered here, and on its way.
  await write();
  assert.equal(await read(second), "asked");
  const { handle: third } = await open();
  assert.equal(await read(third), "text");
  server.lanes.get("control")?.close();
  await untilState(session, "reconnecting");
  assert.equal(await read(third), "asked");
  await session.close();
});

test("content without a lease is not believed, nor that of a handle that was released", { timeout }, async () => {
  for (const leased of [false, true]) {
    await using server = new Scripted();
    const { session, fileSystem, stat, handle, read } = await beginOpened(server, leased);
    await stat();
    if (leased) await fileSystem.release({ node: file, handle }, rootContext());
    assert.equal(await read(), "asked");
    await session.close();
  }
});
