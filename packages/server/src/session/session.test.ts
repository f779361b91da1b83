import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, test } from "node:test";
import {
  type Caller,
  type Entry,
  type FileSystem,
  FsError,
  limits,
  mapOperations,
  type NodeId,
  O_APPEND,
  O_RDONLY,
  O_RDWR,
  O_TRUNC,
  O_WRONLY,
  rootCaller,
  rootContext,
  silentLogger,
} from "@kedgefs/core";
import type { LaneEvents, ServerLane, WireOperation, WireReply } from "@kedgefs/rpc";
import { LeaseTable } from "../leases/lease-table.ts";
import { isSettled } from "../leases/testing/is-settled.ts";
import { local } from "../local/local.ts";
import { lockServices } from "../locks/testing/lock-services.ts";
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

type WireRecall = Parameters<ServerLane["recall"]>[0];

/** Stands in for a lane: what the session tells it, and replies by id. */
class Lane {
  events: LaneEvents | undefined;
  isHeld = false;
  isClosed = false;
  readonly replies: WireReply[] = [];
  readonly recalls: WireRecall[] = [];
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
  recall(recall: WireRecall): void {
    if (this.isClosed) return;
    this.recalls.push(recall);
    this.#told?.();
  }
  get server(): ServerLane {
    return this as unknown as ServerLane;
  }
  send(id: number, operation: WireOperation, body: object, caller = rootCaller): void {
    this.events?.request({ id, operation, body, caller }, this.server);
  }
  async until(count: number, told: readonly unknown[] = this.replies): Promise<void> {
    while (told.length < count) {
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
  /** A session on the same directory: another one, or as the next life of the server knows one of this. */
  other(id: string): Session;
  node(name: string): Promise<NodeId>;
}

let count = 0;
async function begin(
  around: (fileSystem: FileSystem) => FileSystem = (next) => next,
  leases?: LeaseTable,
  { mayLease = true, strictAtime = false } = {},
): Promise<Scene> {
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
  const locks = lockServices(state);
  const sessionOf = (id: string): Session =>
    new Session({
      id,
      number: Number.parseInt(id, 16),
      identity: "me",
      exportName: "x",
      fileSystem,
      own: fileSystem,
      strictAtime,
      journal,
      sealer: state,
      appends: new KeyedQueue(),
      leases: leases === undefined ? undefined : { table: leases, mayLease: () => mayLease, readOnly: false },
      locks,
      logger: silentLogger,
    });
  const session = sessionOf("01");
  const { node: root } = await session.root();
  return {
    data,
    session,
    root,
    journal,
    connect: () => connect(session),
    other(id) {
      if (!journal.sessions.has(id)) journal.beginSession(id, "me", "x");
      return sessionOf(id);
    },
    node: async (name) => (await source.fileSystem.lookup({ parent: root, name: bytes(name) }, rootContext())).node,
  };
}

function connect(session: Session): Lane {
  const lane = new Lane();
  assert.ok(session.openLane(session.attach(), "control", lane.server));
  return lane;
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

test("a copy is made to the file that this client has open, whatever others have under the same number", {
  timeout,
}, async () => {
  for (const name of ["f", "g"]) fs.writeFileSync(join(scene.data, name), name);
  const [f, g] = [await scene.node("f"), await scene.node("g")];
  const [theirs, mine] = [connect(scene.other("02")), scene.connect()];
  await theirs.ask(1, "open", { node: f, flags: O_RDWR, handle: 1 });
  await theirs.ask(2, "open", { node: g, flags: O_RDWR, handle: 2 });
  await mine.ask(1, "open", { node: g, flags: O_RDWR, handle: 1 });
  await mine.ask(2, "open", { node: f, flags: O_RDWR, handle: 5 });
  const copy = { node: f, handle: 5, offset: 0n, newNode: g, newOffset: 1n, length: 1n };
  assert.deepEqual((await mine.ask(3, "copyFileRange", { ...copy, newHandle: 1 })).body, { size: 1 });
  const contents = (): string[] => ["f", "g"].map((name) => fs.readFileSync(join(scene.data, name), "utf8"));
  assert.deepEqual(contents(), ["f", "gf"]);
  assert.equal((await mine.ask(4, "copyFileRange", { ...copy, newHandle: 2 })).error?.code, "EBADF");
  assert.deepEqual(contents(), ["f", "gf"]);
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
  const ended = session.end(true);
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

interface Pair extends Scene {
  readonly table: LeaseTable;
  readonly mine: Lane;
  readonly theirs: Lane;
  readonly f: NodeId;
}

/** Two sessions, with leases that don't run out, on a directory with the files f and g. */
async function pair(
  around?: (fileSystem: FileSystem) => FileSystem,
  terms?: Parameters<typeof begin>[2],
): Promise<Pair> {
  const table = new LeaseTable(60_000, { sessions: [], leaseMs: 0 });
  closers.push(() => table.close());
  const begun = await begin(around, table, terms);
  for (const name of ["f", "g"]) fs.writeFileSync(join(begun.data, name), name);
  const f = await begun.node("f");
  return { ...begun, table, mine: begun.connect(), theirs: connect(begun.other("02")), f };
}

test("a reply says whether it is leased, and what else it tells", { timeout }, async () => {
  const { mine, root, f } = await pair();
  const found = await mine.ask(1, "lookup", { parent: root, name: bytes("f") });
  assert.equal(found.leased, true);
  const absent = await mine.ask(2, "lookup", { parent: root, name: bytes("nothing") });
  assert.deepEqual([absent.error?.code, absent.leased], ["ENOENT", true]);
  const made = await mine.ask(3, "mkdir", { parent: root, name: bytes("d"), mode: 0o755 });
  assert.equal(made.leased, true);
  assert.deepEqual(
    made.after?.map(({ node }) => node),
    [root],
  );
  const opened = await mine.ask(4, "open", { node: f, flags: O_RDWR, handle: 1 });
  assert.deepEqual([opened.leased, opened.after?.[0]?.node], [true, f]);
  const denied = await mine.ask(5, "unlink", { parent: root, name: bytes("nothing") });
  assert.deepEqual([denied.error?.code, denied.leased], ["ENOENT", false]);
});

test("a recall goes out on the control lane, and the answer on it lets the change go on", { timeout }, async () => {
  const { mine, theirs, session, f } = await pair();
  const bulk = new Lane();
  session.openLane(1, "bulk", bulk.server);
  await mine.ask(1, "getattr", { node: f });
  theirs.send(1, "setattr", { node: f, mode: 0o600 });
  await mine.until(1, mine.recalls);
  assert.deepEqual(mine.recalls, [{ id: 1, node: f }]);
  assert.deepEqual([bulk.recalls, theirs.replies], [[], []]);
  mine.events?.recalled(1);
  await theirs.until(1);
  assert.equal(theirs.replies[0]?.error, undefined);
});

test("a client that attaches holds nothing and is waited for no more", { timeout }, async () => {
  const { mine, theirs, connect: comeBack, f } = await pair();
  await mine.ask(1, "getattr", { node: f });
  theirs.send(1, "setattr", { node: f, mode: 0o600 });
  await mine.until(1, mine.recalls);
  const back = comeBack();
  await theirs.until(1);
  assert.equal((await theirs.ask(2, "setattr", { node: f, mode: 0o644 })).error, undefined);
  assert.deepEqual(back.recalls, []);
  // Of the lane before.
  assert.equal((await back.ask(2, "getattr", { node: f })).leased, true);
  mine.events?.recalled(99);
  theirs.send(3, "setattr", { node: f, mode: 0o600 });
  await back.until(1, back.recalls);
  assert.deepEqual(
    back.recalls.map(({ node }) => node),
    [f],
  );
});

test("without a control lane nothing is leased, for nothing could be recalled", { timeout }, async () => {
  const { session, f } = await pair();
  const bulk = new Lane();
  session.openLane(session.attach(), "bulk", bulk.server);
  assert.equal((await bulk.ask(1, "getattr", { node: f })).leased, false);
});

test("an answer that is given again is not leased", { timeout }, async () => {
  const { mine, connect: comeBack, root } = await pair();
  const mkdir = { parent: root, name: bytes("d"), mode: 0o755 };
  const first = await mine.ask(1, "mkdir", mkdir);
  assert.equal(first.leased, true);
  const again = await comeBack().ask(1, "mkdir", mkdir);
  assert.deepEqual(again, { ...first, leased: false, after: [] });
});

test("an answer from the journal of an earlier life is not leased: it tells what was true then", {
  timeout,
}, async () => {
  const { mine, session, other, root, data } = await pair();
  const mkdir = { parent: root, name: bytes("d"), mode: 0o755 };
  const first = await mine.ask(1, "mkdir", mkdir);
  fs.renameSync(join(data, "d"), join(data, "moved"));
  session.believesNothing();
  const revived = connect(other("01"));
  const again = await revived.ask(1, "mkdir", mkdir);
  assert.equal((again.body as Entry).node, (first.body as Entry).node);
  assert.deepEqual([again.leased, again.after], [false, []]);
  assert.equal((await revived.ask(2, "mkdir", mkdir)).leased, true);
});

for (const operation of ["write", "setattr"] as const) {
  test(`${operation} by a handle is a change of the handle's file, whatever node is named`, { timeout }, async () => {
    const { mine, theirs, node, f } = await pair();
    const g = await node("g");
    await mine.ask(1, "getattr", { node: f });
    await mine.ask(2, "getattr", { node: g });
    await theirs.ask(1, "open", { node: f, flags: O_RDWR, handle: 1 });
    const body = { node: g, handle: 1, offset: 0n, data: bytes("text"), mode: 0o600 };
    theirs.send(2, operation, body);
    await mine.until(1, mine.recalls);
    assert.deepEqual(mine.recalls, [{ id: 1, node: f }]);
    assert.equal(theirs.replies.length, 1);
    mine.events?.recalled(1);
    await theirs.until(2);
  });
}

test("a handle that is another file by now is not written through", { timeout }, async () => {
  const { mine, theirs, node, f, data } = await pair();
  const g = await node("g");
  await mine.ask(1, "getattr", { node: f });
  await theirs.ask(1, "open", { node: f, flags: O_RDWR, handle: 1 });
  theirs.send(2, "write", { node: f, handle: 1, offset: 0n, data: bytes("text") });
  await mine.until(1, mine.recalls);
  await theirs.ask(3, "release", { node: f, handle: 1 });
  await theirs.ask(4, "open", { node: g, flags: O_RDWR, handle: 1 });
  mine.events?.recalled(1);
  await theirs.until(4);
  assert.deepEqual([theirs.replies[3]?.id, theirs.replies[3]?.error?.code], [2, "EBADF"]);
  // Nor one that is opened only now, as a node that it is not.
  theirs.send(5, "open", { node: f, flags: O_RDWR, handle: 2 });
  theirs.send(6, "write", { node: g, handle: 2, offset: 0n, data: bytes("text") });
  await theirs.until(6);
  assert.equal(theirs.replies.find(({ id }) => id === 6)?.error?.code, "EBADF");
  for (const name of ["f", "g"]) assert.equal(fs.readFileSync(join(data, name), "utf8"), name);
});

test("a copy goes to the client's own handle, and is a change of that handle's file", { timeout }, async () => {
  const { mine, theirs, node, f, data } = await pair();
  const g = await node("g");
  // The file system's first handle. Nobody else can copy to it, by whatever number.
  await mine.ask(1, "open", { node: f, flags: O_RDWR, handle: 1 });
  await theirs.ask(1, "open", { node: g, flags: O_RDONLY, handle: 8 });
  const copy = { node: g, handle: 8, offset: 0n, newNode: f, newOffset: 1n, length: 1n };
  theirs.send(2, "copyFileRange", { ...copy, newHandle: 1 });
  await mine.until(1, mine.recalls);
  mine.events?.recalled(1);
  await theirs.until(2);
  assert.equal(theirs.replies.at(-1)?.error?.code, "EBADF");
  await theirs.ask(3, "open", { node: f, flags: O_WRONLY, handle: 9 });
  await mine.ask(2, "getattr", { node: f });
  theirs.send(4, "copyFileRange", { ...copy, newNode: g, newHandle: 9 });
  await mine.until(2, mine.recalls);
  assert.deepEqual(mine.recalls.at(-1), { id: 2, node: f });
  mine.events?.recalled(2);
  await theirs.until(4);
  assert.deepEqual(theirs.replies.at(-1)?.body, { size: 1 });
  assert.deepEqual(
    ["f", "g"].map((name) => fs.readFileSync(join(data, name), "utf8")),
    ["fg", "g"],
  );
});

test("the end of a session is not the end of what its client believes, until it says so", { timeout }, async () => {
  const { mine, theirs, session, f } = await pair();
  await mine.ask(1, "getattr", { node: f });
  await session.end(true);
  theirs.send(1, "setattr", { node: f, mode: 0o600 });
  const until = theirs.until(1);
  assert.equal(await isSettled(until), false);
  session.believesNothing();
  await until;
});

test("while a session finishes, its client's answers are heard", { timeout }, async () => {
  const { mine, theirs, session, f } = await pair();
  await mine.ask(1, "getattr", { node: f });
  theirs.send(1, "setattr", { node: f, mode: 0o600 });
  await mine.until(1, mine.recalls);
  await session.finish();
  mine.events?.recalled(1);
  await theirs.until(1);
});

/** Writes a file whose access time is left alone by a read. */
function writeCalm(path: string, data: string | Buffer): void {
  fs.writeFileSync(path, data);
  fs.utimesSync(path, Date.now() / 1000 + 60, 1_000);
}

const contentOf = ({ body }: WireReply): string | undefined => {
  const { content } = body as { content?: Uint8Array };
  return content === undefined ? undefined : Buffer.from(content).toString("latin1");
};

test("the answer to an open for reading carries a small file's content, and a later open what it is then", {
  timeout,
}, async () => {
  const { mine, data, f } = await pair();
  const open = (handle: number) => mine.ask(handle, "open", { node: f, flags: O_RDONLY, handle });
  writeCalm(join(data, "f"), "text");
  const opened = await open(1);
  assert.deepEqual([opened.leased, contentOf(opened), opened.after?.[0]?.attr.size], [true, "text", 4n]);
  for (const size of [1, limits.openContentBytesMax]) {
    writeCalm(join(data, "f"), Buffer.alloc(size, "x"));
    assert.equal(contentOf(await open(size + 1)), "x".repeat(size));
  }
});

test("an open carries no content of what is empty, large, to be written, or would show that it was read", {
  timeout,
}, async () => {
  const { mine, data, f, node } = await pair();
  let id = 0;
  const open = async (flags = O_RDONLY): Promise<string | undefined> => {
    id++;
    const reply = await mine.ask(id, "open", { node: f, flags, handle: id });
    assert.deepEqual([reply.error, reply.leased], [undefined, true]);
    return contentOf(reply);
  };
  writeCalm(join(data, "f"), "text");
  assert.equal(await open(), "text");
  for (const flags of [O_RDWR, O_WRONLY]) assert.equal(await open(flags), undefined);
  for (const size of [0, limits.openContentBytesMax + 1]) {
    writeCalm(join(data, "f"), Buffer.alloc(size));
    assert.equal(await open(), undefined, `${size} bytes`);
  }
  fs.writeFileSync(join(data, "f"), "text");
  fs.utimesSync(join(data, "f"), 1_000, 1_000);
  assert.equal(await open(), undefined, "the access time is older than the change");
  assert.equal(fs.statSync(join(data, "f")).atimeMs, 1_000_000);
  writeCalm(join(data, "g"), "text");
  assert.equal(contentOf(await mine.ask(98, "open", { node: await node("g"), flags: O_TRUNC, handle: 98 })), undefined);
});

test("where every read moves the access time, or nothing is leased, an open carries no content", {
  timeout,
}, async () => {
  for (const terms of [{ strictAtime: true }, { mayLease: false }]) {
    const { mine, data, f } = await pair(undefined, terms);
    writeCalm(join(data, "f"), "text");
    const opened = await mine.ask(1, "open", { node: f, flags: O_RDONLY, handle: 1 });
    assert.deepEqual([opened.error, contentOf(opened)], [undefined, undefined]);
  }
  writeCalm(join(scene.data, "f"), "text");
  const node = await scene.node("f");
  assert.equal(contentOf(await scene.connect().ask(1, "open", { node, flags: O_RDONLY, handle: 1 })), undefined);
});

test("an open whose content can't be read, or is shorter by then, is answered without it", { timeout }, async () => {
  let read = async (): Promise<object> => ({ data: bytes("tex") });
  const { mine, data, f } = await pair((next) =>
    mapOperations(next, (name, operation) => (name === "read" ? read : operation)),
  );
  writeCalm(join(data, "f"), "text");
  const open = (handle: number) => mine.ask(handle, "open", { node: f, flags: O_RDONLY, handle });
  for (const handle of [1, 2]) {
    const opened = await open(handle);
    assert.deepEqual([opened.error, opened.leased, contentOf(opened)], [undefined, true, undefined]);
    read = async () => Promise.reject(new FsError("EIO"));
  }
});

test("who changes a file while its content is read for an open takes back first what the open tells", {
  timeout,
}, async () => {
  const blocked = gate();
  const { mine, theirs, data, f } = await pair(blocked.around);
  writeCalm(join(data, "f"), "text");
  mine.send(1, "open", { node: f, flags: O_RDONLY, handle: 1 });
  while (blocked.runs === 0) await new Promise((resolve) => setImmediate(resolve));
  theirs.send(1, "setattr", { node: f, size: 1n });
  await mine.until(1, mine.recalls);
  assert.deepEqual([mine.replies, theirs.replies], [[], []]);
  blocked.open();
  await mine.until(1);
  assert.equal(contentOf(mine.replies[0] as WireReply), "text");
  mine.events?.recalled(1);
  await theirs.until(1);
  const again = await mine.ask(2, "open", { node: f, flags: O_RDONLY, handle: 2 });
  assert.equal(contentOf(again), "t");
});
