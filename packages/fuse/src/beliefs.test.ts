import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import type { Attr, AttrReply, NodeId } from "@kedgefs/core";
import { Beliefs } from "./beliefs.ts";
import type { Call } from "./calls.ts";
import { type NodeRecord, NodeTable } from "./node-table.ts";
import type { OpcodeName } from "./protocol/constants.ts";
import { opcodeTable } from "./protocol/opcodes.ts";

const root = "root" as NodeId;
const file = "file" as NodeId;
const folder = "folder" as NodeId;
const leaseMs = 2_000;

interface Drop {
  readonly nodeid: number;
  /** The kernel's answer: whether it knew the node. */
  readonly settle: (known: boolean) => void;
  readonly fail: () => void;
}

let nodes = new NodeTable(root, () => {});
let fileRecord: NodeRecord;
let folderRecord: NodeRecord;
/** Invalidations that were sent to the kernel. */
let drops: Drop[] = [];
let namesDropped = 0;
let mayDropNames = true;
/** What the FileSystem answers when it is asked for attributes. */
let answer: AttrReply | undefined;
let asked: NodeId[] = [];
let beliefs: Beliefs;

function create(kernelChecks: boolean): Beliefs {
  const made = new Beliefs({
    nodes,
    kernelChecks,
    dropAttributes: (nodeid) =>
      new Promise((settle, reject) => {
        drops.push({ nodeid, settle, fail: () => reject(new Error("refused")) });
      }),
    dropNames: async () => {
      namesDropped++;
      return mayDropNames;
    },
    ask: async (node) => {
      asked.push(node);
      return answer;
    },
  });
  made.believesNames = true;
  return made;
}

beforeEach(() => {
  nodes = new NodeTable(root, () => {});
  fileRecord = nodes.grant(file);
  folderRecord = nodes.grant(folder);
  drops = [];
  namesDropped = 0;
  mayDropNames = true;
  answer = undefined;
  asked = [];
  beliefs = create(true);
});

function attrOf({ mode = 0o100644, size = 10n } = {}): Attr {
  const time = { sec: 100, nsec: 0 };
  const rest = { uid: 0, gid: 0, nlink: 1, rdev: 0, ino: 1n, blocks: 8n, blksize: 4096 };
  return { ...rest, mode, size, atime: time, mtime: time, ctime: time, btime: time };
}

const leased = (attr = attrOf(), restMs = leaseMs): AttrReply => ({ attr, leasedUntilMs: performance.now() + restMs });

const leasedFolder = (): AttrReply => leased(attrOf({ mode: 0o040755 }));

/** A call that begins now. */
function call(opcode: OpcodeName, request: object = { parent: folder, node: file }, pid = 0): Call {
  const row = opcodeTable[opcode];
  assert.equal(row.kind, "forwarded");
  return { row, request, stamp: beliefs.stamp(), pid } as unknown as Call;
}

const handle = 7;
const thread = 1234;

/** A listing of the folder that is answered with a name. */
function list(restMs = leaseMs): void {
  assert.ok(nameMs(call("READDIRPLUS", { node: folder, handle }, thread), restMs) > 0);
}

/** For how long the kernel may believe attributes in the answer to a call. */
const attrMs = (of: Call, reply = leased(), node = file): number => beliefs.during(of).attrMs(node, reply);
const nameMs = (of: Call, restMs = leaseMs): number =>
  beliefs.during(of).nameMs({ node: file, attr: attrOf(), leasedUntilMs: performance.now() + restMs });

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function isSettled(promise: Promise<unknown> | undefined): Promise<boolean> {
  await turn();
  return (await Promise.race([promise, "pending"])) !== "pending";
}

/** Waits for the invalidation that is sent as the nth, from 0. */
async function sent(index: number): Promise<Drop> {
  for (;;) {
    const drop = drops[index];
    if (drop !== undefined) return drop;
    await turn();
  }
}

test("attributes have a time in answers to LOOKUP, READDIRPLUS and GETATTR only, of which the kernel drops overtaken ones", () => {
  const believable = (Object.keys(opcodeTable) as OpcodeName[]).filter((opcode) => {
    const row = opcodeTable[opcode];
    return row.kind === "forwarded" && attrMs(call(opcode)) > 0;
  });
  assert.deepEqual(believable.toSorted(), ["GETATTR", "LOOKUP", "READDIRPLUS"]);
});

test("they have no more time than the lease, and none without one or with nearly none left", () => {
  const validMs = attrMs(call("GETATTR"));
  assert.ok(validMs > leaseMs - 100 && validMs < leaseMs, `${validMs}`);
  assert.equal(attrMs(call("GETATTR"), { attr: attrOf() }), 0);
  assert.equal(attrMs(call("GETATTR"), leased(attrOf(), 15)), 0);
  assert.equal(attrMs(call("GETATTR"), leased(), "unknown" as NodeId), 0);
});

test("nothing is told of a file that is open: a read would lose an answer that an invalidation overtook", () => {
  fileRecord.opens = 1;
  assert.equal(attrMs(call("GETATTR")), 0);
  assert.equal(attrMs(call("LOOKUP")), 0);
  fileRecord.opens = 0;
  assert.ok(attrMs(call("GETATTR")) > 0);
});

test("nor of a file that a write may take set-id bits from, but of a directory with a set-gid bit", () => {
  for (const mode of [0o104755, 0o102755]) assert.equal(attrMs(call("GETATTR"), leased(attrOf({ mode }))), 0);
  assert.ok(attrMs(call("GETATTR"), leased(attrOf({ mode: 0o042755 })), folder) > 0);
});

test("nothing is told that was asked before a recall of it, or of all", () => {
  const before = call("GETATTR");
  void beliefs.recall(folder);
  assert.ok(attrMs(before) > 0);
  void beliefs.recall(file);
  assert.equal(attrMs(before), 0);
  const between = call("GETATTR");
  assert.ok(attrMs(between) > 0);
  void beliefs.recall(undefined);
  assert.equal(attrMs(between), 0);
  assert.ok(attrMs(call("GETATTR")) > 0);
});

test("a recall drops what the kernel was told, and nothing else", async () => {
  assert.equal(beliefs.recall(file), undefined);
  attrMs(call("GETATTR"));
  assert.equal(beliefs.recall(folder), undefined);
  const recalled = beliefs.recall(file);
  assert.deepEqual(
    drops.map(({ nodeid }) => nodeid),
    [fileRecord.nodeid],
  );
  assert.equal(await isSettled(recalled), false);
  drops[0]?.settle(true);
  await recalled;
  assert.equal(beliefs.recall(file), undefined);
  assert.equal(drops.length, 1);
});

test("a recall of a node that the kernel doesn't know yet is repeated until it does", async () => {
  attrMs(call("LOOKUP"));
  const recalled = beliefs.recall(file);
  for (const index of [0, 1, 2]) (await sent(index)).settle(false);
  const last = await sent(3);
  assert.equal(await isSettled(recalled), false);
  last.settle(true);
  await recalled;
  assert.equal(drops.length, 4);
});

test("… or until the kernel has forgotten it", async () => {
  attrMs(call("LOOKUP"));
  const recalled = beliefs.recall(file);
  nodes.forget(fileRecord.nodeid, 1);
  (await sent(0)).settle(false);
  await recalled;
  assert.equal(drops.length, 1);
});

test("a drop that failed is repeated", async () => {
  attrMs(call("GETATTR"));
  const recalled = beliefs.recall(file);
  (await sent(0)).fail();
  (await sent(1)).settle(true);
  await recalled;
});

test("a second recall waits for the drop that is under way", async () => {
  attrMs(call("GETATTR"));
  void beliefs.recall(file);
  const second = beliefs.recall(file);
  assert.equal(await isSettled(second), false);
  drops[0]?.settle(true);
  await second;
  assert.equal(drops.length, 1);
});

test("what is told while a drop is under way is dropped by the next recall", async () => {
  attrMs(call("GETATTR"));
  const first = beliefs.recall(file);
  attrMs(call("GETATTR"));
  const second = beliefs.recall(file);
  assert.equal(drops.length, 2);
  drops[0]?.settle(true);
  await first;
  assert.equal(await isSettled(second), false);
  drops[1]?.settle(true);
  await second;
});

test("a recall of all drops all that was told", async () => {
  attrMs(call("GETATTR"));
  attrMs(call("GETATTR"), leased(), folder);
  nameMs(call("LOOKUP"));
  const recalled = beliefs.recall(undefined);
  assert.deepEqual(drops.map(({ nodeid }) => nodeid).toSorted(), [fileRecord.nodeid, folderRecord.nodeid]);
  for (const drop of drops) drop.settle(true);
  await recalled;
  assert.equal(namesDropped, 1);
});

test("names have a time where the kernel has epochs, and none after a recall of their directory", () => {
  assert.ok(nameMs(call("LOOKUP")) > 0);
  assert.ok(nameMs(call("CREATE")) > 0);
  assert.ok(nameMs(call("LINK", { node: file, newParent: folder })) > 0);
  assert.ok(nameMs(call("READDIRPLUS", { node: folder, handle })) > 0);
  assert.equal(nameMs(call("LOOKUP"), 15), 0);
  const before = call("LOOKUP");
  void beliefs.recall(file);
  assert.ok(nameMs(before) > 0);
  void beliefs.recall(folder);
  assert.equal(nameMs(before), 0);
  beliefs.believesNames = false;
  assert.equal(nameMs(call("LOOKUP")), 0);
});

test("a recall of a directory drops names where some of it were told", async () => {
  nameMs(call("LOOKUP"));
  await beliefs.recall(root);
  await beliefs.recall(file);
  assert.equal(namesDropped, 0);
  await beliefs.recall(folder);
  assert.equal(namesDropped, 1);
});

const workedInBy: Readonly<Record<string, () => Call>> = {
  "the next READDIRPLUS of the open directory": () => call("READDIRPLUS", { node: folder, handle }),
  "the next READDIR of it": () => call("READDIR", { node: folder, handle }),
  "its RELEASEDIR": () => call("RELEASEDIR", { node: folder, handle }),
  "a LOOKUP of the thread that listed it": () => call("LOOKUP", { parent: root }, thread),
  "an UNLINK of that thread": () => call("UNLINK", { parent: folder }, thread),
  "an OPENDIR of that thread": () => call("OPENDIR", { node: root }, thread),
};

for (const [what, request] of Object.entries(workedInBy)) {
  test(`names of a listing on its way are dropped at once, and once more when it is worked in: ${what}`, async () => {
    list();
    const recalled = beliefs.recall(folder);
    assert.equal(await isSettled(recalled), false);
    assert.equal(namesDropped, 1);
    beliefs.requested(request());
    await recalled;
    assert.equal(namesDropped, 2);
  });

  test(`a listing that is worked in is not waited for: ${what}`, async () => {
    list();
    beliefs.requested(request());
    await beliefs.recall(folder);
    assert.equal(namesDropped, 1);
  });
}

test("other requests don't show that a listing is worked in", async () => {
  list();
  const recalled = beliefs.recall(undefined);
  for (const other of [
    call("READDIR", { node: folder, handle: handle + 1 }, thread + 1),
    call("RELEASEDIR", { node: root, handle: handle + 1 }),
    call("LOOKUP", { parent: folder }, thread + 1),
    call("LOOKUP", { parent: folder }),
    call("READ", { node: file, handle: handle + 1 }, thread),
    call("WRITE", { node: file, handle: handle + 1 }, thread),
  ]) {
    beliefs.requested(other);
    assert.equal(await isSettled(recalled), false);
  }
  beliefs.requested(call("RELEASEDIR", { node: folder, handle }));
  await recalled;
  assert.equal(namesDropped, 2);
});

test("a recall of another directory doesn't wait for a listing", async () => {
  list();
  nameMs(call("LOOKUP", { parent: root }));
  await beliefs.recall(root);
  assert.equal(namesDropped, 1);
});

test("a listing that tells no names is not waited for", async () => {
  nameMs(call("LOOKUP"));
  const before = call("READDIRPLUS", { node: folder, handle }, thread);
  void beliefs.recall(folder);
  assert.equal(nameMs(before), 0);
  assert.equal(nameMs(call("READDIRPLUS", { node: folder, handle }, thread), 0), 0);
  await beliefs.recall(folder);
  assert.equal(namesDropped, 2);
});

test("a listing that began after a recall tells names, for which the next recall waits", async () => {
  list();
  const first = beliefs.recall(folder);
  beliefs.requested(call("READDIRPLUS", { node: folder, handle }, thread));
  list();
  await first;
  assert.equal(namesDropped, 2);
  const second = beliefs.recall(folder);
  assert.equal(await isSettled(second), false);
  beliefs.requested(call("RELEASEDIR", { node: folder, handle }));
  await second;
  assert.equal(namesDropped, 4);
});

test("a listing is waited for until its names have run out, whatever else was told meanwhile", async () => {
  list(500);
  nameMs(call("LOOKUP"), 60_000);
  const beganMs = performance.now();
  await beliefs.recall(folder);
  const tookMs = performance.now() - beganMs;
  assert.ok(tookMs > 900 && tookMs < 30_000, `${tookMs}: a second is for the kernel's clock`);
  assert.equal(namesDropped, 2);
});

test("changes by this machine wait for no listing, which the directory's lock keeps away from them", async () => {
  list();
  await beliefs.moved(folder, root);
  assert.equal(namesDropped, 2);
  beliefs = create(false);
  list();
  await beliefs.permitted(folder);
  assert.equal(namesDropped, 3);
});

test("where names may not be dropped they are told no more, and a recall waits until they have run out", async () => {
  mayDropNames = false;
  nameMs(call("LOOKUP"), 30);
  const recalled = beliefs.recall(folder);
  assert.equal(await isSettled(recalled), false);
  const beganMs = performance.now();
  await recalled;
  assert.ok(performance.now() - beganMs > 900, "a second is for the kernel's clock");
  assert.equal(nameMs(call("LOOKUP")), 0);
});

test("a call that changes names in a directory takes back what the kernel was told of its attributes", async () => {
  assert.equal(beliefs.changing([folder]), undefined);
  attrMs(call("GETATTR"), leasedFolder(), folder);
  attrMs(call("GETATTR"));
  const changing = beliefs.changing([folder, root]);
  assert.deepEqual(
    drops.map(({ nodeid }) => nodeid),
    [folderRecord.nodeid],
  );
  assert.equal(await isSettled(changing), false);
  drops[0]?.settle(true);
  await changing;
});

test("what a thread was told of a directory needs not be taken back from it after its next request", async () => {
  const other = thread + 1;
  attrMs(call("GETATTR", {}, thread), leasedFolder(), folder);
  beliefs.requested(call("STATFS", {}, other));
  beliefs.requested(call("MKDIR", { parent: folder }, thread));
  assert.equal(beliefs.changing([folder]), undefined);
  attrMs(call("LOOKUP", { parent: root }, other), leasedFolder(), folder);
  beliefs.requested(call("MKDIR", { parent: folder }, thread));
  const changing = beliefs.changing([folder]);
  (await sent(0)).settle(true);
  await changing;
  // Taken back from all who had it.
  attrMs(call("GETATTR", {}, thread), leasedFolder(), folder);
  beliefs.requested(call("MKDIR", { parent: folder }, thread));
  assert.equal(beliefs.changing([folder]), undefined);
  assert.equal(drops.length, 1);
});

test("what a listing tells of a directory is taken back, whatever its thread asks next", async () => {
  attrMs(call("READDIRPLUS", { node: root, handle }, thread), leasedFolder(), folder);
  beliefs.requested(call("MKDIR", { parent: folder }, thread));
  const changing = beliefs.changing([folder]);
  (await sent(0)).settle(true);
  await changing;
  assert.equal(beliefs.changing([folder]), undefined);
});

test("of very many threads it is not remembered who was told what, so it is taken back", async () => {
  attrMs(call("GETATTR", {}, thread), leasedFolder(), folder);
  for (let pid = 10_000; pid < 15_000; pid++) attrMs(call("GETATTR", {}, pid), leasedFolder(), root);
  beliefs.requested(call("MKDIR", { parent: folder }, thread));
  const changing = beliefs.changing([folder]);
  (await sent(0)).settle(true);
  await changing;
});

test("a change of who may search a directory drops names, where the kernel doesn't check it", async () => {
  nameMs(call("LOOKUP"));
  assert.equal(beliefs.permitted(folder), undefined);
  beliefs = create(false);
  assert.equal(beliefs.permitted(root), undefined);
  await beliefs.permitted(folder);
  assert.equal(namesDropped, 1);
});

test("a name that is moved under a lease of its new directory is dropped when that is recalled", async () => {
  answer = leased();
  assert.equal(beliefs.moved(folder, root), undefined);
  nameMs(call("LOOKUP"));
  assert.equal(beliefs.moved(folder, folder), undefined);
  await beliefs.moved(folder, root);
  assert.deepEqual(asked, [folder, root]);
  assert.equal(namesDropped, 0);
  await beliefs.recall(root);
  assert.equal(namesDropped, 1);
});

test("a name that is moved to where there is no lease is dropped at once, also where the lease is recalled meanwhile", async () => {
  nameMs(call("LOOKUP"));
  await beliefs.moved(folder, root);
  assert.ok(namesDropped > 0);

  answer = leased();
  const before = namesDropped;
  const moved = beliefs.moved(folder, root);
  void beliefs.recall(root);
  await moved;
  assert.ok(namesDropped > before);
});

test("an open drops attributes that differ from what the FileSystem has seen by then", async () => {
  const told = { size: 10n, mtime: attrOf().mtime, ctime: attrOf().ctime, unsure: false, tickingSinceMs: undefined };
  assert.equal(beliefs.opened(file), undefined);
  attrMs(call("GETATTR"));
  fileRecord.told = told;
  answer = leased();
  await beliefs.opened(file);
  assert.equal(drops.length, 0);
  answer = leased(attrOf({ size: 11n }));
  const opened = beliefs.opened(file);
  (await sent(0)).settle(true);
  await opened;
});

test("an open waits for a drop that is under way", async () => {
  attrMs(call("GETATTR"));
  void beliefs.recall(file);
  const opened = beliefs.opened(file);
  assert.equal(await isSettled(opened), false);
  drops[0]?.settle(true);
  await opened;
});
