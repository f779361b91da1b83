import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CallContext,
  type FileSystem,
  type HandleId,
  limits,
  type Name,
  type NodeId,
  O_RDWR,
  operationNames,
  rootContext,
  S_IFREG,
} from "@kedgefs/core";
import { memory } from "./memory.ts";

const context = rootContext();
const bytes = (name: string): Name => Buffer.from(name);

async function rootOf(fileSystem: FileSystem): Promise<NodeId> {
  return (await fileSystem.root(context)).node;
}

async function makeFile(fileSystem: FileSystem, name: string) {
  const parent = await rootOf(fileSystem);
  return fileSystem.create({ parent, name: bytes(name), mode: 0o644, flags: O_RDWR }, context);
}

test("every operation of the seam is there", () => {
  const fileSystem = memory();
  for (const name of operationNames) assert.equal(typeof fileSystem[name], "function", name);
});

test("a node is ESTALE once its last name and its last handle are gone", async () => {
  const fileSystem = memory();
  const parent = await rootOf(fileSystem);
  const { node, handle } = await makeFile(fileSystem, "file");
  await fileSystem.unlink({ parent, name: bytes("file") }, context);
  assert.equal((await fileSystem.getattr({ node, handle }, context)).attr.nlink, 0);
  await fileSystem.release({ node, handle }, context);
  await assert.rejects(fileSystem.getattr({ node }, context), { code: "ESTALE" });
  await assert.rejects(fileSystem.lookup({ parent: node, name: bytes("x") }, context), { code: "ESTALE" });
});

test("a handle that is unknown, released or of another node is EBADF", async () => {
  const fileSystem = memory();
  const first = await makeFile(fileSystem, "first");
  const second = await makeFile(fileSystem, "second");
  const read = { offset: 0n, size: 1 };
  await assert.rejects(fileSystem.read({ ...read, node: first.node, handle: 999 as HandleId }, context), {
    code: "EBADF",
  });
  await assert.rejects(fileSystem.read({ ...read, node: first.node, handle: second.handle }, context), {
    code: "EBADF",
  });
  await fileSystem.release(first, context);
  await assert.rejects(fileSystem.read({ ...read, ...first }, context), { code: "EBADF" });
});

test("what is no name of one component is EINVAL", async () => {
  const fileSystem = memory();
  const parent = await rootOf(fileSystem);
  for (const name of ["", ".", "..", "a/b", "a\0b"]) {
    await assert.rejects(fileSystem.lookup({ parent, name: bytes(name) }, context), { code: "EINVAL" });
    await assert.rejects(fileSystem.mkdir({ parent, name: bytes(name), mode: 0o755 }, context), { code: "EINVAL" });
  }
});

test("capacity and inodes have an end, and removing gives room again", async () => {
  const fileSystem = memory({ capacityBytes: 8192, inodesMax: 3 });
  const parent = await rootOf(fileSystem);
  const file = await makeFile(fileSystem, "first");
  await fileSystem.write({ ...file, offset: 0n, data: Buffer.alloc(8192) }, context);
  await assert.rejects(fileSystem.write({ ...file, offset: 8192n, data: Buffer.alloc(1) }, context), {
    code: "ENOSPC",
  });
  await fileSystem.release(file, context);
  await makeFile(fileSystem, "second");
  await assert.rejects(makeFile(fileSystem, "third"), { code: "ENOSPC" });
  await fileSystem.unlink({ parent, name: bytes("first") }, context);
  const { bfree, ffree } = await fileSystem.statfs({ node: parent }, context);
  assert.deepEqual({ bfree, ffree }, { bfree: 2n, ffree: 1n });
  await makeFile(fileSystem, "third");
});

test("inode numbers begin past 2^53", async () => {
  const fileSystem = memory();
  const first = await makeFile(fileSystem, "first");
  const second = await makeFile(fileSystem, "second");
  assert.ok(first.attr.ino > BigInt(Number.MAX_SAFE_INTEGER));
  assert.equal(second.attr.ino - first.attr.ino, 1n);
});

test("readdir goes on at any cookie, within the size that was asked for, and always by one entry", async () => {
  const fileSystem = memory();
  const node = await rootOf(fileSystem);
  for (let index = 0; index < 50; index += 1) await makeFile(fileSystem, `file-${index}`);
  const { handle } = await fileSystem.opendir({ node }, context);
  const whole = await fileSystem.readdir({ node, handle, offset: 0n, size: limits.readdirBytesMax }, context);
  assert.equal(whole.entries.length, 52);
  assert.equal(whole.end, true);
  for (const [index, { offset }] of whole.entries.entries()) {
    const rest = await fileSystem.readdir({ node, handle, offset, size: limits.readdirBytesMax }, context);
    assert.deepEqual(rest.entries, whole.entries.slice(index + 1));
  }
  const some = await fileSystem.readdir({ node, handle, offset: 0n, size: 1000 }, context);
  assert.ok(some.entries.length > 1 && some.entries.length < 10 && !some.end);
  const one = await fileSystem.readdir({ node, handle, offset: 0n, size: 1 }, context);
  assert.equal(one.entries.length, 1);
});

test("readdirplus gives each entry but the dots as lookup would, and none to who may not search", async () => {
  const fileSystem = memory();
  const node = await rootOf(fileSystem);
  const file = await makeFile(fileSystem, "file");
  const request = { node, ...(await fileSystem.opendir({ node }, context)), offset: 0n, size: 10_000 };
  const { entries } = await fileSystem.readdirplus(request, context);
  assert.deepEqual(
    entries.map(({ entry }) => entry?.node),
    [undefined, undefined, file.node],
  );
  await fileSystem.setattr({ node, mode: 0o744 }, context);
  const stranger = new CallContext({ uid: 7, gid: 7, groups: [], pid: 0 });
  const seen = await fileSystem.readdirplus(request, stranger);
  assert.ok(seen.entries.every(({ entry }) => entry === undefined));
});

test("a refused setattr changes nothing of what it asks for", async () => {
  const fileSystem = memory();
  const { node, attr } = await makeFile(fileSystem, "file");
  const invalid = { sec: 0, nsec: 1_000_000_000, now: false };
  await assert.rejects(fileSystem.setattr({ node, mode: 0o600, size: 5n, mtime: invalid }, context), {
    code: "EINVAL",
  });
  assert.deepEqual((await fileSystem.getattr({ node }, context)).attr, attr);
});

test("each change has a later ctime than the one before", async () => {
  const fileSystem = memory();
  const { node } = await makeFile(fileSystem, "file");
  let last = 0n;
  for (let turn = 0; turn < 100; turn += 1) {
    const { attr } = await fileSystem.setattr({ node, mode: turn }, context);
    const ctime = BigInt(attr.ctime.sec) * 1_000_000_000n + BigInt(attr.ctime.nsec);
    assert.ok(ctime > last);
    last = ctime;
  }
});

test("a file may end at the last byte that an offset can name, and not behind it", async () => {
  const fileSystem = memory();
  const file = await makeFile(fileSystem, "file");
  const last = 2n ** 63n - 2n;
  await fileSystem.write({ ...file, offset: last, data: bytes("x") }, context);
  assert.equal((await fileSystem.getattr(file, context)).attr.size, 2n ** 63n - 1n);
  await assert.rejects(fileSystem.write({ ...file, offset: last, data: bytes("xy") }, context), { code: "EFBIG" });
  await assert.rejects(fileSystem.setattr({ node: file.node, size: 2n ** 63n }, context), { code: "EFBIG" });
});

test("mknod without type bits makes a regular file", async () => {
  const fileSystem = memory();
  const parent = await rootOf(fileSystem);
  const { attr } = await fileSystem.mknod({ parent, name: bytes("file"), mode: 0o600, rdev: 9 }, context);
  assert.equal(attr.mode, S_IFREG | 0o600);
  assert.equal(attr.rdev, 0);
});

test("what lies past the end of a source overlaps with nothing", async () => {
  const fileSystem = memory();
  const { node, handle } = await makeFile(fileSystem, "file");
  await fileSystem.write({ node, handle, offset: 0n, data: Buffer.from("text") }, context);
  const request = { node, handle, newNode: node, newHandle: handle, length: 4n };
  assert.deepEqual(await fileSystem.copyFileRange({ ...request, offset: 4n, newOffset: 4n }, context), { size: 0 });
  const overlapping = fileSystem.copyFileRange({ ...request, offset: 0n, newOffset: 3n }, context);
  await assert.rejects(overlapping, { code: "EINVAL" });
});

test("truncating a file to the size that it has takes its set-id bits, and no time is changed", async () => {
  const fileSystem = memory();
  const { node, handle } = await makeFile(fileSystem, "file");
  await fileSystem.release({ node, handle }, context);
  const before = (await fileSystem.setattr({ node, mode: 0o4777 }, context)).attr;
  const user = new CallContext({ uid: 7, gid: 7, groups: [], pid: 0 });
  const { attr } = await fileSystem.setattr({ node, size: 0n }, user);
  assert.equal(attr.mode & 0o7777, 0o777);
  assert.deepEqual(attr.mtime, before.mtime);
});
