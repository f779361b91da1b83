import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, test } from "node:test";
import {
  type Caller,
  type FileSystem,
  FsError,
  limits,
  mapOperations,
  type NodeId,
  O_APPEND,
  O_RDONLY,
  O_RDWR,
  O_WRONLY,
  rootCaller,
  rootContext,
  silentLogger,
} from "@kedgefs/core";
import type { LaneEvents, ServerLane, WireOperation, WireReply } from "@kedgefs/rpc";
import { local } from "../local/local.ts";
import { Journal } from "../state/journal.ts";
import { openStateDirectory } from "../state/state-directory.ts";
import { KeyedQueue } from "./keyed-queue.ts";
import { Session } from "./session.ts";

const base = fs.mkdtempSync(join(tmpdir(), "kedge-session-"));
const closers: (() => void)[] = [];
after(() => {
  for (const close of closers.reverse()) close();
  fs.rmSync(base, { recursive: true });
});

const someone: Caller = { uid: 12_345, gid: 12_345, groups: [], pid: 0 };
const bytes = (text: string): Buffer => Buffer.from(text);

/** Stands in for a lane: what the session tells it, and replies by id. */
class Lane {
  events: LaneEvents | undefined;
  isHeld = false;
  isClosed = false;
  readonly replies: WireReply[] = [];
  #told: (() => void) | undefined;

  open(events: LaneEvents): void {
    this.events = events;
  }
  hold(): void {
    this.isHeld = true;
  }
  release(): void {
    this.isHeld = false;
  }
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.events?.closed(this.server);
  }
  reply(reply: WireReply): void {
    if (this.isClosed) return;
    this.replies.push(reply);
    this.#told?.();
  }
  get server(): ServerLane {
    return this as unknown as ServerLane;
  }
  send(id: number, operation: WireOperation, body: object, caller = rootCaller): void {
    this.events?.request({ id, operation, body, caller }, this.server);
  }
  async until(count: number): Promise<void> {
    while (this.replies.length < count) {
      await new Promise<void>((resolve) => {
        this.#told = resolve;
      });
    }
  }
  /** Sends a request and waits for the reply to it. */
  async ask(id: number, operation: WireOperation, body: object, caller = rootCaller): Promise<WireReply> {
    const before = this.replies.length;
    this.send(id, operation, body, caller);
    await this.until(before + 1);
    return this.replies.at(-1) as WireReply;
  }
}

interface Scene {
  readonly data: string;
  readonly session: Session;
  readonly root: NodeId;
  readonly journal: Journal;
  connect(): Lane;
  node(name: string): Promise<NodeId>;
}

let count = 0;
async function begin(around: (fileSystem: FileSystem) => FileSystem = (next) => next): Promise<Scene> {
  count++;
  const dir = join(base, String(count));
  const data = join(dir, "data");
  fs.mkdirSync(data, { recursive: true });
  const state = openStateDirectory(join(dir, "state"));
  const source = local({ path: data, exportName: "x", state });
  const { journal } = Journal.open(state.pathOf("journal"), silentLogger);
  closers.push(
    () => state.close(),
    () => source.close(),
    () => journal.close(),
  );
  journal.beginSession("01", "me", "x");
  const fileSystem = around(source.fileSystem);
  const session = new Session({
    id: "01",
    identity: "me",
    exportName: "x",
    fileSystem,
    own: fileSystem,
    journal,
    sealer: state,
    appends: new KeyedQueue(),
    logger: silentLogger,
  });
  const { node: root } = await session.root();
  return {
    data,
    session,
    root,
    journal,
    connect() {
      const lane = new Lane();
      assert.ok(session.openLane(session.attach(), "control", lane.server));
      return lane;
    },
    node: async (name) => (await source.fileSystem.lookup({ parent: root, name: bytes(name) }, rootContext())).node,
  };
}

/** A file system whose fsync waits for `open`, and counts. */
function gate(): { around(next: FileSystem): FileSystem; open(error?: FsError): void; runs: number } {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  promise.catch(() => {});
  const self = {
    runs: 0,
    open: (error?: FsError) => (error === undefined ? resolve() : reject(error)),
    around: (next: FileSystem) =>
      mapOperations(next, (name, operation) => async (request, context) => {
        if (name === "fsync" || name === "read") {
          self.runs++;
          await promise;
        }
        return await operation(request, context);
      }),
  };
  return self;
}

const timeout = 20_000;
let scene: Scene;
beforeEach(async () => {
  scene = await begin();
});

test("a request that is asked again gets the first answer", { timeout }, async () => {
  const mkdir = { parent: scene.root, name: bytes("d"), mode: 0o755 };
  const first = await scene.connect().ask(1, "mkdir", mkdir);
  assert.equal(first.error, undefined);
  const again = await scene.connect().ask(1, "mkdir", mkdir);
  assert.deepEqual(again, first);
  const other = await scene.connect().ask(2, "mkdir", mkdir);
  assert.equal(other.error?.code, "EEXIST");
});

test("an acknowledged reply is not kept", { timeout }, async () => {
  const lane = scene.connect();
  const mkdir = { parent: scene.root, name: bytes("d"), mode: 0o755 };
  await lane.ask(1, "mkdir", mkdir);
  lane.events?.acked(2);
  assert.equal(scene.journal.sessions.get("01")?.entries.size, 0);
  assert.equal((await lane.ask(1, "mkdir", mkdir)).error?.code, "EEXIST");
});

test("a request that is asked again while it runs is run once, and answered on the new lane", { timeout }, async () => {
  const blocked = gate();
  const { connect, root, node, data } = await begin(blocked.around);
  fs.writeFileSync(join(data, "f"), "x");
  const first = connect();
  await first.ask(1, "open", { node: await node("f"), flags: O_RDWR, handle: 1 });
  first.send(2, "fsync", { node: root, handle: 1, datasync: false });
  const second = connect();
  assert.ok(first.isClosed);
  second.send(2, "fsync", { node: root, handle: 1, datasync: false });
  blocked.open();
  await second.until(1);
  assert.equal(blocked.runs, 1);
  assert.equal(second.replies[0]?.error, undefined);
});

test("lanes are held while too much runs, one that comes meanwhile too", { timeout }, async () => {
  const blocked = gate();
  const { session, data, node } = await begin(blocked.around);
  fs.writeFileSync(join(data, "f"), "x");
  const epoch = session.attach();
  const lane = new Lane();
  session.openLane(epoch, "control", lane.server);
  const f = await node("f");
  await lane.ask(1, "open", { node: f, flags: O_RDWR, handle: 1 });
  for (let id = 2; id < 2 + limits.sessionRequestsInFlightMax; id++) {
    assert.equal(lane.isHeld, false);
    lane.send(id, "fsync", { node: f, handle: 1, datasync: true });
  }
  assert.ok(lane.isHeld);
  const late = new Lane();
  session.openLane(epoch, "bulk", late.server);
  assert.ok(late.isHeld);
  blocked.open();
  await lane.until(1 + limits.sessionRequestsInFlightMax);
  assert.equal(lane.isHeld, false);
  assert.equal(late.isHeld, false);
});

test("lanes are held while the data of what runs is too much", { timeout }, async () => {
  const blocked = gate();
  const { connect, data, node } = await begin(blocked.around);
  fs.writeFileSync(join(data, "f"), "x");
  const lane = connect();
  const f = await node("f");
  await lane.ask(1, "open", { node: f, flags: O_RDONLY, handle: 1 });
  const reads = limits.sessionBytesInFlightMax / limits.ioBytesMax;
  for (let id = 2; id < 2 + reads; id++) {
    assert.equal(lane.isHeld, false);
    lane.send(id, "read", { node: f, handle: 1, offset: 0n, size: limits.ioBytesMax });
  }
  assert.ok(lane.isHeld);
  blocked.open();
  await lane.until(1 + reads);
  assert.equal(lane.isHeld, false);
});

test("a number that is given to file after file leaves one of them open", { timeout }, async () => {
  const lane = scene.connect();
  const openFiles = (): number =>
    fs.readdirSync("/proc/self/fd").filter((fd) => {
      try {
        return fs.readlinkSync(`/proc/self/fd/${fd}`).startsWith(`${scene.data}/many`);
      } catch {
        return false;
      }
    }).length;
  for (let id = 1; id <= 20; id++) {
    const name = bytes(`many${id}`);
    const reply = await lane.ask(id, "create", { parent: scene.root, name, mode: 0o644, flags: O_RDWR, handle: 1 });
    assert.equal(reply.error, undefined);
  }
  while (openFiles() > 1) await new Promise((resolve) => setTimeout(resolve, 5));
  await lane.ask(99, "release", { node: scene.root, handle: 1 });
  assert.equal(
    (await lane.ask(100, "read", { node: scene.root, handle: 1, offset: 0n, size: 1 })).error?.code,
    "EBADF",
  );
});

const lacksRoot = process.getuid?.() === 0 ? false : "needs root: permission is checked for another user";

test("a ticket vouches for what was permitted and nothing more", { timeout, skip: lacksRoot }, async () => {
  fs.writeFileSync(join(scene.data, "f"), "secret", { mode: 0o604 });
  fs.chmodSync(join(scene.data, "f"), 0o604);
  const node = await scene.node("f");
  const lane = scene.connect();
  const opened = await lane.ask(1, "open", { node, flags: O_RDONLY, handle: 1 }, someone);
  const { ticket } = opened.body as { ticket: Buffer };
  assert.equal((await lane.ask(2, "open", { node, flags: O_WRONLY, handle: 2 }, someone)).error?.code, "EACCES");
  // The number of a file that may be read is no way to a ticket for writing it.
  assert.equal((await lane.ask(3, "open", { node, flags: O_RDWR, handle: 1 }, someone)).error?.code, "EINVAL");
  assert.deepEqual((await lane.ask(4, "open", { node, flags: O_RDONLY, handle: 1 }, someone)).body, { ticket });

  fs.chmodSync(join(scene.data, "f"), 0o600);
  const reopen = { node, flags: O_RDONLY, handle: 3, directory: false, ticket };
  assert.equal((await lane.ask(5, "reopen", { ...reopen, ticket: Buffer.alloc(16) }, someone)).error?.code, "EACCES");
  assert.equal((await lane.ask(6, "reopen", { ...reopen, flags: O_RDWR }, someone)).error?.code, "EACCES");
  assert.equal((await lane.ask(7, "reopen", reopen, someone)).error, undefined);
  const read = await lane.ask(8, "read", { node, handle: 3, offset: 0n, size: 10 }, someone);
  assert.equal(Buffer.from((read.body as { data: Uint8Array }).data).toString(), "secret");
});

test("an append that is asked again is made once", { timeout }, async () => {
  fs.writeFileSync(join(scene.data, "log"), "one\n");
  const node = await scene.node("log");
  const lane = scene.connect();
  await lane.ask(1, "open", { node, flags: O_WRONLY | O_APPEND, handle: 1 });
  const write = { node, handle: 1, offset: 0n, data: bytes("two\n") };
  assert.deepEqual((await lane.ask(2, "write", write)).body, { size: 4 });
  assert.deepEqual((await scene.connect().ask(2, "write", write)).body, { size: 4 });
  assert.equal(fs.readFileSync(join(scene.data, "log"), "utf8"), "one\ntwo\n");
});

test("a failure of fsync is known to the next life of the server", { timeout }, async () => {
  const blocked = gate();
  const { connect, data, node, journal } = await begin(blocked.around);
  fs.writeFileSync(join(data, "f"), "x");
  const lane = connect();
  const f = await node("f");
  await lane.ask(1, "open", { node: f, flags: O_RDWR, handle: 1 });
  lane.send(2, "fsync", { node: f, handle: 1, datasync: false });
  blocked.open(new FsError("EIO"));
  await lane.until(2);
  assert.equal(lane.replies[1]?.error?.code, "EIO");
  assert.equal(journal.sessions.get("01")?.entries.get(2)?.outcome?.errno, "EIO");
});

test("an ending session answers what runs and begins nothing new", { timeout }, async () => {
  const blocked = gate();
  const { session, connect, data, node } = await begin(blocked.around);
  fs.writeFileSync(join(data, "f"), "x");
  const lane = connect();
  const f = await node("f");
  await lane.ask(1, "open", { node: f, flags: O_RDWR, handle: 1 });
  lane.send(2, "fsync", { node: f, handle: 1, datasync: false });
  const ended = session.end();
  lane.send(3, "getattr", { node: f });
  assert.equal(session.openLane(1, "bulk", new Lane().server), false);
  blocked.open();
  await ended;
  assert.deepEqual(
    lane.replies.map(({ id }) => id),
    [1, 2],
  );
  assert.ok(lane.isClosed);
});
