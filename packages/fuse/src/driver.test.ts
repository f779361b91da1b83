import assert from "node:assert/strict";
import { test } from "node:test";
import { memory } from "@kedgefs/conformance";
import type {
  Attr,
  CallContext,
  Entry,
  FileSystem,
  LogFields,
  Logger,
  NodeId,
  OperationName,
  ReaddirReply,
} from "@kedgefs/core";
import { FsError, limits, mapOperations, rootContext, silentLogger } from "@kedgefs/core";
import fc from "fast-check";
import { Driver, type DriverOptions } from "./driver.ts";
import { defaultMountOptions } from "./mount/options.ts";
import { type OpcodeName, opcodeNumbers } from "./protocol/constants.ts";
import { keepBufferBytesMin } from "./protocol/request-frame.ts";
import { RecordingPort } from "./test/recording-port.ts";
import { type HeaderFields, nul, requestBuffer, requestBytes, struct } from "./test/request-bytes.ts";

const EINTR = -4;
const EIO = -5;
const ESTALE = -116;
const ENOENT = -2;
const noReply: readonly string[] = ["FORGET", "BATCH_FORGET", "INTERRUPT", "NOTIFY_REPLY"];

interface Recorded {
  readonly operation: OperationName;
  readonly request: unknown;
}

/** A driver over a file system in memory, whose calls are recorded, with a port that records what it replies. */
async function setup(fileSystem: FileSystem = memory(), options: Partial<DriverOptions> = {}) {
  const port = new RecordingPort();
  /** Nodeids whose attributes the kernel is made to drop; each waits until it is told to go on. */
  const disbelieved: { readonly nodeid: number; goOn(): void }[] = [];
  let epochs = 0;
  const calls: Recorded[] = [];
  const full: boolean[] = [];
  const dropped: number[] = [];
  const logged: string[] = [];
  const log = (message: string, _fields?: LogFields): void => void logged.push(message);
  const logger: Logger = { ...silentLogger, error: log };
  const recorded = mapOperations(fileSystem, (operation, next) => (request, context) => {
    calls.push({ operation, request });
    return next(request, context);
  });
  const driver = new Driver({
    fileSystem: recorded,
    root: (await fileSystem.root(rootContext())).node,
    port,
    dropAttributes: (nodeid) => new Promise((settle) => disbelieved.push({ nodeid, goOn: () => settle(true) })),
    dropNames: async () => {
      epochs++;
      return true;
    },
    dropPages: async (nodeid) => void dropped.push(nodeid),
    full: (isFull) => full.push(isFull),
    options: { ...defaultMountOptions, ...options },
    logger,
  });
  let lastUnique = 0n;
  const send = (opcode: OpcodeName | number, body: Uint8Array, fields: HeaderFields = {}) => {
    lastUnique += 2n;
    const unique = fields.unique ?? lastUnique;
    const bytes = requestBytes(opcode, body, { ...fields, unique });
    const buffer = requestBuffer(bytes);
    return { unique, buffer, kept: driver.receive(buffer, bytes.length) };
  };
  const ask = (opcode: OpcodeName | number, body: Uint8Array, fields: HeaderFields = {}) =>
    port.replyTo(send(opcode, body, fields).unique);
  const sent = (operation: OperationName) => calls.filter((call) => call.operation === operation);
  return { driver, port, full, dropped, disbelieved, epochs: () => epochs, logged, send, ask, sent };
}

const forgetsOf = (calls: readonly Recorded[]) =>
  calls.map((call) => call.request as { node: NodeId; nlookup: number });
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const createBody = (name: string) => struct([32, 0o102], [32, 0o644], [32, 0], [32, 0], nul(name));
const handleOf = (body: Buffer): bigint => body.readBigUInt64LE(128);
const writeBody = (fh: bigint, data: Buffer, offset = 0n, writeFlags = 0) =>
  struct([64, fh], [64, offset], [32, data.length], [32, writeFlags], [64, 0], [32, 0], [32, 0], data);
const readBody = (fh: bigint, size: number) =>
  struct([64, fh], [64, 0], [32, size], [32, 0], [64, 0], [32, 0], [32, 0]);
const releaseBody = (fh: bigint) => struct([64, fh], [32, 0], [32, 0], [64, 0]);

test("a write that takes a part is answered so, and dirty pages are written until all are, or an error is told", async () => {
  const source = memory();
  const roomFor = (end: bigint): FileSystem => ({
    ...mapOperations(source, (_operation, next) => next),
    async write(request, context) {
      if (request.offset >= end) throw new FsError("ENOSPC");
      return source.write({ ...request, data: request.data.subarray(0, 2) }, context);
    },
  });
  for (const [end, error] of [
    [5n, 0],
    [4n, -28],
  ] as const) {
    const { ask, sent } = await setup(roomFor(end));
    const { body } = await ask("CREATE", createBody(`f${end}`));
    const [nodeid, fh] = [body.readBigUInt64LE(0), handleOf(body)];
    const short = await ask("WRITE", writeBody(fh, Buffer.from("12345")), { nodeid });
    assert.equal(short.body.readUInt32LE(0), 2);
    assert.equal(sent("write").length, 1);
    const dirty = await ask("WRITE", writeBody(fh, Buffer.from("12345"), 0n, 1), { nodeid });
    assert.equal(dirty.error, error);
    if (error === 0) assert.equal(dirty.body.readUInt32LE(0), 5);
    assert.equal(sent("write").length, 4);
  }
});

test("a file is created, written, read and found again under one nodeid", async () => {
  const { ask, send } = await setup();
  const created = await ask("CREATE", createBody("file"));
  assert.equal(created.error, 0);
  const nodeid = created.body.readBigUInt64LE(0);
  const fh = handleOf(created.body);
  const written = await ask("WRITE", writeBody(fh, Buffer.from("hello")), { nodeid });
  assert.equal(written.body.readUInt32LE(0), 5);
  assert.equal((await ask("READ", readBody(fh, 4096), { nodeid })).body.toString(), "hello");
  const found = await ask("LOOKUP", nul("file"));
  assert.equal(found.body.readBigUInt64LE(0), nodeid);
  assert.equal(found.body.readBigUInt64LE(48), 5n);
  assert.equal((await ask("RELEASE", releaseBody(fh), { nodeid })).error, 0);
  assert.equal(send("FORGET", struct([64, 2]), { nodeid }).kept, false);
  assert.equal((await ask("GETATTR", struct([32, 0], [32, 0], [64, 0]), { nodeid })).error, ESTALE);
});

test("errors keep their errno, and one without becomes EIO and is logged, ENOSYS too", async () => {
  const source = memory();
  const { ask, logged } = await setup({
    ...source,
    statfs: () => Promise.reject(new Error("a bug")),
    access: () => Promise.reject(Object.assign(new Error("no such call"), { code: "ENOSYS" })),
    readlink: () => {
      throw new FsError("EINVAL");
    },
  });
  assert.equal((await ask("LOOKUP", nul("missing"))).error, ENOENT);
  assert.equal((await ask("READLINK", struct())).error, -22);
  assert.equal(logged.length, 0);
  assert.equal((await ask("STATFS", struct())).error, EIO);
  assert.equal((await ask("ACCESS", struct([32, 4], [32, 0]))).error, EIO);
  assert.equal(logged.length, 2);
});

test("a request that can't be decoded is answered with EIO and logged", async () => {
  const { ask, logged } = await setup();
  assert.equal((await ask("OPEN", struct())).error, EIO);
  assert.equal(logged.length, 1);
});

test("a reply that did not arrive gives its references and its handle back", async () => {
  const { port, ask, send, sent } = await setup();
  port.outcomes.push("gone");
  await ask("CREATE", createBody("file"));
  await turn();
  assert.equal(sent("release").length, 1);
  assert.equal(sent("forget").length, 1);

  port.outcomes.push("gone");
  await ask("OPENDIR", struct([32, 0], [32, 0]));
  await turn();
  assert.equal(sent("releasedir").length, 1);

  const { body } = await ask("LOOKUP", nul("file"));
  port.outcomes.push("gone");
  await ask("LOOKUP", nul("file"));
  await turn();
  assert.equal(sent("forget").length, 1);
  send("FORGET", struct([64, 1]), { nodeid: body.readBigUInt64LE(0) });
  await turn();
  assert.equal(sent("forget").length, 2);
  assert.deepEqual(forgetsOf(sent("forget")).at(-1)?.nlookup, 2);
});

test("a reply that the kernel finds malformed is followed by EIO", async () => {
  const { port, ask } = await setup();
  port.outcomes.push("malformed");
  await ask("LOOKUP", nul("missing"));
  await ask("CREATE", createBody("file"));
  port.outcomes.push("malformed");
  const { unique } = await ask("LOOKUP", nul("file"));
  assert.deepEqual(
    port.replies.filter((reply) => reply.unique === unique).map((reply) => reply.error),
    [0, EIO],
  );
});

test("a listing gives the kernel what fits, counts references to that alone, and forgets the rest", async () => {
  const source = memory();
  let answered = 0;
  const { ask, send, sent } = await setup({
    ...source,
    // More than the kernel asked for.
    readdirplus: async (request, context) => {
      const reply = await source.readdirplus({ ...request, size: request.size * 4 }, context);
      answered = reply.entries.filter((each) => each.entry !== undefined).length;
      return reply;
    },
  });
  for (let index = 0; index < 100; index += 1) {
    const { body } = await ask("CREATE", createBody(`file-${index}`));
    const nodeid = body.readBigUInt64LE(0);
    await ask("RELEASE", releaseBody(handleOf(body)), { nodeid });
    send("FORGET", struct([64, 1]), { nodeid });
  }
  await turn();
  const before = sent("forget").length;
  const opened = await ask("OPENDIR", struct([32, 0], [32, 0]));
  const { body } = await ask("READDIRPLUS", readBody(opened.body.readBigUInt64LE(0), 4096));
  assert.ok(body.length > 0 && body.length <= 4096);
  const nodeids = nodeidsIn(body).filter((nodeid) => nodeid !== 0n);
  await turn();
  const declined = sent("forget").length - before;
  assert.ok(declined > 0);
  assert.equal(declined + nodeids.length, answered);

  send("BATCH_FORGET", struct([32, nodeids.length], [32, 0], ...nodeids.map((id) => struct([64, id], [64, 1]))));
  await turn();
  const forgotten = forgetsOf(sent("forget").slice(before));
  assert.equal(forgotten.length, answered);
  assert.equal(new Set(forgotten.map(({ node }) => node)).size, answered);
  assert.ok(forgotten.every(({ nlookup }) => nlookup === 1));
});

/** The nodeids of a READDIRPLUS reply. */
function nodeidsIn(body: Buffer): readonly bigint[] {
  const nodeids: bigint[] = [];
  for (let at = 0; at < body.length; at += 128 + ((24 + body.readUInt32LE(at + 128 + 16) + 7) & ~7)) {
    nodeids.push(body.readBigUInt64LE(at));
  }
  return nodeids;
}

test("much data keeps the read buffer until the answer, and gives it back once", async () => {
  const { port, ask, send } = await setup();
  const { body } = await ask("CREATE", createBody("file"));
  const nodeid = body.readBigUInt64LE(0);
  const { unique, kept, buffer } = send("WRITE", writeBody(handleOf(body), Buffer.alloc(keepBufferBytesMin)), {
    nodeid,
  });
  assert.equal(kept, true);
  await port.replyTo(unique);
  assert.deepEqual(port.givenBack, [buffer]);
});

test("a read buffer whose data is needed after the answer is given back then", async () => {
  const source = memory();
  const { promise: dataNeeded, resolve } = Promise.withResolvers<void>();
  const write: FileSystem["write"] = async (request, context) => ({
    ...(await source.write(request, context)),
    dataNeeded,
  });
  const { port, ask, send } = await setup({ ...source, write });
  const { body } = await ask("CREATE", createBody("file"));
  const { unique, buffer } = send("WRITE", writeBody(handleOf(body), Buffer.alloc(keepBufferBytesMin)), {
    nodeid: body.readBigUInt64LE(0),
  });
  await port.replyTo(unique);
  await turn();
  assert.deepEqual(port.givenBack, []);
  resolve();
  await turn();
  assert.deepEqual(port.givenBack, [buffer]);
});

/** A file system whose statfs waits until it is told to go on, or until it is aborted. */
function waiting() {
  const contexts: CallContext[] = [];
  const goOn = Promise.withResolvers<void>();
  const source = memory();
  const statfs: FileSystem["statfs"] = async (request, context) => {
    contexts.push(context);
    const aborted = new Promise<never>((_, reject) => {
      context.signal.addEventListener("abort", () => reject(new FsError("EINTR")));
    });
    await Promise.race([goOn.promise, aborted]);
    return source.statfs(request, context);
  };
  return { fileSystem: { ...source, statfs }, contexts, goOn };
}

test("an interrupt of a caller that is gone aborts its call, and one that comes late does nothing", async () => {
  const { fileSystem } = waiting();
  const { driver, port, send } = await setup(fileSystem);
  const { unique } = send("STATFS", struct(), { pid: 4_194_305 });
  assert.deepEqual(
    driver.inFlight().map(({ opcode, pid }) => [opcode, pid]),
    [["STATFS", 4_194_305]],
  );
  send("INTERRUPT", struct([64, unique]), { unique: unique + 1n });
  assert.equal((await port.replyTo(unique)).error, EINTR);
  assert.deepEqual(driver.inFlight(), []);
  send("INTERRUPT", struct([64, unique]), { unique: unique + 1n });
  assert.equal(port.replies.length, 1);
});

test("the end aborts what is in flight, releases what is open and forgets what is known", async () => {
  const { fileSystem, contexts } = waiting();
  const { driver, ask, send, sent } = await setup(fileSystem);
  await ask("CREATE", createBody("file"));
  send("STATFS", struct());
  driver.end();
  await turn();
  assert.equal(contexts[0]?.aborted, true);
  assert.equal(sent("release").length, 1);
  assert.equal(sent("forget").length, 1);
  await assert.rejects(driver.ready, { name: "UserError" });
});

test("past the bound on requests in flight reading stops, and goes on when there is room", async () => {
  const { fileSystem, goOn } = waiting();
  const { driver, full, send } = await setup(fileSystem);
  for (let index = 1; index < limits.clientRequestsHeldMax; index += 1) send("STATFS", struct());
  assert.deepEqual(full, []);
  send("STATFS", struct());
  assert.deepEqual(full, [true]);
  goOn.resolve();
  while (driver.inFlight().length > 0) await turn();
  assert.deepEqual(full, [true, false]);
});

test("pages are dropped before the answer that shows them to be stale", async () => {
  const source = memory();
  let secret = 0;
  const { ask, dropped } = await setup({
    ...source,
    getattr: async (request, context) => {
      const { attr } = await source.getattr(request, context);
      return { attr: { ...attr, ctime: { ...attr.ctime, sec: attr.ctime.sec + secret } } };
    },
  });
  const { body } = await ask("CREATE", createBody("file"));
  const nodeid = body.readBigUInt64LE(0);
  const getattr = struct([32, 0], [32, 0], [64, 0]);
  await ask("GETATTR", getattr, { nodeid });
  assert.deepEqual(dropped, []);
  secret = 1;
  await ask("GETATTR", getattr, { nodeid });
  assert.deepEqual(dropped, [Number(nodeid)]);
});

const getattrBody = struct([32, 0], [32, 0], [64, 0]);
const mkdirBody = (name: string) => struct([32, 0o755], [32, 0], nul(name));
const renameBody = (newParent: bigint, from: string, to: string) => struct([64, newParent], nul(from), nul(to));
/** entry_valid and attr_valid of a fuse_entry_out, milliseconds. */
const entryTimes = (body: Buffer) => [timeAt(body, 16, 32), timeAt(body, 24, 36)] as const;
/** attr_valid of a fuse_attr_out. */
const attrTime = (body: Buffer) => timeAt(body, 0, 8);
const timeAt = (body: Buffer, sec: number, nsec: number) =>
  Number(body.readBigUInt64LE(sec)) * 1000 + body.readUInt32LE(nsec) / 1e6;

/** A file system in memory that grants a lease with each answer while `lease.ms` is more than 0. */
function leasing() {
  const source = memory();
  const lease = { ms: 2_000 };
  const granting = mapOperations(source, (_operation, next) => async (request, context) => {
    const reply = await next(request, context);
    if (lease.ms === 0 || typeof reply !== "object" || reply === null) return reply;
    const leasedUntilMs = performance.now() + lease.ms;
    if ("attr" in reply) return { ...reply, leasedUntilMs };
    if (!("entries" in reply)) return reply;
    const { entries } = reply as ReaddirReply;
    const leased = (entry: Entry | undefined) => entry && { entry: { ...entry, leasedUntilMs } };
    return { ...reply, entries: entries.map((each) => ({ ...each, ...leased(each.entry) })) };
  });
  return { fileSystem: granting, lease };
}

/** A driver whose kernel has epochs. */
async function setupLeasing(options: Partial<DriverOptions> = {}, minor = 44) {
  const { fileSystem, lease } = leasing();
  const parts = await setup(fileSystem, { leasesNames: true, defaultPermissions: true, ...options });
  await parts.ask("INIT", struct([32, 7], [32, minor], [32, 131072], [32, 0]));
  return { ...parts, lease };
}

test("leased names and attributes have a time in the answers that may carry one", async () => {
  const { ask } = await setupLeasing();
  const made = await ask("MKDIR", mkdirBody("d"));
  const nodeid = made.body.readBigUInt64LE(0);
  const [madeName, madeAttr] = entryTimes(made.body);
  assert.ok(madeName > 1_900 && madeName < 2_000);
  assert.equal(madeAttr, 0);
  const [name, attr] = entryTimes((await ask("LOOKUP", nul("d"))).body);
  assert.ok(name > 1_900 && attr > 1_900);
  assert.ok(attrTime((await ask("GETATTR", getattrBody, { nodeid })).body) > 1_900);
  const chmod = struct([32, 1], [32, 0], Buffer.alloc(60), [32, 0o700], Buffer.alloc(16));
  assert.equal(attrTime((await ask("SETATTR", chmod, { nodeid })).body), 0);
});

test("names have none where the kernel has no epochs, or may not be told them, and nothing has any without a lease", async () => {
  for (const parts of [await setupLeasing({}, 43), await setupLeasing({ leasesNames: false })]) {
    await parts.ask("MKDIR", mkdirBody("d"));
    const [name, attr] = entryTimes((await parts.ask("LOOKUP", nul("d"))).body);
    assert.equal(name, 0);
    assert.ok(attr > 1_900);
  }
  const { ask, lease } = await setupLeasing();
  lease.ms = 0;
  await ask("MKDIR", mkdirBody("d"));
  assert.deepEqual(entryTimes((await ask("LOOKUP", nul("d"))).body), [0, 0]);
});

test("an answer that a recall has overtaken carries no time", async () => {
  const { fileSystem } = leasing();
  const answers = Promise.withResolvers<void>();
  const slow: FileSystem = {
    ...fileSystem,
    lookup: async (request, context) => {
      const entry = await fileSystem.lookup(request, context);
      await answers.promise;
      return entry;
    },
  };
  const { driver, port, ask, send } = await setup(slow, { leasesNames: true, defaultPermissions: true });
  await ask("INIT", struct([32, 7], [32, 44], [32, 131072], [32, 0]));
  await ask("MKDIR", mkdirBody("d"));
  const { unique } = send("LOOKUP", nul("d"));
  void driver.recall(undefined);
  answers.resolve();
  assert.deepEqual(entryTimes((await port.replyTo(unique)).body), [0, 0]);
});

/** A listing of the root, in which "d" is: its reply's body and the handle. */
async function listRoot({ ask }: Pick<Awaited<ReturnType<typeof setup>>, "ask">) {
  await ask("MKDIR", mkdirBody("d"));
  const fh = (await ask("OPENDIR", struct([32, 0], [32, 0]))).body.readBigUInt64LE(0);
  const { body } = await ask("READDIRPLUS", readBody(fh, 4096));
  return { body, fh };
}

test("entries of a listing carry the times of their lease, and . and .. lead to no node", async () => {
  const parts = await setupLeasing();
  const { body } = await listRoot(parts);
  const nodeids = nodeidsIn(body);
  assert.deepEqual(
    nodeids.map((nodeid) => nodeid !== 0n),
    [false, false, true],
  );
  const entry = body.subarray(2 * (128 + 32));
  assert.equal(entry.readBigUInt64LE(0), nodeids[2]);
  const [name, attr] = entryTimes(entry);
  assert.ok(name > 1_900 && attr > 1_900);
  const { body: again } = await parts.ask("LOOKUP", nul("d"));
  assert.equal(again.readBigUInt64LE(0), nodeids[2]);
  // One reference each by MKDIR, the listing and LOOKUP.
  parts.send("FORGET", struct([64, 2]), { nodeid: nodeids[2] ?? 0n });
  await turn();
  assert.equal(parts.sent("forget").length, 0);
  parts.send("FORGET", struct([64, 1]), { nodeid: nodeids[2] ?? 0n });
  await turn();
  assert.equal(parts.sent("forget").length, 1);
});

for (const opcode of ["READDIRPLUS", "READDIR", "RELEASEDIR"] as const) {
  test(`a recall waits until a listing on its way is worked in, which ${opcode} shows`, async () => {
    const { driver, ask, disbelieved, epochs, ...rest } = await setupLeasing();
    const { fh } = await listRoot({ ask });
    let recalled = false;
    const all = driver.recall(undefined)?.then(() => {
      recalled = true;
    });
    for (const { goOn } of disbelieved) goOn();
    await turn();
    assert.deepEqual([recalled, epochs()], [false, 1]);
    rest.send(opcode, opcode === "RELEASEDIR" ? releaseBody(fh) : readBody(fh, 4096));
    await all;
    assert.equal(epochs(), 2);
  });
}

test("a recall settles when the kernel has dropped all that it was told", async () => {
  const { driver, ask, disbelieved, epochs } = await setupLeasing();
  await ask("MKDIR", mkdirBody("d"));
  const nodeid = Number((await ask("LOOKUP", nul("d"))).body.readBigUInt64LE(0));
  let recalled = false;
  const all = driver.recall(undefined)?.then(() => {
    recalled = true;
  });
  assert.deepEqual(
    disbelieved.map((each) => each.nodeid),
    [nodeid],
  );
  await turn();
  assert.equal(recalled, false);
  disbelieved[0]?.goOn();
  await all;
  assert.equal(epochs(), 1);
});

test("nothing is told of a file while it is open", async () => {
  const { ask, send } = await setupLeasing();
  const { body } = await ask("CREATE", createBody("file"));
  const nodeid = body.readBigUInt64LE(0);
  assert.equal(attrTime((await ask("GETATTR", getattrBody, { nodeid })).body), 0);
  assert.equal(entryTimes((await ask("LOOKUP", nul("file"))).body)[1], 0);
  await ask("RELEASE", releaseBody(handleOf(body)), { nodeid });
  assert.ok(attrTime((await ask("GETATTR", getattrBody, { nodeid })).body) > 1_900);
  send("FORGET", struct([64, 2]), { nodeid });
});

test("a change of names is answered when the kernel has dropped what it believes of the directory", async () => {
  const { port, ask, send, disbelieved } = await setupLeasing();
  await ask("GETATTR", getattrBody);
  const { unique } = send("MKDIR", mkdirBody("d"));
  while (disbelieved.length === 0) await turn();
  await turn();
  assert.equal(
    port.replies.some((reply) => reply.unique === unique),
    false,
  );
  assert.equal(disbelieved[0]?.nodeid, 1);
  disbelieved[0]?.goOn();
  assert.equal((await port.replyTo(unique)).error, 0);
  await ask("MKDIR", mkdirBody("d2"));
  assert.equal(disbelieved.length, 1);
});

test("a name that is moved to another directory counts up the epoch where there is no lease on that", async () => {
  const { ask, epochs, lease } = await setupLeasing();
  const there = (await ask("MKDIR", mkdirBody("there"))).body.readBigUInt64LE(0);
  await ask("MKDIR", mkdirBody("a"));
  await ask("RENAME", renameBody(1n, "a", "b"));
  await ask("RENAME", renameBody(there, "b", "a"));
  assert.equal(epochs(), 0);
  await ask("MKDIR", mkdirBody("c"));
  lease.ms = 0;
  await ask("RENAME", renameBody(there, "c", "c"));
  assert.ok(epochs() > 0);
});

test("a change of mode counts up the epoch where the kernel doesn't check permission, once names were told", async () => {
  const chmod = struct([32, 1], [32, 0], Buffer.alloc(60), [32, 0o700], Buffer.alloc(16));
  const touch = struct([32, (1 << 5) | (1 << 8)], [32, 0], Buffer.alloc(80));
  for (const [defaultPermissions, expected] of [
    [true, 0],
    [false, 1],
  ] as const) {
    const { ask, epochs } = await setupLeasing({ defaultPermissions });
    await ask("SETATTR", chmod);
    await ask("MKDIR", mkdirBody("d"));
    await ask("SETATTR", touch);
    assert.equal(epochs(), 0);
    await ask("SETATTR", chmod);
    assert.equal(epochs(), expected);
  }
});

test("an open is answered when the kernel has dropped attributes that are not those of now", async () => {
  const { fileSystem } = leasing();
  let grown = 0n;
  const growing = (attr: Attr): Attr => ({ ...attr, size: attr.size + grown });
  const source: FileSystem = {
    ...fileSystem,
    getattr: async (request, context) => {
      const reply = await fileSystem.getattr(request, context);
      return { ...reply, attr: growing(reply.attr) };
    },
  };
  const { port, ask, send, disbelieved } = await setup(source);
  const { body } = await ask("CREATE", createBody("file"));
  const nodeid = body.readBigUInt64LE(0);
  await ask("RELEASE", releaseBody(handleOf(body)), { nodeid });
  await ask("GETATTR", getattrBody, { nodeid });
  const open = struct([32, 0], [32, 0]);
  const opened = await ask("OPEN", open, { nodeid });
  assert.equal(disbelieved.length, 0);
  await ask("RELEASE", releaseBody(opened.body.readBigUInt64LE(0)), { nodeid });
  grown = 1n;
  const { unique } = send("OPEN", open, { nodeid });
  while (disbelieved.length === 0) await turn();
  await turn();
  assert.equal(
    port.replies.some((reply) => reply.unique === unique),
    false,
  );
  disbelieved[0]?.goOn();
  assert.equal((await port.replyTo(unique)).error, 0);
});

test("pages are dropped after a truncation of an open file, which doesn't wait for that", async () => {
  const { ask, dropped } = await setup();
  const { body } = await ask("CREATE", createBody("file"));
  const nodeid = body.readBigUInt64LE(0);
  const truncate = struct([32, 1 << 3], [32, 0], [64, 0], [64, 5], Buffer.alloc(64));
  assert.equal((await ask("SETATTR", truncate, { nodeid })).error, 0);
  while (dropped.length === 0) await turn();
  assert.deepEqual(dropped, [Number(nodeid)]);
});

test("INIT is agreed on, and DESTROY answered", async () => {
  const { driver, ask } = await setup();
  const init = await ask("INIT", struct([32, 7], [32, 31], [32, 131072], [32, 0]));
  assert.equal(init.error, 0);
  assert.equal(init.body.length, 64);
  await driver.ready;
  assert.equal((await ask("DESTROY", struct())).error, 0);
});

test("a kernel that is too old is refused with a reason", async () => {
  const { driver, ask } = await setup();
  assert.equal((await ask("INIT", struct([32, 7], [32, 22], [32, 131072], [32, 0]))).error, -71);
  await assert.rejects(driver.ready, { name: "UserError", message: /7\.22/ });
});

test("whatever bytes come, the driver lives and every request is answered once", async () => {
  const { driver, port, send } = await setup();
  // Some nodes and handles for the bytes to hit.
  for (const name of ["a", "b", "c"]) await port.replyTo(send("CREATE", createBody(name)).unique);
  await port.replyTo(send("MKDIR", struct([32, 0o755], [32, 0], nul("d"))).unique);
  await port.replyTo(send("OPENDIR", struct([32, 0], [32, 0])).unique);

  const names = Object.keys(opcodeNumbers) as OpcodeName[];
  const word = fc.oneof(
    fc.integer({ min: 0, max: 8 }).map((value) => struct([64, value])),
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((value) => struct([64, value])),
    fc.constantFrom(nul("a"), nul("d"), nul(".."), nul("x/y"), Buffer.alloc(0)),
    fc.uint8Array({ maxLength: 300 }),
  );
  const body = fc.array(word, { maxLength: 14 }).map((parts) => Buffer.concat(parts));
  const opcode = fc.oneof(fc.constantFrom(...names), fc.integer({ min: 0, max: 70 }));
  const uint = fc.integer({ min: 0, max: 0xffff_ffff });
  const header = fc.record({
    nodeid: fc.oneof(fc.bigInt({ min: 0n, max: 6n }), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
    uid: uint,
    gid: uint,
  });
  await fc.assert(
    fc.asyncProperty(opcode, body, header, async (opcode, body, fields) => {
      const { unique } = send(opcode, body, fields);
      const name = names.find((each) => each === opcode || opcodeNumbers[each] === opcode) ?? "";
      while (driver.inFlight().length > 0) await turn();
      const count = port.replies.filter((reply) => reply.unique === unique).length;
      port.replies.length = 0;
      // FORGET and the like get no reply, unless they make no sense at all.
      if (noReply.includes(name)) assert.ok(count <= 1);
      else assert.equal(count, 1, `${opcode}`);
    }),
    { numRuns: 3000 },
  );
});

test("bytes that are no request are logged and nothing else", async () => {
  const { driver, port, logged } = await setup();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 39 }), (bytes) => {
      assert.equal(driver.receive(requestBuffer(bytes), bytes.length), false);
    }),
  );
  const lying = requestBytes("STATFS", struct());
  assert.equal(driver.receive(requestBuffer(lying), lying.length + 1), false);
  assert.equal(port.replies.length, 0);
  assert.ok(logged.length > 0);
});
