import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, test } from "node:test";
import {
  type AttrReply,
  type Entry,
  type FileSystem,
  FsError,
  type HandleReply,
  limits,
  mapOperations,
  type NodeId,
  O_CREAT,
  O_EXCL,
  O_RDONLY,
  O_RDWR,
  O_TRUNC,
  type OperationName,
  RENAME_EXCHANGE,
  type ReaddirReply,
} from "@kedgefs/core";
import { contentOf } from "../local/node-seal.ts";
import type { LeasedRun } from "./session-leases.ts";
import { isSettled } from "./testing/is-settled.ts";
import { type Believer, beginLeaseScene, type LeaseScene, nameOf } from "./testing/lease-scene.ts";
import { ToldClient } from "./testing/told-client.ts";

const options = { timeout: 20_000 } as const;
/** Long enough that nothing runs out during a test. */
const leaseMs = 60_000;

const scenes: LeaseScene[] = [];
afterEach(() => {
  for (const scene of scenes.splice(0)) scene.close();
});

async function begin(
  around?: (fileSystem: FileSystem) => FileSystem,
  earlierSessions?: readonly string[],
): Promise<LeaseScene> {
  const scene = await beginLeaseScene(leaseMs, around, earlierSessions);
  scenes.push(scene);
  const { data } = scene;
  for (const name of ["f", "g"]) fs.writeFileSync(join(data, name), name);
  for (const name of ["d", "e"]) fs.mkdirSync(join(data, name));
  fs.symlinkSync("f", join(data, "s"));
  return scene;
}

/** A promise that a file system waits for in one operation. */
function gateOf(gated: OperationName): {
  around(next: FileSystem): FileSystem;
  readonly reached: Promise<void>;
  open(): void;
} {
  const { promise: reached, resolve: reach } = Promise.withResolvers<void>();
  const { promise: opened, resolve: open } = Promise.withResolvers<void>();
  return {
    reached,
    open,
    around: (next) =>
      mapOperations(next, (name, operation) => async (request, context) => {
        if (name !== gated) return await operation(request, context);
        const reply = await operation(request, context);
        reach();
        await opened;
        return reply;
      }),
  };
}

async function open(believer: Believer, node: NodeId, flags: number): Promise<number> {
  return ((await believer.run("open", { node, flags })).reply as HandleReply).handle;
}

interface Change {
  readonly operation: OperationName;
  request(nodes: Record<string, NodeId>, changer: Believer): object | Promise<object>;
  /** What it changes, by name. */
  readonly recalls: readonly string[];
}

const place = (parent: NodeId | undefined, name: string): object => ({ parent, name: nameOf(name) });
const nodesOf = async (scene: LeaseScene): Promise<Record<string, NodeId>> => {
  const nodes: Record<string, NodeId> = { root: scene.root };
  for (const name of ["f", "g", "d", "e", "s"]) nodes[name] = await scene.node(name);
  return nodes;
};

const changes: Record<string, Change> = {
  setattr: { operation: "setattr", request: ({ f }) => ({ node: f, mode: 0o600 }), recalls: ["f"] },
  write: {
    operation: "write",
    request: async ({ f }, changer) => ({
      node: f,
      handle: await open(changer, f as NodeId, O_RDWR),
      offset: 0n,
      data: Buffer.from("more"),
    }),
    recalls: ["f"],
  },
  "open with O_TRUNC": {
    operation: "open",
    request: ({ f }) => ({ node: f, flags: O_RDWR | O_TRUNC }),
    recalls: ["f"],
  },
  mkdir: { operation: "mkdir", request: ({ root }) => ({ ...place(root, "new"), mode: 0o755 }), recalls: ["root"] },
  mknod: {
    operation: "mknod",
    request: ({ root }) => ({ ...place(root, "new"), mode: 0o010644, rdev: 0 }),
    recalls: ["root"],
  },
  symlink: {
    operation: "symlink",
    request: ({ root }) => ({ ...place(root, "new"), target: nameOf("f") }),
    recalls: ["root"],
  },
  create: {
    operation: "create",
    request: ({ root }) => ({ ...place(root, "new"), mode: 0o644, flags: O_RDWR | O_CREAT | O_EXCL }),
    recalls: ["root"],
  },
  "create of a file that is there, with O_TRUNC": {
    operation: "create",
    request: ({ root }) => ({ ...place(root, "f"), mode: 0o644, flags: O_RDWR | O_CREAT | O_TRUNC }),
    recalls: ["root", "f"],
  },
  unlink: { operation: "unlink", request: ({ root }) => place(root, "f"), recalls: ["root", "f"] },
  rmdir: { operation: "rmdir", request: ({ root }) => place(root, "e"), recalls: ["root", "e"] },
  link: {
    operation: "link",
    request: ({ f, d }) => ({ node: f, newParent: d, newName: nameOf("new") }),
    recalls: ["f", "d"],
  },
  "rename over a file": {
    operation: "rename",
    request: ({ root }) => ({ ...place(root, "f"), newParent: root, newName: nameOf("g"), flags: 0 }),
    recalls: ["root", "f", "g"],
  },
  "rename of a directory to another one": {
    operation: "rename",
    request: ({ root, d }) => ({ ...place(root, "e"), newParent: d, newName: nameOf("new"), flags: 0 }),
    recalls: ["root", "d", "e"],
  },
  "rename that exchanges": {
    operation: "rename",
    request: ({ root }) => ({ ...place(root, "f"), newParent: root, newName: nameOf("e"), flags: RENAME_EXCHANGE }),
    recalls: ["root", "f", "e"],
  },
};

/** The directory with all that stat(2) tells of what is in it. */
function look(data: string): unknown {
  return fs.readdirSync(data).map((name) => [name, { ...fs.lstatSync(join(data, name)), atimeMs: 0, atime: 0 }]);
}

describe("a change is made when what it makes untrue is believed by no other session", options, () => {
  for (const [title, { operation, request, recalls }] of Object.entries(changes)) {
    test(title, options, async () => {
      const scene = await begin();
      const nodes = await nodesOf(scene);
      const [believer, changer] = [scene.join(), scene.join()];
      const body = await request(nodes, changer);
      for (const name of ["f", "g", "d", "e", "s"]) await believer.lookup(name);
      const before = look(scene.data);
      const changed = changer.run(operation, body);
      assert.equal(await isSettled(changed), false);
      assert.deepEqual(look(scene.data), before);
      const expected = recalls.map((name) => nodes[name]);
      assert.deepEqual([...believer.client.nodes].sort(), expected.sort());
      // Nothing that is about to change is granted meanwhile.
      for (const node of expected) {
        assert.equal((await believer.run("getattr", { node })).leased, false);
      }
      believer.answer();
      assert.equal((await changed).error, undefined);
      assert.notDeepEqual(look(scene.data), before);
      assert.deepEqual(changer.client.nodes, []);
    });
  }

  test("what changes nothing recalls nothing", options, async () => {
    const scene = await begin();
    const { f, d, s } = await nodesOf(scene);
    const [believer, reader] = [scene.join(), scene.join()];
    const handle = await open(reader, f as NodeId, O_RDWR);
    for (const name of ["f", "g", "d", "e"]) await believer.lookup(name);
    const create = { ...place(scene.root, "f"), mode: 0o644, flags: O_RDWR | O_CREAT };
    const requests: [OperationName, object][] = [
      ["lookup", place(scene.root, "f")],
      ["lookup", place(scene.root, "nothing")],
      ["getattr", { node: f }],
      ["access", { node: f, mask: 4 }],
      ["readlink", { node: s }],
      ["opendir", { node: d }],
      ["statfs", { node: f }],
      ["fsync", { node: f, handle, datasync: false }],
      ["flush", { node: f, handle }],
      ["release", { node: f, handle }],
    ];
    for (const [operation, request] of requests) await reader.run(operation, request);
    assert.deepEqual(believer.client.nodes, []);
    // It may make the file, so the directory is recalled, though not the file.
    const created = reader.run("create", create);
    await believer.client.until(1);
    assert.deepEqual(believer.client.nodes, [scene.root]);
    believer.answer();
    assert.equal((await created).error, undefined);
  });
});

test("a file is one thing under all its names", options, async () => {
  const scene = await begin();
  fs.linkSync(join(scene.data, "f"), join(scene.data, "d", "other"));
  const [believer, changer] = [scene.join(), scene.join()];
  const f = await believer.lookup("f");
  const unlinked = changer.run("unlink", place(await scene.node("d"), "other"));
  await believer.client.until(1);
  assert.deepEqual(believer.client.nodes, [f]);
  assert.equal(await isSettled(unlinked), false);
  believer.answer();
  assert.equal((await unlinked).error, undefined);
});

test("an answer tells under a lease what it did", options, async () => {
  const scene = await begin();
  const changer = scene.join();
  scene.join();
  const made = await changer.run("mkdir", { ...place(scene.root, "new"), mode: 0o755 });
  assert.ok(made.leased);
  const [after] = made.after;
  const { attr } = (await changer.run("getattr", { node: scene.root })).reply as AttrReply;
  assert.deepEqual(after, { node: scene.root, attr });
  const { node } = made.reply as Entry;
  const opened = await changer.run("open", { node: await scene.node("f"), flags: O_RDONLY });
  assert.ok(opened.leased);
  assert.equal(opened.after[0]?.attr.size, 1n);
  for (const held of [scene.root, node, await scene.node("f")]) {
    const other = scene.join();
    const changed = other.run("setattr", { node: held, mode: 0o711 });
    assert.equal(await isSettled(changed), false);
    assert.equal(changer.client.nodes.at(-1), held);
    changer.answer();
    await changed;
  }
});

test("a name that leads nowhere is believed until its directory changes", options, async () => {
  const scene = await begin();
  const [believer, changer] = [scene.join(), scene.join()];
  const absent = await believer.run("lookup", place(scene.root, "new"));
  assert.equal((absent.error as FsError).code, "ENOENT");
  assert.ok(absent.leased);
  const made = changer.run("mkdir", { ...place(scene.root, "new"), mode: 0o755 });
  assert.equal(await isSettled(made), false);
  assert.deepEqual(believer.client.nodes, [scene.root]);
  const meanwhile = await believer.run("lookup", place(scene.root, "new"));
  assert.equal((meanwhile.error as FsError).code, "ENOENT");
  assert.equal(meanwhile.leased, false);
  believer.answer();
  await made;
});

test("other failures of a lookup tell nothing that may be believed", options, async () => {
  const scene = await begin();
  const believer = scene.join();
  for (const [request, code] of [
    [place(scene.root, "x".repeat(limits.nameBytesMax + 1)), "ENAMETOOLONG"],
    [place(await scene.node("f"), "x"), "ENOTDIR"],
    [place("no such node" as NodeId, "x"), "ESTALE"],
  ] as const) {
    const { error, leased } = await believer.run("lookup", request);
    assert.equal((error as FsError).code, code);
    assert.equal(leased, false);
  }
});

test("an answer that a change overtook is not granted", options, async () => {
  const gate = gateOf("lookup");
  const scene = await begin(gate.around);
  const [asker, changer] = [scene.join(), scene.join()];
  const asked = asker.run("lookup", place(scene.root, "f"));
  await gate.reached;
  await changer.run("setattr", { node: await scene.node("f"), mode: 0o600 });
  gate.open();
  assert.equal((await asked).leased, false);
  assert.ok((await asker.run("lookup", place(scene.root, "f"))).leased);
});

test("an operation that failed leaves nothing behind that would keep others from leases", options, async () => {
  const scene = await begin();
  const [a, b] = [scene.join(), scene.join()];
  const { f, d } = await nodesOf(scene);
  for (const [operation, request, code] of [
    ["unlink", place(scene.root, "nothing"), "ENOENT"],
    ["rmdir", place(scene.root, "f"), "ENOTDIR"],
    ["mkdir", { ...place(scene.root, "d"), mode: 0o755 }, "EEXIST"],
    ["rename", { ...place(scene.root, "d"), newParent: d, newName: nameOf("x"), flags: 0 }, "EINVAL"],
    ["setattr", { node: f, size: 1n << 63n }, "EINVAL"],
  ] as const) {
    const { error } = await a.run(operation, request);
    assert.equal((error as FsError).code, code, operation);
  }
  for (const node of [scene.root, f, d]) assert.ok((await b.run("getattr", { node })).leased);
});

test(
  "several calls of a session on one thing hide each other's answers, and the last one's may be believed",
  options,
  async () => {
    const scene = await begin();
    const writer = scene.join();
    const node = await scene.node("f");
    const handle = await open(writer, node, O_RDWR);
    const write = (): Promise<LeasedRun<unknown>> =>
      writer.run("write", { node, handle, offset: 0n, data: Buffer.from("x") });
    await Promise.all([write(), write(), write()]);
    assert.ok((await writer.run("getattr", { node })).leased);
  },
);

test(
  "two sessions that work in one directory wait for each other, and take nothing else from anybody",
  options,
  async () => {
    const scene = await begin();
    const [a, b, bystander] = [scene.join(), scene.join(), scene.join()];
    for (const each of [a, b]) await each.lookup("d");
    await bystander.run("getattr", { node: await scene.node("f") });
    const mkdir = (by: Believer, name: string): Promise<LeasedRun<unknown>> =>
      by.run("mkdir", { ...place(scene.root, name), mode: 0o755 });
    const made = [mkdir(a, "by a"), mkdir(b, "by b")];
    await Promise.all([a.client.until(1), b.client.until(1)]);
    assert.deepEqual(fs.readdirSync(scene.data), ["d", "e", "f", "g", "s"]);
    a.answer();
    b.answer();
    for (const { error } of await Promise.all(made)) assert.equal(error, undefined);
    assert.deepEqual(bystander.client.nodes, []);
    const { size } = new Set([...a.client.nodes, ...b.client.nodes]);
    assert.equal(size, 1);
  },
);

test("a second change of what is being recalled waits too", options, async () => {
  const scene = await begin();
  const [believer, b, c] = [scene.join(), scene.join(), scene.join()];
  const node = await believer.lookup("f");
  const changed = [b.run("setattr", { node, mode: 0o600 }), c.run("unlink", place(scene.root, "f"))];
  for (const each of changed) assert.equal(await isSettled(each), false);
  assert.ok(fs.existsSync(join(scene.data, "f")));
  believer.answer();
  for (const { error } of await Promise.all(changed)) assert.equal(error, undefined);
});

test("a name that leads elsewhere after the wait is looked up again", options, async () => {
  const scene = await begin();
  const [slow, believer, changer] = [scene.join(), scene.join(), scene.join()];
  await slow.run("getattr", { node: scene.root });
  const g = await scene.node("g");
  await believer.run("getattr", { node: g });
  const unlinked = changer.run("unlink", place(scene.root, "f"));
  await slow.client.until(1);
  fs.renameSync(join(scene.data, "g"), join(scene.data, "f"));
  slow.answer();
  await believer.client.until(1);
  assert.deepEqual(believer.client.nodes, [g]);
  assert.equal((await believer.run("getattr", { node: g })).leased, false);
  assert.ok(fs.existsSync(join(scene.data, "f")));
  believer.answer();
  assert.equal((await unlinked).error, undefined);
});

test("when two sessions have to do with one name, others forget all before either is answered", options, async () => {
  // The first unlink to be run stays half way, its name looked up, while another session puts another file there.
  const { promise: opened, resolve: openGate } = Promise.withResolvers<void>();
  const { promise: reached, resolve: reach } = Promise.withResolvers<void>();
  const scene = await begin((next) =>
    mapOperations(next, (name, operation) => async (request, context) => {
      if (name === "unlink") {
        reach();
        await opened;
      }
      return await operation(request, context);
    }),
  );
  const [believer, a, b] = [scene.join(), scene.join(), scene.join()];
  const g = await scene.node("g");
  const unlinked = a.run("unlink", place(scene.root, "f"));
  await reached;
  const rename = { ...place(scene.root, "g"), newParent: scene.root, newName: nameOf("f"), flags: 0 };
  await b.run("rename", rename);
  assert.ok((await believer.run("getattr", { node: g })).leased);
  openGate();
  await believer.client.until(1);
  assert.deepEqual(believer.client.nodes, [undefined]);
  assert.equal(await isSettled(unlinked), false);
  believer.answer();
  assert.equal((await unlinked).error, undefined);
});

test("a session that was alone looks again when another came while it waited", options, async () => {
  const scene = await begin(undefined, ["earlier"]);
  const changer = scene.join();
  const unlinked = changer.run("unlink", place(scene.root, "f"));
  assert.equal(await isSettled(unlinked), false);
  const client = new ToldClient();
  const holder = scene.table.join(client);
  const f = await scene.node("f");
  holder.grant(contentOf(f), f);
  scene.table.settled("earlier");
  await client.until(1);
  assert.deepEqual(client.nodes, [f]);
  assert.ok(fs.existsSync(join(scene.data, "f")));
  holder.recalled(client.lastId);
  assert.equal((await unlinked).error, undefined);
});

test("where a name can't be looked up all is recalled", options, async () => {
  let busy = false;
  const scene = await begin((next) =>
    mapOperations(next, (name, operation) => async (request, context) => {
      if (busy && name === "lookup") throw new FsError("EMFILE");
      return await operation(request, context);
    }),
  );
  const [believer, changer] = [scene.join(), scene.join()];
  await believer.lookup("f");
  busy = true;
  const unlinked = changer.run("unlink", place(scene.root, "f"));
  await believer.client.until(1);
  assert.deepEqual(believer.client.nodes, [undefined]);
  assert.ok(fs.existsSync(join(scene.data, "f")));
  believer.answer();
  await unlinked;
});

/** Whether the folder for temporary files is mounted with relatime, as is usual. */
function movesAccessTimes(): boolean {
  const fd = fs.openSync(tmpdir(), fs.constants.O_RDONLY);
  const id = /^mnt_id:\s*(\d+)$/m.exec(fs.readFileSync(`/proc/self/fdinfo/${fd}`, "utf8"))?.[1];
  fs.closeSync(fd);
  return fs
    .readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .some((line) => line.startsWith(`${id} `) && line.includes("relatime"));
}

describe("access times", options, () => {
  const reads: Record<string, (by: Believer, nodes: Record<string, NodeId>) => Promise<[OperationName, object]>> = {
    async read(by, { f }) {
      return ["read", { node: f, handle: await open(by, f as NodeId, O_RDONLY), offset: 0n, size: 1 }];
    },
    readlink: async (_, { s }) => ["readlink", { node: s }],
    async readdir(by, { d }) {
      const { handle } = (await by.run("opendir", { node: d })).reply as HandleReply;
      return ["readdir", { node: d, handle, offset: 0n, size: 4096 }];
    },
    async readdirplus(by, { d }) {
      const { handle } = (await by.run("opendir", { node: d })).reply as HandleReply;
      return ["readdirplus", { node: d, handle, offset: 0n, size: 4096 }];
    },
    async copyFileRange(by, { f, g }) {
      const handle = await open(by, f as NodeId, O_RDONLY);
      const newHandle = await open(by, g as NodeId, O_RDWR);
      return ["copyFileRange", { node: f, handle, offset: 0n, newNode: g, newHandle, newOffset: 0n, length: 1n }];
    },
  };
  const readName: Record<string, string> = {
    read: "f",
    readlink: "s",
    readdir: "d",
    readdirplus: "d",
    copyFileRange: "f",
  };

  for (const [title, request] of Object.entries(reads)) {
    test(`${title} that moves one is answered when nobody believes the former`, options, async (context) => {
      if (!movesAccessTimes()) return context.skip("needs a temporary folder on a mount with relatime");
      const scene = await begin();
      const nodes = await nodesOf(scene);
      const name = readName[title] as string;
      fs.lutimesSync(join(scene.data, name), 1, 2);
      const [believer, reader] = [scene.join(), scene.join()];
      const [operation, body] = await request(reader, nodes);
      await believer.lookup(name);
      const read = reader.run(operation, body);
      await believer.client.until(1);
      assert.deepEqual(believer.client.nodes, [nodes[name]]);
      assert.equal(await isSettled(read), false);
      believer.answer();
      assert.equal((await read).error, undefined);
      // The second read leaves it alone (relatime), and so the lease.
      await believer.lookup(name);
      assert.equal((await reader.run(operation, body)).error, undefined);
      assert.equal(believer.client.nodes.length, 1);
    });
  }

  test("who comes to believe one while it is being moved is told as well", options, async () => {
    const gate = gateOf("read");
    const scene = await begin(gate.around);
    const [believer, reader] = [scene.join(), scene.join()];
    const f = await scene.node("f");
    const handle = await open(reader, f, O_RDONLY);
    const read = reader.run("read", { node: f, handle, offset: 0n, size: 1 });
    await gate.reached;
    await believer.lookup("f");
    gate.open();
    await believer.client.until(1);
    assert.deepEqual(believer.client.nodes, [f]);
    assert.equal(await isSettled(read), false);
    believer.answer();
    await read;
  });
});

describe("what is not leased", options, () => {
  test("nodes that nobody watches, though changes by way of there are told to others", options, async () => {
    const scene = await begin();
    const f = await scene.node("f");
    const [believer, partly, never] = [
      scene.join(),
      scene.join({ mayLease: (node) => node !== f }),
      scene.join({ mayLease: undefined }),
    ];
    assert.equal((await partly.run("getattr", { node: f })).leased, false);
    assert.equal((await partly.run("lookup", place(scene.root, "f"))).leased, false);
    assert.equal((await partly.run("lookup", place(scene.root, "g"))).leased, true);
    assert.equal((await never.run("lookup", place(scene.root, "g"))).leased, false);
    for (const changer of [partly, never]) {
      await believer.run("getattr", { node: f });
      const changed = changer.run("setattr", { node: f, mode: 0o600 });
      assert.equal(await isSettled(changed), false);
      assert.equal(believer.client.nodes.at(-1), f);
      believer.answer();
      assert.equal((await changed).leased, false);
    }
  });

  test("anything, once changes by others are not seen any more", options, async () => {
    const scene = await begin();
    const believer = scene.join();
    scene.table.stopGranting();
    assert.equal((await believer.run("getattr", { node: scene.root })).leased, false);
  });

  test("anything to a client that can't be told", options, async () => {
    const scene = await begin();
    const believer = scene.join();
    believer.client.isThere = false;
    assert.equal((await believer.run("getattr", { node: scene.root })).leased, false);
  });
});

test("who may not change anything takes no lease from anybody", options, async () => {
  const scene = await begin();
  const [believer, reader] = [scene.join(), scene.join({ readOnly: true })];
  await believer.lookup("f");
  const refused = (): Promise<never> => Promise.reject(new FsError("EROFS"));
  const { error } = await reader.leases.run("unlink", place(scene.root, "f"), refused);
  assert.equal((error as FsError).code, "EROFS");
  assert.deepEqual(believer.client.nodes, []);
  assert.ok((await reader.run("lookup", place(scene.root, "f"))).leased);
});

test("a client that came back while its call ran is told to believe nothing of before its end", options, async () => {
  const gate = gateOf("mkdir");
  const scene = await begin(gate.around);
  const changer = scene.join();
  scene.join();
  const made = changer.run("mkdir", { ...place(scene.root, "new"), mode: 0o755 });
  await gate.reached;
  changer.leases.dropped("1");
  await changer.lookup("f");
  await changer.run("getattr", { node: await scene.node("g") });
  gate.open();
  await made;
  assert.deepEqual(changer.client.nodes, [undefined]);
});

test("a client that came back while its call waited is told so too", options, async () => {
  const scene = await begin();
  const [believer, changer] = [scene.join(), scene.join()];
  await believer.lookup("f");
  const unlinked = changer.run("unlink", place(scene.root, "f"));
  await believer.client.until(1);
  changer.leases.dropped("1");
  assert.ok((await changer.run("getattr", { node: await scene.node("g") })).leased);
  believer.answer();
  await unlinked;
  assert.deepEqual(changer.client.nodes, [undefined]);
});

test("identities and names that can't be ours are not remembered", options, async () => {
  const scene = await begin();
  const hostile = scene.join();
  const { changes: tracked, names } = scene.table;
  const node = "n".repeat(limits.nodeIdBytesMax + 1) as NodeId;
  const name = "n".repeat(limits.nameBytesMax + 1);
  const { error } = await hostile.run("setattr", { node, mode: 0o600 });
  assert.equal((error as FsError).code, "ESTALE");
  await hostile.run("unlink", place(scene.root, name));
  await hostile.run("mkdir", { ...place(node, "x"), mode: 0o755 });
  assert.ok(tracked.mayKeep(node.slice(0, -16), 0));
  assert.equal(names.stamp(), 0);
});

/** A file that a session writes by itself, with its last grant. */
async function writeAhead(writer: Believer, node: NodeId): Promise<number> {
  const handle = await open(writer, node, O_RDWR);
  const { leased } = await writer.run("write", { node, handle, offset: 0n, data: nameOf("x") });
  assert.ok(leased);
  return handle;
}

for (const [look, request] of Object.entries({
  getattr: (node: NodeId) => ({ node }),
  open: (node: NodeId) => ({ node, flags: O_RDONLY }),
  setattr: (node: NodeId) => ({ node, mode: 0o600 }),
  link: (node: NodeId, root: NodeId) => ({ node, newParent: root, newName: nameOf("new") }),
}) as [OperationName, (node: NodeId, root: NodeId) => object][]) {
  test(`${look} by another waits until what a client has answered of its writes is here`, options, async () => {
    const scene = await begin();
    const [writer, reader] = [scene.join(), scene.join()];
    const f = await scene.node("f");
    await writeAhead(writer, f);
    const looked = reader.run(look, request(f, scene.root));
    await writer.client.until(1);
    assert.deepEqual(writer.client.nodes, [f]);
    assert.equal(await isSettled(looked), false);
    writer.answer();
    assert.equal((await looked).error, undefined);
  });
}

for (const [look, more] of Object.entries({
  lseek: async () => ({ offset: 0n, whence: 4 }),
  copyFileRange: async (reader: Believer, newNode: NodeId) => {
    const newHandle = await open(reader, newNode, O_RDWR);
    return { offset: 0n, newNode, newHandle, newOffset: 0n, length: 1n };
  },
}) as ["lseek" | "copyFileRange", (reader: Believer, other: NodeId) => Promise<object>][]) {
  test(`${look} by another that has the file open waits for them as well`, options, async () => {
    const scene = await begin();
    const [writer, reader] = [scene.join(), scene.join()];
    const f = await scene.node("f");
    const handle = await open(reader, f, O_RDONLY);
    const request = { node: f, handle, ...(await more(reader, await scene.node("g"))) };
    void reader.client.until(1).then(() => reader.answer());
    await writeAhead(writer, f);
    const looked = reader.run(look, request);
    await writer.client.until(1);
    assert.deepEqual(writer.client.nodes, [f]);
    assert.equal(await isSettled(looked), false);
    writer.answer();
    assert.equal((await looked).error, undefined);
  });
}

for (const look of ["lookup", "readdirplus", "create"] as const) {
  test(`${look} by another tells what was written by then`, options, async () => {
    const scene = await begin();
    const [writer, reader] = [scene.join(), scene.join()];
    const { root, data } = scene;
    const f = await scene.node("f");
    await writeAhead(writer, f);
    const handle =
      look === "readdirplus" ? ((await reader.run("opendir", { node: root })).reply as HandleReply).handle : 0;
    const looked = reader.run(
      look,
      look === "readdirplus"
        ? { node: root, handle, offset: 0n, size: 65_536 }
        : { ...place(root, "f"), mode: 0o644, flags: O_RDWR | O_CREAT },
    );
    await writer.client.until(1);
    assert.equal(await isSettled(looked), false);
    fs.writeFileSync(join(data, "f"), "all that was written");
    writer.answer();
    const { reply } = await looked;
    const entries =
      look === "readdirplus" ? (reply as ReaddirReply).entries.flatMap(({ entry }) => entry ?? []) : [reply as Entry];
    assert.equal(entries.find(({ node }) => node === f)?.attr.size, 20n);
  });
}

test(
  "who writes by itself waits for nobody when it looks, and others are not told under a lease",
  options,
  async () => {
    const scene = await begin();
    const [writer, reader] = [scene.join(), scene.join()];
    const f = await scene.node("f");
    await writeAhead(writer, f);
    assert.equal((await writer.run("getattr", { node: f })).error, undefined);
    const looked = reader.run("getattr", { node: f });
    await writer.client.until(1);
    assert.equal(writer.client.recalls.length, 1);
    writer.answer();
    await looked;
  },
);

test("what others look at is not written ahead, until they have not for a while", options, async () => {
  const scene = await begin();
  const [writer, reader] = [scene.join(), scene.join()];
  const f = await scene.node("f");
  const handle = await writeAhead(writer, f);
  const looked = reader.run("getattr", { node: f });
  await writer.client.until(1);
  writer.answer();
  await looked;
  const write = { node: f, handle, offset: 0n, data: nameOf("y") };
  const again = writer.run("write", write);
  // It believes what it was told.
  await reader.client.until(1);
  reader.answer();
  assert.equal((await again).leased, false);
  assert.equal((await writer.run("write", write)).leased, false);
});

test("a file that can't be leased is not written ahead", options, async () => {
  const scene = await begin();
  const writer = scene.join({ mayLease: () => false });
  const f = await scene.node("f");
  const handle = await open(writer, f, O_RDWR);
  assert.equal((await writer.run("write", { node: f, handle, offset: 0n, data: nameOf("x") })).leased, false);
});

test(
  "after a restart others wait until a client of before has said that all it answered is here",
  options,
  async () => {
    const scene = await begin(undefined, ["earlier"]);
    const [writer, reader] = [scene.join(), scene.join()];
    const f = await scene.node("f");
    const lookups = [reader.run("getattr", { node: f }), reader.run("lookup", place(scene.root, "f"))];
    for (const looked of lookups) assert.equal(await isSettled(looked), false);
    writer.leases.dropped("earlier");
    for (const looked of lookups) assert.equal(await isSettled(looked), false);
    writer.leases.isBack();
    assert.deepEqual(writer.client.nodes, [undefined]);
    writer.answer();
    for (const looked of lookups) assert.equal((await looked).error, undefined);
  },
);
