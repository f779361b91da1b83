import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Attr,
  CallContext,
  type Caller,
  type Entry,
  FsError,
  type HandleId,
  type NodeId,
  O_CREAT,
  O_RDWR,
  O_TRUNC,
  type OperationName,
  type RequestOf,
  rootCaller,
} from "@kedgefs/core";
import type { WireOperation } from "@kedgefs/rpc";
import { type Answer, bodyOf } from "../ask.ts";
import { LeaseCache } from "./lease-cache.ts";
import { leased } from "./leased.ts";

const bytes = (text: string): Buffer => Buffer.from(text);
const nodeOf = (text: string): NodeId => text as NodeId;
const [dir, file, other] = ["dir", "file", "other"].map(nodeOf) as [NodeId, NodeId, NodeId];
const f = { parent: dir, name: bytes("f") };
const g = { parent: dir, name: bytes("g") };

/** Attributes that no read changes any more (relatime), told apart by their size. */
function attr(size: number, fields: Partial<Attr> = {}): Attr {
  const past = { sec: 1_000, nsec: 0 };
  return {
    ...{ ino: 1n, mode: 0o100644, nlink: 1, uid: 0, gid: 0, rdev: 0, size: BigInt(size), blocks: 0n, blksize: 4096 },
    ...{ mtime: past, ctime: past, btime: past, atime: { sec: Math.floor(Date.now() / 1000), nsec: 0 } },
    ...fields,
  };
}
const entry = (node: NodeId, size: number, fields: Partial<Attr> = {}): Entry => ({ node, attr: attr(size, fields) });

type LeasedOperation = Exclude<OperationName, "forget" | "root">;

interface Asked {
  readonly operation: WireOperation;
  readonly request: object;
  /** Answers it under a lease. */
  answer(body: object, more?: Partial<Answer>): void;
  fail(error: FsError, leased?: boolean): void;
}

/** A server that is asked, and answers when and what the test says. */
function begin({ leaseMs = 60_000, strictAtime = false } = {}) {
  const terms = { leaseMs, strictAtime };
  const cache = new LeaseCache(() => terms);
  const waiting: Asked[] = [];
  const ask = leased(
    (operation, request) =>
      new Promise((resolve) => {
        waiting.push({
          operation,
          request,
          answer: (body, more) => resolve({ body, leased: true, after: [], ...more }),
          fail: (error, isLeased = false) => resolve({ error, body: undefined, leased: isLeased, after: [] }),
        });
      }),
    cache,
  );
  const call = <Op extends LeasedOperation>(
    operation: Op,
    request: Omit<RequestOf<Op>, "handle">,
    caller: Caller = rootCaller,
  ): Promise<Answer> => ask(operation, request, new CallContext(caller));
  /** What the server is asked by a call; throws where the answer came from memory. */
  const asking = <Op extends LeasedOperation>(operation: Op, request: Omit<RequestOf<Op>, "handle">): Sent => {
    const before = waiting.length;
    const answered = call(operation, request);
    const asked = waiting[before];
    assert.ok(asked !== undefined, `${operation} was answered from memory`);
    return { ...asked, answered };
  };
  /** Asks and answers at once. */
  const learn = async <Op extends LeasedOperation>(
    operation: Op,
    request: Omit<RequestOf<Op>, "handle">,
    body: object,
    more?: Partial<Answer>,
  ): Promise<Answer> => {
    const { answer, answered } = asking(operation, request);
    answer(body, more);
    return await answered;
  };
  /** What a call is answered from memory; undefined where the server is asked, which never answers it. */
  const remembered = async <Op extends LeasedOperation>(
    operation: Op,
    request: Omit<RequestOf<Op>, "handle">,
    caller: Caller = rootCaller,
  ): Promise<Answer | undefined> => {
    const before = waiting.length;
    const answered = call(operation, request, caller);
    return waiting.length > before ? undefined : await answered;
  };
  const sizeOf = async (node: NodeId): Promise<number | undefined> => {
    const body = (await remembered("getattr", { node }))?.body as { attr: Attr } | undefined;
    return body === undefined ? undefined : Number(body.attr.size);
  };
  const leadsTo = async (place: typeof f, caller?: Caller): Promise<NodeId | "absent" | undefined> => {
    const answer = await remembered("lookup", place, caller);
    if (answer?.error !== undefined) return answer.error.code === "ENOENT" ? "absent" : undefined;
    return (answer?.body as Entry | undefined)?.node;
  };
  const learnAbsent = async (place: typeof f): Promise<void> => {
    const { fail, answered } = asking("lookup", place);
    fail(new FsError("ENOENT"), true);
    await answered;
  };
  return { terms, cache, waiting, ask, call, asking, learn, remembered, sizeOf, leadsTo, learnAbsent };
}

interface Sent extends Asked {
  readonly answered: Promise<Answer>;
}

test("what was told under a lease is answered from memory, with the time that it lasts", async () => {
  const { learn, remembered, sizeOf, leadsTo, waiting } = begin({ leaseMs: 5_000 });
  const askedMs = performance.now();
  await learn("lookup", f, entry(file, 5));
  assert.equal(await leadsTo(f), file);
  assert.equal(await sizeOf(file), 5);
  assert.equal(waiting.length, 1);
  const { leasedUntilMs } = bodyOf((await remembered("lookup", f)) as Answer) as Entry;
  assert.ok(leasedUntilMs !== undefined && leasedUntilMs >= askedMs + 5_000);
  assert.ok(leasedUntilMs <= performance.now() + 5_000);
});

test("that a file has no attribute of a name is said to who may read it", async () => {
  const [owner, member, stranger]: Caller[] = [
    { uid: 7, gid: 7, groups: [], pid: 0 },
    { uid: 8, gid: 8, groups: [9], pid: 0 },
    { uid: 8, gid: 8, groups: [], pid: 0 },
  ];
  for (const [mode, expected] of [
    [0o400, ["ENODATA", undefined, undefined]],
    [0o040, [undefined, "ENODATA", undefined]],
    [0o004, [undefined, undefined, "ENODATA"]],
  ] as const) {
    const { learn, remembered } = begin();
    const codeFor = async (caller: Caller | undefined, name: string) =>
      (await remembered("getxattr", { node: file, name: bytes(name) }, caller))?.error?.code;
    const fields = { mode: 0o100000 | mode, uid: 7, gid: 9, noXattrs: true };
    await learn("lookup", f, entry(file, mode, fields));
    const told = [];
    for (const caller of [owner, member, stranger]) {
      told.push(await codeFor(caller, "user.x"));
      assert.equal(await codeFor(caller, "security.x"), "ENODATA");
    }
    assert.deepEqual(told, expected);
  }
});

test("what was told without a lease is asked again", async () => {
  const { learn, sizeOf, leadsTo } = begin();
  await learn("lookup", f, entry(file, 5), { leased: false });
  assert.equal(await leadsTo(f), undefined);
  assert.equal(await sizeOf(file), undefined);
});

test("a name that leads nowhere is remembered, any other failure is not", async () => {
  const { asking, leadsTo, learnAbsent } = begin();
  await learnAbsent(f);
  assert.equal(await leadsTo(f), "absent");
  for (const code of ["EACCES", "ESTALE", "ENOTDIR"] as const) {
    const { fail, answered } = asking("lookup", g);
    fail(new FsError(code), true);
    assert.equal((await answered).error?.code, code);
    assert.equal(await leadsTo(g), undefined, code);
  }
  const { fail, answered } = asking("mkdir", { ...g, mode: 0o755 });
  fail(new FsError("ENOENT"), true);
  await answered;
  assert.equal(await leadsTo(g), undefined, "not what a mkdir failed with");
});

test("a lease ends when its time is up, counted from when it was asked for", async (t) => {
  let nowMs = 1_000;
  t.mock.method(performance, "now", () => nowMs);
  const { asking, sizeOf, leadsTo } = begin({ leaseMs: 100 });
  const { answer, answered } = asking("lookup", f);
  nowMs += 60;
  answer(entry(file, 5));
  await answered;
  nowMs += 39;
  assert.equal(await leadsTo(f), file);
  nowMs += 1;
  assert.equal(await leadsTo(f), undefined);
  assert.equal(await sizeOf(file), undefined);
});

test("an answer that comes after its lease has ended is given, and not believed", async (t) => {
  let nowMs = 1_000;
  t.mock.method(performance, "now", () => nowMs);
  const { asking, sizeOf } = begin({ leaseMs: 100 });
  const { answer, answered } = asking("getattr", { node: file });
  nowMs += 100;
  answer({ attr: attr(5) });
  const { attr: told, leasedUntilMs } = (await answered).body as { attr: Attr; leasedUntilMs?: number };
  assert.equal(told.size, 5n);
  assert.equal(leasedUntilMs, undefined);
  assert.equal(await sizeOf(file), undefined);
});

test("a recall takes back a node's attributes and the names in it, and nothing else", async () => {
  const { cache, learn, sizeOf, leadsTo } = begin();
  const inOther = { parent: other, name: bytes("x") };
  await learn("getattr", { node: dir }, { attr: attr(1) });
  await learn("lookup", f, entry(file, 5));
  await learn("lookup", inOther, entry(nodeOf("x"), 6));
  cache.recalled(dir);
  assert.equal(await sizeOf(dir), undefined);
  assert.equal(await leadsTo(f), undefined);
  assert.equal(await sizeOf(file), 5);
  assert.equal(await leadsTo(inOther), "x");
  cache.recalled(undefined);
  assert.equal(await sizeOf(file), undefined);
  assert.equal(await leadsTo(inOther), undefined);
});

test("an answer that was under way at a recall is given, and not believed", async () => {
  for (const recalled of [dir, file, undefined]) {
    const { cache, asking, sizeOf, leadsTo } = begin();
    const { answer, answered } = asking("lookup", f);
    cache.recalled(recalled);
    answer(entry(file, 5));
    const found = (await answered).body as Entry;
    assert.equal(found.attr.size, 5n);
    assert.equal(found.leasedUntilMs, undefined);
    assert.equal(await leadsTo(f), undefined);
    assert.equal(await sizeOf(file), recalled === dir ? 5 : undefined);
  }
});

test("a name is looked up again for a caller with other rights, attributes are for everybody", async () => {
  const { learn, leadsTo, sizeOf } = begin();
  await learn("lookup", f, entry(file, 5));
  for (const caller of [
    { ...rootCaller, uid: 7 },
    { ...rootCaller, gid: 7 },
    { ...rootCaller, groups: [7] },
  ]) {
    assert.equal(await leadsTo(f, caller), undefined);
  }
  assert.equal(await leadsTo(f, { ...rootCaller, pid: 7 }), file);
  assert.equal(await sizeOf(file), 5);
});

test("a name whose node is not known any more is looked up again", async () => {
  const { cache, learn, leadsTo } = begin();
  await learn("lookup", f, entry(file, 5));
  cache.recalled(file);
  assert.equal(await leadsTo(f), undefined);
  await learn("getattr", { node: file }, { attr: attr(6) });
  assert.equal(await leadsTo(f), file);
});

test("what an own change concerns is neither believed nor learnt while it is under way, and not believed after it", async () => {
  const { asking, learn, sizeOf } = begin();
  await learn("getattr", { node: file }, { attr: attr(5) });
  await learn("getattr", { node: other }, { attr: attr(7) });
  const earlier = asking("getattr", { node: dir });
  const write = asking("write", { node: file, offset: 0n, data: bytes("x") });
  const before = asking("getattr", { node: file });
  const during = asking("getattr", { node: file });
  before.answer({ attr: attr(5) });
  await before.answered;
  assert.equal(await sizeOf(file), undefined);
  write.answer({ size: 1 });
  await write.answered;
  assert.equal(await sizeOf(file), undefined);
  during.answer({ attr: attr(5) });
  await during.answered;
  assert.equal(await sizeOf(file), undefined, "it may have been answered before the write was made");
  earlier.answer({ attr: attr(1) });
  await earlier.answered;
  assert.equal(await sizeOf(dir), 1);
  assert.equal(await sizeOf(other), 7);
  await learn("getattr", { node: file }, { attr: attr(6) });
  assert.equal(await sizeOf(file), 6);
});

test("an own change that failed, or was given up, may have been made", async () => {
  const { asking, cache, learn, sizeOf } = begin();
  await learn("getattr", { node: file }, { attr: attr(5) });
  const setattr = asking("setattr", { node: file, size: 1n });
  setattr.fail(new FsError("EIO"));
  await setattr.answered;
  assert.equal(await sizeOf(file), undefined);

  await learn("getattr", { node: other }, { attr: attr(5) });
  const gone = leased(() => Promise.reject(new FsError("EINTR")), cache);
  const open = gone("open", { node: other, flags: O_RDWR | O_TRUNC }, new CallContext(rootCaller));
  await assert.rejects(open, { code: "EINTR" });
  assert.equal(await sizeOf(other), undefined);
});

test("what an own change tells of itself is believed, if nothing else changed it meanwhile", async () => {
  const { asking, cache, learn, sizeOf, leadsTo } = begin();
  await learn("create", { ...f, mode: 0o644, flags: O_RDWR | O_CREAT }, entry(file, 0), { after: [entry(dir, 2)] });
  assert.equal(await leadsTo(f), file);
  assert.equal(await sizeOf(dir), 2);

  const one = asking("setattr", { node: file, size: 1n });
  const two = asking("setattr", { node: file, size: 2n });
  one.answer({ attr: attr(1) });
  await one.answered;
  assert.equal(await sizeOf(file), undefined, "the other is under way");
  two.answer({ attr: attr(2) });
  await two.answered;
  assert.equal(await sizeOf(file), undefined, "which of them came last, nobody here knows");

  const three = asking("setattr", { node: file, size: 3n });
  cache.recalled(file);
  three.answer({ attr: attr(3) });
  await three.answered;
  assert.equal(await sizeOf(file), undefined, "recalled since it was asked");
  await learn("setattr", { node: file, size: 4n }, { attr: attr(4) });
  assert.equal(await sizeOf(file), 4);
});

const makers = {
  mkdir: { ...f, mode: 0o755 },
  mknod: { ...f, mode: 0o010644, rdev: 0 },
  symlink: { ...f, target: bytes("t") },
  link: { node: file, newParent: dir, newName: f.name },
  create: { ...f, mode: 0o644, flags: O_RDWR | O_CREAT },
} as const;
for (const operation of Object.keys(makers) as (keyof typeof makers)[]) {
  test(`a name that ${operation} makes is not believed to lead nowhere any more, whatever is answered`, async () => {
    const { asking, learnAbsent, leadsTo } = begin();
    await learnAbsent(f);
    const making = asking(operation, makers[operation] as never);
    assert.equal(await leadsTo(f), undefined, "it may be there by now");
    making.answer(entry(file, 0), { leased: false });
    await making.answered;
    assert.equal(await leadsTo(f), undefined);
  });
}

test("a name that was made leads where its answer says", async () => {
  const { learn, learnAbsent, leadsTo } = begin();
  await learnAbsent(f);
  const { body } = await learn("mkdir", { ...f, mode: 0o755 }, entry(file, 0));
  assert.ok((body as Entry).leasedUntilMs !== undefined);
  assert.equal(await leadsTo(f), file);
});

test("an unlink and a rename change what the names led to", async () => {
  const { asking, learn, sizeOf, leadsTo } = begin();
  await learn("lookup", f, entry(file, 5));
  await learn("lookup", g, entry(other, 7));
  const unlink = asking("unlink", f);
  assert.equal(await sizeOf(file), undefined, "its count of links is changing");
  assert.equal(await sizeOf(other), 7);
  unlink.answer({});
  await unlink.answered;
  assert.equal(await leadsTo(f), undefined);

  await learn("lookup", f, entry(file, 5));
  const rename = asking("rename", { ...f, newParent: dir, newName: g.name, flags: 0 });
  assert.equal(await sizeOf(file), undefined);
  assert.equal(await sizeOf(other), undefined);
  rename.answer({});
  await rename.answered;
  assert.equal(await leadsTo(f), undefined);
  assert.equal(await leadsTo(g), undefined);
});

type Scene = ReturnType<typeof begin>;

/** Ways not to know where a name leads. What they return ends what is under way in them. */
const doubts: Readonly<Record<string, (scene: Scene) => Promise<(() => Promise<unknown>) | undefined>>> = {
  "was never looked up": async () => undefined,
  "was looked up before its directory was recalled": async ({ learn, cache }) => {
    await learn("lookup", f, entry(file, 5));
    cache.recalled(dir);
    return undefined;
  },
  "led nowhere before its directory was recalled": async ({ learnAbsent, cache }) => {
    await learnAbsent(f);
    cache.recalled(dir);
    return undefined;
  },
  "is being renamed onto": async ({ learn, asking }) => {
    await learn("lookup", f, entry(file, 5));
    await learn("lookup", g, entry(nodeOf("third"), 5));
    const { answer, answered } = asking("rename", { ...g, newParent: dir, newName: f.name, flags: 0 });
    return () => {
      answer({});
      return answered;
    };
  },
};
for (const [doubt, bring] of Object.entries(doubts)) {
  test(`when a name is removed that ${doubt}, no node's attributes are believed or learnt until it is over`, async () => {
    const scene = begin();
    const { asking, learn, sizeOf } = scene;
    const end = await bring(scene);
    await learn("getattr", { node: other }, { attr: attr(7) });
    const unlink = asking("unlink", f);
    assert.equal(await sizeOf(other), undefined, "it may be what is removed");
    const during = asking("getattr", { node: other });
    during.answer({ attr: attr(7) });
    await during.answered;
    assert.equal(await sizeOf(other), undefined);
    unlink.answer({}, { after: [entry(dir, 1)] });
    await unlink.answered;
    await end?.();
    assert.equal(await sizeOf(other), undefined);
    await learn("getattr", { node: other }, { attr: attr(8) });
    assert.equal(await sizeOf(other), 8);
  });
}

/** Ways for a name to lead elsewhere than it did when its removal was asked for. */
const turns: Readonly<Record<string, (scene: Scene) => void | Promise<void>>> = {
  "another client changed its directory": ({ cache }) => cache.recalled(dir),
  "the server was away": ({ cache }) => cache.recalled(undefined),
  "an own rename put another file there": async ({ learn }) => {
    await learn("rename", { ...g, newParent: dir, newName: f.name, flags: 0 }, {});
  },
};
for (const [turn, happen] of Object.entries(turns)) {
  test(`when ${turn} while a name is being removed, it is another node's perhaps`, async () => {
    const scene = begin();
    const { asking, learn, sizeOf } = scene;
    await learn("lookup", f, entry(file, 5));
    await learn("lookup", g, entry(nodeOf("third"), 5));
    const unlink = asking("unlink", f);
    await happen(scene);
    const during = asking("getattr", { node: other });
    during.answer({ attr: attr(7) });
    await during.answered;
    assert.equal(await sizeOf(other), undefined);
    unlink.answer({});
    await unlink.answered;
    assert.equal(await sizeOf(other), undefined);
  });
}

test("a removal that outlasts the lease of its name may have met another node", async (t) => {
  let nowMs = 1_000;
  t.mock.method(performance, "now", () => nowMs);
  const { asking, learn, sizeOf } = begin({ leaseMs: 100 });
  await learn("lookup", f, entry(file, 5));
  const unlink = asking("unlink", f);
  nowMs += 100;
  const during = asking("getattr", { node: other });
  during.answer({ attr: attr(7) });
  await during.answered;
  assert.equal(await sizeOf(other), undefined);
  unlink.answer({});
  await unlink.answered;
  assert.equal(await sizeOf(other), undefined);
});

test("a create that truncates what it finds, and did not know of, changes its attributes", async () => {
  const { asking, learn, sizeOf } = begin();
  await learn("getattr", { node: file }, { attr: attr(5) });
  const create = asking("create", { ...f, mode: 0o644, flags: O_RDWR | O_CREAT | O_TRUNC });
  assert.equal(await sizeOf(file), undefined, "it may be empty by now");
  create.answer(entry(file, 0), { leased: false });
  await create.answered;
  assert.equal(await sizeOf(file), undefined);
});

test("a create that truncates nothing leaves what it finds as it was", async () => {
  const { asking, learn, sizeOf } = begin();
  await learn("getattr", { node: file }, { attr: attr(5) });
  asking("create", { ...f, mode: 0o644, flags: O_RDWR | O_CREAT });
  assert.equal(await sizeOf(file), 5);
});

test("a new mode or owner of a directory may forbid to search it: its names are asked for again", async () => {
  for (const change of [{ mode: 0 }, { uid: 7 }, { gid: 7 }]) {
    const { asking, learn, learnAbsent, leadsTo, sizeOf } = begin();
    await learn("lookup", f, entry(file, 5));
    await learnAbsent(g);
    const setattr = asking("setattr", { node: dir, ...change });
    assert.equal(await leadsTo(f), undefined);
    assert.equal(await leadsTo(g), undefined);
    setattr.answer({ attr: attr(1) });
    await setattr.answered;
    assert.equal(await leadsTo(f), undefined);
    assert.equal(await leadsTo(g), undefined);
    assert.equal(await sizeOf(file), 5);
  }
});

test("new times of a directory forbid nothing", async () => {
  const { learn, leadsTo } = begin();
  await learn("lookup", f, entry(file, 5));
  await learn("setattr", { node: dir, mtime: { now: true, sec: 0, nsec: 0 } }, { attr: attr(1) });
  assert.equal(await leadsTo(f), file);
});

const unread = { atime: { sec: 1_000, nsec: 0 } };
const read = { node: file, offset: 0n, size: 1 };
const copy = { node: file, offset: 0n, newNode: other, newHandle: 2 as HandleId, newOffset: 0n, length: 1n };

test("a read moves an access time that is not later than the last change, or a day old", async () => {
  const lately = Math.floor(Date.now() / 1000) - 60;
  const moved: Readonly<Record<string, Partial<Attr>>> = {
    "older than the last change of data": { mtime: { sec: lately, nsec: 1 }, atime: { sec: lately, nsec: 0 } },
    "as old as it": { mtime: { sec: lately, nsec: 1 }, atime: { sec: lately, nsec: 1 } },
    "older than the last change of attributes": {
      ctime: { sec: lately, nsec: 0 },
      atime: { sec: lately - 1, nsec: 9 },
    },
    "a day old": { atime: { sec: lately - 86_400, nsec: 0 } },
  };
  for (const [why, times] of Object.entries(moved)) {
    for (const operation of ["read", "readlink", "readdir", "readdirplus", "copyFileRange"] as const) {
      const { asking, learn, sizeOf } = begin();
      await learn("getattr", { node: file }, { attr: attr(5, times) });
      const reading = asking(operation, { ...read, ...copy });
      assert.equal(await sizeOf(file), undefined, `${operation}, ${why}, under way`);
      reading.answer(operation.startsWith("readdir") ? { entries: [], end: true } : {});
      await reading.answered;
      assert.equal(await sizeOf(file), undefined, `${operation}, ${why}`);
    }
  }
});

test("a read leaves other access times alone, and what is known stays so", async () => {
  const { asking, learn, sizeOf } = begin();
  await learn("getattr", { node: file }, { attr: attr(5) });
  const reading = asking("read", read);
  assert.equal(await sizeOf(file), 5);
  reading.answer({ data: bytes("x") });
  await reading.answered;
  assert.equal(await sizeOf(file), 5);
  await learn("getattr", { node: other }, { attr: attr(7, unread) });
  assert.equal(await sizeOf(other), 7, "another node");
});

test("a copy out of a file leaves other access times alone, and changes what it copies to", async () => {
  const { asking, learn, sizeOf } = begin();
  await learn("getattr", { node: file }, { attr: attr(5) });
  await learn("getattr", { node: other }, { attr: attr(7) });
  const copying = asking("copyFileRange", copy);
  assert.equal(await sizeOf(file), 5);
  assert.equal(await sizeOf(other), undefined);
  copying.answer({ size: 1 }, { after: [entry(other, 8)] });
  await copying.answered;
  assert.equal(await sizeOf(other), 8);
});

test("where every read moves the access time, none is believed after a read", async () => {
  const { learn, sizeOf } = begin({ strictAtime: true });
  await learn("getattr", { node: file }, { attr: attr(5) });
  await learn("read", read, { data: bytes("x") });
  assert.equal(await sizeOf(file), undefined);
});

test("an access time that was asked for before a read ended is not learnt if a read would have moved it", async () => {
  const { asking, sizeOf } = begin();
  const reading = asking("read", read);
  const early = asking("getattr", { node: file });
  const late = asking("getattr", { node: file });
  early.answer({ attr: attr(5, unread) });
  await early.answered;
  assert.equal(await sizeOf(file), undefined, "the read may have been made");
  reading.answer({ data: bytes("x") });
  await reading.answered;
  late.answer({ attr: attr(5, unread) });
  await late.answered;
  assert.equal(await sizeOf(file), undefined);
});

test("the attributes of a file that is being read are learnt if a read leaves them alone", async () => {
  const { asking, sizeOf } = begin();
  const reading = asking("read", read);
  const during = asking("getattr", { node: file });
  during.answer({ attr: attr(5) });
  await during.answered;
  assert.equal(await sizeOf(file), 5);
  reading.answer({ data: bytes("x") });
  await reading.answered;
  assert.equal(await sizeOf(file), 5);
});

test("a listing with attributes teaches its names and nodes", async () => {
  const { learn, leadsTo, sizeOf } = begin();
  const entries = [{ name: bytes(".") }, { name: f.name, entry: entry(file, 5) }, { name: g.name }];
  await learn("readdirplus", { node: dir, offset: 0n, size: 4096 }, { entries, end: true });
  assert.equal(await leadsTo(f), file);
  assert.equal(await sizeOf(file), 5);
  assert.equal(await leadsTo(g), undefined);
});

test("a listing that a change of one of its names overtook teaches the others", async () => {
  const { asking, learn, leadsTo } = begin();
  const listing = asking("readdirplus", { node: dir, offset: 0n, size: 4096 });
  await learn("lookup", f, entry(file, 5));
  await learn("unlink", f, {});
  const entries = [
    { name: f.name, entry: entry(file, 5) },
    { name: g.name, entry: entry(other, 7) },
  ];
  listing.answer({ entries, end: true });
  await listing.answered;
  assert.equal(await leadsTo(f), undefined);
  assert.equal(await leadsTo(g), other);
});

test("two answers that overtake each other do not put the older over what is known", async () => {
  const { asking, learn, sizeOf } = begin();
  const slow = asking("getattr", { node: file });
  await learn("setattr", { node: file, size: 9n }, { attr: attr(9) });
  slow.answer({ attr: attr(5) });
  const { attr: told } = (await slow.answered).body as { attr: Attr };
  assert.equal(await sizeOf(file), 9);
  assert.equal(told.size, 9n, "what is true now is as good an answer");
});

test("an answer is not called leased for a name that leads elsewhere by now, or for attributes of before", async () => {
  const { asking, learn } = begin();
  const mkdir = asking("mkdir", { ...f, mode: 0o755 });
  // Another program finds the new directory, and changes it, before the answer to the mkdir is here.
  const found = asking("lookup", f);
  found.answer(entry(file, 0));
  await found.answered;
  await learn("setattr", { node: file, mode: 0o700 }, { attr: attr(1) });
  mkdir.answer(entry(file, 0));
  const made = (await mkdir.answered).body as Entry;
  if (made.leasedUntilMs !== undefined) assert.equal(made.attr.size, 1n);
});

test("what a call made is answered as it was made, though its name leads elsewhere by now", async () => {
  const { asking, learn } = begin();
  const mkdir = asking("mkdir", { ...f, mode: 0o755 });
  await learn("rename", { ...g, newParent: dir, newName: f.name, flags: 0 }, {});
  await learn("lookup", f, entry(other, 7));
  mkdir.answer(entry(file, 0));
  const made = (await mkdir.answered).body as Entry;
  assert.equal(made.node, file);
  assert.equal(made.leasedUntilMs, undefined);
});

test("an answer that the making of its name overtook is not believed", async () => {
  const { asking, learn, leadsTo } = begin();
  const { fail, answered } = asking("lookup", f);
  await learn("mkdir", { ...f, mode: 0o755 }, entry(file, 0), { leased: false });
  fail(new FsError("ENOENT"), true);
  await answered;
  assert.equal(await leadsTo(f), undefined);
});

test("of two calls under way that make one name, neither is believed to have made what is there", async () => {
  const { asking, leadsTo } = begin();
  const create = asking("create", { ...f, mode: 0o644, flags: O_RDWR | O_CREAT });
  const link = asking("link", { node: other, newParent: dir, newName: f.name });
  create.answer(entry(file, 0));
  await create.answered;
  assert.equal(await leadsTo(f), undefined);
  link.answer(entry(other, 0));
  await link.answered;
  assert.equal(await leadsTo(f), undefined);
});

test("an open teaches the attributes that came with its answer", async () => {
  const { learn, sizeOf } = begin();
  await learn("open", { node: file, flags: O_RDWR }, { ticket: bytes("") }, { after: [entry(file, 5)] });
  assert.equal(await sizeOf(file), 5);
});

test("a server without leases is asked for everything", async () => {
  const { terms, learn, sizeOf, leadsTo } = begin({ leaseMs: 0 });
  await learn("lookup", f, entry(file, 5), { leased: false });
  assert.equal(await leadsTo(f), undefined);
  assert.equal(await sizeOf(file), undefined);
  assert.equal(terms.leaseMs, 0);
});

test("a change that began before the server granted leases is seen to its end", async () => {
  const { terms, asking, learn, sizeOf } = begin({ leaseMs: 0 });
  const write = asking("write", { node: file, offset: 0n, data: bytes("x") });
  terms.leaseMs = 60_000;
  await learn("getattr", { node: file }, { attr: attr(5) });
  assert.equal(await sizeOf(file), undefined);
  write.answer({ size: 1 });
  await write.answered;
  assert.equal(await sizeOf(file), undefined);
});

test("the re-opening of a handle goes to the server as it is", async () => {
  const { ask, waiting } = begin();
  const reopened = ask("reopen", { node: file, flags: 0, handle: 1 }, new CallContext(rootCaller));
  waiting[0]?.answer({});
  assert.deepEqual((await reopened).body, {});
});
