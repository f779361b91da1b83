import assert from "node:assert/strict";
import { constants } from "node:fs";
import { test } from "node:test";
import { FsError, type NodeId } from "@kedgefs/core";
import { frameOf, nul, struct } from "../test/request-bytes.ts";
import * as decode from "./decode.ts";
import { keepBufferBytesMin, MalformedRequest } from "./request-frame.ts";

const nodes = new Map<number, NodeId>([
  [1, "root" as NodeId],
  [7, "seven" as NodeId],
  [9, "nine" as NodeId],
]);
const nodeOf = (nodeid: number): NodeId => {
  const node = nodes.get(nodeid);
  if (node === undefined) throw new FsError("ESTALE");
  return node;
};
const big = 2n ** 53n + 1n;

test("the header gives opcode, unique, node, uid, gid and pid", () => {
  const frame = frameOf("GETATTR", struct(), { unique: 2n ** 63n + 2n, nodeid: 7n, uid: 4294967294, gid: 5, pid: 77 });
  assert.equal(frame.opcode, 3);
  assert.equal(frame.unique, 2n ** 63n + 2n);
  assert.deepEqual([frame.nodeid, frame.uid, frame.gid, frame.pid], [7, 4294967294, 5, 77]);
});

test("LOOKUP, UNLINK and RMDIR carry a name, of any bytes", () => {
  const name = Buffer.from([0xff, 0x0a, 0xc3]);
  const frame = frameOf("LOOKUP", Buffer.concat([name, Buffer.alloc(1)]), { nodeid: 7n });
  assert.deepEqual(decode.decodeName(frame, nodeOf), { parent: "seven", name });
});

test("a decoded name does not change when the read buffer is used again", () => {
  const frame = frameOf("LOOKUP", nul("stays"));
  const { name } = decode.decodeName(frame, nodeOf);
  frame.buffer.bytes.fill(0);
  assert.equal(Buffer.from(name).toString(), "stays");
});

test("GETATTR carries a handle only if its flag says so", () => {
  const body = (flags: number) => struct([32, flags], [32, 0], [64, 42]);
  assert.deepEqual(decode.decodeGetattr(frameOf("GETATTR", body(1)), nodeOf), { node: "root", handle: 42 });
  assert.deepEqual(decode.decodeGetattr(frameOf("GETATTR", body(0)), nodeOf), { node: "root", handle: undefined });
});

const setattr = (valid: number) =>
  struct(
    [32, valid],
    [32, 0],
    [64, 42],
    [64, big],
    [64, 0],
    [64, -5],
    [64, 1_700_000_000],
    [64, 0],
    [32, 123_456_789],
    [32, 999_999_999],
    [32, 0],
    [32, 0o104755],
    [32, 0],
    [32, 1000],
    [32, 4294967294],
    [32, 0],
  );

test("SETATTR carries the fields whose bits are set, and none else", () => {
  const all = decode.decodeSetattr(frameOf("SETATTR", setattr(0x7f), { nodeid: 9n }), nodeOf);
  assert.deepEqual(all, {
    node: "nine",
    handle: 42,
    mode: 0o4755,
    uid: 1000,
    gid: 4294967294,
    size: big,
    atime: { now: false, sec: -5, nsec: 123_456_789 },
    mtime: { now: false, sec: 1_700_000_000, nsec: 999_999_999 },
  });
  assert.deepEqual(decode.decodeSetattr(frameOf("SETATTR", setattr(0)), nodeOf), { node: "root" });
});

test("SETATTR tells UTIME_NOW from a time", () => {
  const request = decode.decodeSetattr(frameOf("SETATTR", setattr(0x10 | 0x20 | 0x80)), nodeOf);
  assert.equal(request.atime?.now, true);
  assert.equal(request.mtime?.now, false);
});

test("SYMLINK carries the name, then the target", () => {
  const request = decode.decodeSymlink(frameOf("SYMLINK", Buffer.concat([nul("link"), nul("../to/here")])), nodeOf);
  assert.deepEqual(request, { parent: "root", name: Buffer.from("link"), target: Buffer.from("../to/here") });
});

test("MKNOD carries mode with type, device and name", () => {
  const body = struct([32, 0o020644], [32, 0x501], [32, 0o22], [32, 0], nul("tty"));
  const request = decode.decodeMknod(frameOf("MKNOD", body), nodeOf);
  assert.deepEqual(request, { parent: "root", name: Buffer.from("tty"), mode: 0o020644, rdev: 0x501, umask: 0o22 });
});

test("MKDIR carries mode and name", () => {
  const request = decode.decodeMkdir(frameOf("MKDIR", struct([32, 0o1755], [32, 0o22], nul("d"))), nodeOf);
  assert.deepEqual(request, { parent: "root", name: Buffer.from("d"), mode: 0o1755, umask: 0o22 });
});

test("RENAME and RENAME2 carry both names and both directories", () => {
  const names = Buffer.concat([nul("old"), nul("new")]);
  const expected = { parent: "seven", name: Buffer.from("old"), newParent: "nine", newName: Buffer.from("new") };
  const plain = frameOf("RENAME", struct([64, 9], names), { nodeid: 7n });
  assert.deepEqual(decode.decodeRename(plain, nodeOf), { ...expected, flags: 0 });
  const flagged = frameOf("RENAME2", struct([64, 9], [32, 2], [32, 0], names), { nodeid: 7n });
  assert.deepEqual(decode.decodeRename2(flagged, nodeOf), { ...expected, flags: 2 });
});

test("LINK names the old node in its body and the new directory in its header", () => {
  const request = decode.decodeLink(frameOf("LINK", struct([64, 9], nul("second")), { nodeid: 7n }), nodeOf);
  assert.deepEqual(request, { node: "nine", newParent: "seven", newName: Buffer.from("second") });
});

test("OPEN carries the flags of open(2)", () => {
  const request = decode.decodeOpen(frameOf("OPEN", struct([32, 0o101002], [32, 0]), { nodeid: 7n }), nodeOf);
  assert.deepEqual(request, { node: "seven", flags: 0o101002 });
});

test("CREATE carries flags, the mode of a regular file, and the name", () => {
  const body = struct([32, 0o102], [32, 0o640], [32, 0o22], [32, 0], nul("made"));
  const request = decode.decodeCreate(frameOf("CREATE", body), nodeOf);
  assert.deepEqual(request, { parent: "root", name: Buffer.from("made"), flags: 0o102, mode: 0o100640, umask: 0o22 });
});

const reading = (size: number) => struct([64, 42], [64, big], [32, size], [32, 0], [64, 0], [32, 0], [32, 0]);

test("READ carries handle, offset and size, no more than one answer holds", () => {
  const expected = { node: "root", handle: 42, offset: big };
  assert.deepEqual(decode.decodeRead(frameOf("READ", reading(4096)), nodeOf), { ...expected, size: 4096 });
  assert.equal(decode.decodeRead(frameOf("READ", reading(1 << 24)), nodeOf).size, 1 << 20);
});

test("READDIR and READDIRPLUS carry the same, no more than one listing holds", () => {
  assert.equal(decode.decodeReaddir(frameOf("READDIR", reading(4096)), nodeOf).size, 4096);
  assert.equal(decode.decodeReaddir(frameOf("READDIRPLUS", reading(1 << 20)), nodeOf).size, 1 << 18);
});

const writing = (data: Buffer) =>
  struct([64, 42], [64, big], [32, data.length], [32, 0], [64, 0], [32, 0], [32, 0], data);

test("WRITE copies little data and keeps the read buffer for much", () => {
  const little = frameOf("WRITE", writing(Buffer.from("data")));
  const request = decode.decodeWrite(little, nodeOf);
  assert.deepEqual(request, {
    node: "root",
    handle: 42,
    offset: big,
    data: Buffer.from("data"),
    ahead: true,
    writeBack: false,
  });
  assert.equal(little.keepsBuffer, false);
  assert.equal(little.heldBytes, 4);

  const much = frameOf("WRITE", writing(Buffer.alloc(keepBufferBytesMin, 7)));
  const { data } = decode.decodeWrite(much, nodeOf);
  assert.equal(data.buffer, much.buffer.bytes.buffer);
  assert.equal(data.length, keepBufferBytesMin);
  assert.ok(data.every((byte) => byte === 7));
  assert.equal(much.keepsBuffer, true);
  assert.equal(much.heldBytes, much.buffer.bytes.length);
});

test("a WRITE may be answered ahead, but not of dirty pages, nor of a file that is synchronous, direct or appended to", () => {
  const { O_APPEND, O_DIRECT, O_DSYNC, O_RDWR, O_SYNC } = constants;
  const ahead = (writeFlags: number, flags: number) =>
    decode.decodeWrite(
      frameOf("WRITE", struct([64, 42], [64, 0], [32, 0], [32, writeFlags], [64, 0], [32, flags], [32, 0])),
      nodeOf,
    ).ahead;
  assert.equal(ahead(0, O_RDWR), true);
  assert.equal(ahead(1, O_RDWR), false);
  for (const flag of [O_APPEND, O_DIRECT, O_DSYNC, O_SYNC]) assert.equal(ahead(0, O_RDWR | flag), false);
});

test("extended attributes carry their name with its namespace, the value, and what the caller takes", () => {
  const name = Buffer.from("user.x");
  const asked = decode.decodeGetxattr(frameOf("GETXATTR", struct([32, 100], [32, 0], nul("user.x"))), nodeOf);
  assert.deepEqual(asked, { node: "root", name, size: 100 });
  const list = decode.decodeListxattr(frameOf("LISTXATTR", struct([32, 0], [32, 0])), nodeOf);
  assert.deepEqual(list, { node: "root", size: 0 });
  const value = Buffer.from([0, 255, 0]);
  const set = decode.decodeSetxattr(frameOf("SETXATTR", struct([32, 3], [32, 2], nul("user.x"), value)), nodeOf);
  assert.deepEqual(set, { node: "root", name, value, flags: 2 });
  assert.deepEqual(decode.decodeRemovexattr(frameOf("REMOVEXATTR", nul("user.x")), nodeOf), { node: "root", name });
  const cut = frameOf("SETXATTR", struct([32, 4], [32, 2], nul("user.x"), value));
  assert.throws(() => decode.decodeSetxattr(cut, nodeOf), MalformedRequest);
});

test("a lock has its owner, range, kind and process, and reaches to the end where the kernel says so", () => {
  const lock = (start: bigint, end: bigint, type: number, flags: number) =>
    frameOf("SETLKW", struct([64, 42], [64, big], [64, start], [64, end], [32, type], [32, 77], [32, flags], [32, 0]));
  const of = { node: "root", handle: 42, owner: big, pid: 77 };
  const max = 2n ** 63n - 1n;
  assert.deepEqual(decode.decodeGetlk(lock(5n, 9n, 0, 0), nodeOf), {
    ...{ ...of, kind: "posix", type: "read" },
    ...{ start: 5n, length: 5n },
  });
  assert.deepEqual(decode.decodeSetlk(true)(lock(0n, max, 1, 1), nodeOf), {
    ...{ ...of, kind: "flock", type: "write" },
    ...{ start: 0n, length: 0n, wait: true },
  });
  assert.deepEqual(decode.decodeSetlk(false)(lock(max - 1n, max - 1n, 2, 0), nodeOf), {
    ...{ ...of, kind: "posix", type: "unlock" },
    ...{ start: max - 1n, length: 1n, wait: false },
  });
  assert.throws(() => decode.decodeGetlk(lock(0n, 0n, 3, 0), nodeOf), { code: "EINVAL" });
  assert.throws(() => decode.decodeGetlk(lock(1n, 0n, 0, 0), nodeOf), { code: "EINVAL" });
});

test("a close says whose process makes it", () => {
  const flush = frameOf("FLUSH", struct([64, 42], [32, 0], [32, 0], [64, big]));
  assert.deepEqual(decode.decodeFlush(flush, nodeOf), { node: "root", handle: 42, lockOwner: big });
});

test("FALLOCATE, LSEEK and COPY_FILE_RANGE carry their ranges, exact to 64 bits", () => {
  const fallocate = frameOf("FALLOCATE", struct([64, 42], [64, big], [64, 7], [32, 3], [32, 0]));
  assert.deepEqual(decode.decodeFallocate(fallocate, nodeOf), {
    node: "root",
    handle: 42,
    offset: big,
    length: 7n,
    mode: 3,
  });
  const lseek = frameOf("LSEEK", struct([64, 42], [64, big], [32, 4], [32, 0]));
  assert.deepEqual(decode.decodeLseek(lseek, nodeOf), { node: "root", handle: 42, offset: big, whence: 4 });
  const copy = frameOf("COPY_FILE_RANGE", struct([64, 42], [64, big], [64, 9], [64, 43], [64, 5], [64, 6], [64, 0]));
  assert.deepEqual(decode.decodeCopyFileRange(copy, nodeOf), {
    ...{ node: "root", handle: 42, offset: big },
    ...{ newNode: "nine", newHandle: 43, newOffset: 5n, length: 6n },
  });
});

test("TMPFILE carries all that CREATE does, but no name", () => {
  const body = Buffer.concat([struct([32, 0o20200002], [32, 0o640], [32, 0o22], [32, 0]), nul("/")]);
  const request = decode.decodeTmpfile(frameOf("TMPFILE", body), nodeOf);
  assert.deepEqual(request, { parent: "root", flags: 0o20200002, mode: 0o100640, umask: 0o22 });
});

test("IOCTL carries a handle, a command and what that takes", () => {
  const ioctl = (command: number, argument: Uint8Array) =>
    frameOf(
      "IOCTL",
      Buffer.concat([struct([64, 42], [32, 0], [32, command], [64, 0], [32, argument.length], [32, 0]), argument]),
    );
  const setflags = ioctl(0x40086602, struct([32, 0x80000010]));
  assert.equal(decode.ioctlCommand(setflags), 0x40086602);
  assert.deepEqual(decode.decodeSetflags(setflags, nodeOf), { node: "root", handle: 42, flags: 0x80000010 });
  const fsxattr = Buffer.alloc(28, 7);
  const fssetxattr = decode.decodeFssetxattr(ioctl(0x401c5820, fsxattr), nodeOf);
  assert.deepEqual(fssetxattr, { node: "root", handle: 42, fsxattr });
  assert.throws(() => decode.decodeFssetxattr(ioctl(0x401c5820, fsxattr.subarray(1)), nodeOf), MalformedRequest);
});

test("FLUSH, RELEASE and RELEASEDIR carry the handle", () => {
  const body = struct([64, 42], [32, 0], [32, 0], [64, 0]);
  assert.deepEqual(decode.decodeHandle(frameOf("FLUSH", body), nodeOf), { node: "root", handle: 42 });
});

test("FSYNC and FSYNCDIR tell fdatasync from fsync", () => {
  const body = (flags: number) => struct([64, 42], [32, flags], [32, 0]);
  const expected = { node: "root", handle: 42 };
  assert.deepEqual(decode.decodeFsync(frameOf("FSYNC", body(1)), nodeOf), { ...expected, datasync: true });
  assert.deepEqual(decode.decodeFsync(frameOf("FSYNCDIR", body(0)), nodeOf), { ...expected, datasync: false });
});

test("ACCESS carries the mask, READLINK, OPENDIR and STATFS the node alone", () => {
  assert.deepEqual(decode.decodeAccess(frameOf("ACCESS", struct([32, 6], [32, 0])), nodeOf), { node: "root", mask: 6 });
  assert.deepEqual(decode.decodeNode(frameOf("STATFS", struct(), { nodeid: 9n }), nodeOf), { node: "nine" });
});

test("what is too short, or a name that does not end, is malformed", () => {
  assert.throws(() => decode.decodeSetattr(frameOf("SETATTR", setattr(0).subarray(0, 80)), nodeOf), MalformedRequest);
  assert.throws(() => decode.decodeName(frameOf("LOOKUP", Buffer.from("endless")), nodeOf), MalformedRequest);
  assert.throws(() => decode.decodeSymlink(frameOf("SYMLINK", nul("no target")), nodeOf), MalformedRequest);
  const lying = writing(Buffer.from("data"));
  lying.writeUInt32LE(5, 16);
  assert.throws(() => decode.decodeWrite(frameOf("WRITE", lying), nodeOf), MalformedRequest);
});

test("an unknown node is ESTALE and a name that is too long ENAMETOOLONG", () => {
  const unknown = frameOf("STATFS", struct(), { nodeid: 8n });
  assert.throws(() => decode.decodeNode(unknown, nodeOf), { code: "ESTALE" });
  const long = frameOf("LOOKUP", nul("n".repeat(256)));
  assert.throws(() => decode.decodeName(long, nodeOf), { code: "ENAMETOOLONG" });
});
