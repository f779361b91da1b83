import assert from "node:assert/strict";
import { test } from "node:test";
import type { Attr, DirEntry, HandleId, NodeId } from "@kedgefs/core";
import type { Believe } from "../beliefs.ts";
import { NodeTable } from "../node-table.ts";
import { type Field, struct } from "../test/request-bytes.ts";
import { OUT_HEADER_BYTES } from "./constants.ts";
import { type EncodeOptions, fittingEntries, ReplyEncoder } from "./encode.ts";

const attr: Attr = {
  ino: 2n ** 60n + 1n,
  mode: 0o100644,
  nlink: 2,
  uid: 4294967294,
  gid: 1000,
  rdev: 0x501,
  size: 2n ** 53n + 1n,
  blocks: 2n ** 44n,
  blksize: 65536,
  atime: { sec: -1, nsec: 1 },
  mtime: { sec: 1_700_000_000, nsec: 999_999_999 },
  ctime: { sec: 2 ** 33, nsec: 3 },
  btime: { sec: 0, nsec: 0 },
};
const encodedAttr = (blksize = 65536): readonly Field[] => [
  [64, attr.ino],
  [64, attr.size],
  [64, attr.blocks],
  [64, -1],
  [64, 1_700_000_000],
  [64, 2 ** 33],
  [32, 1],
  [32, 999_999_999],
  [32, 3],
  [32, attr.mode],
  [32, 2],
  [32, attr.uid],
  [32, attr.gid],
  [32, attr.rdev],
  [32, blksize],
  [32, 0],
];
const handle = 42 as HandleId;
const node = "a" as NodeId;
const never: Believe = { attrMs: () => 0, nameMs: () => 0 };

function setup(options: Partial<EncodeOptions> = {}) {
  const nodes = new NodeTable("root" as NodeId, () => {});
  const encoder = new ReplyEncoder(nodes, { entryTimeoutSec: 0, attrTimeoutSec: 0, directIo: false, ...options });
  const body = (bodyBytes: number): Buffer => encoder.bytes.subarray(OUT_HEADER_BYTES, OUT_HEADER_BYTES + bodyBytes);
  return { nodes, encoder, body };
}

test("an entry has a nodeid, generation 0, its timeouts and its attributes, and counts a reference", () => {
  const { nodes, encoder, body } = setup({ entryTimeoutSec: 1.5, attrTimeoutSec: 2.25 });
  const bytes = body(encoder.entry({ node: "a" as NodeId, attr }, never));
  assert.deepEqual(
    bytes,
    struct([64, 2], [64, 0], [64, 1], [64, 2], [32, 500_000_000], [32, 250_000_000], ...encodedAttr()),
  );
  assert.deepEqual(encoder.takeGranted(), [nodes.find("a" as NodeId)]);
  assert.deepEqual(encoder.takeGranted(), []);
});

test("attributes are exact to 64 bits, with times before 1970 and after 2106", () => {
  const { encoder, body } = setup();
  assert.deepEqual(body(encoder.attr(node, { attr }, never)), struct([64, 0], [32, 0], [32, 0], ...encodedAttr()));
});

test("a blksize that is no power of two becomes 4096", () => {
  const { encoder, body } = setup();
  for (const blksize of [0, 1, 3000, -4096, 2 ** 40]) {
    const bytes = body(encoder.attr(node, { attr: { ...attr, blksize } }, never));
    assert.deepEqual(bytes, struct([64, 0], [32, 0], [32, 0], ...encodedAttr(4096)), `blksize ${blksize}`);
  }
});

test("an opened file has its handle, and direct I/O where the mount says so, a directory has not", () => {
  const plain = setup();
  assert.deepEqual(plain.body(plain.encoder.open(handle)), struct([64, 42], [32, 0], [32, 0]));
  const direct = setup({ directIo: true });
  assert.deepEqual(direct.body(direct.encoder.open(handle)), struct([64, 42], [32, 1], [32, 0]));
  assert.deepEqual(direct.body(direct.encoder.opendir(handle)), struct([64, 42], [32, 0], [32, 0]));
});

test("a created file is an entry and an opened file", () => {
  const { encoder, body } = setup();
  const bytes = body(encoder.create({ node: "a" as NodeId, attr }, handle, never));
  const zeros: readonly Field[] = [
    [64, 0],
    [64, 0],
    [64, 0],
    [32, 0],
    [32, 0],
  ];
  assert.deepEqual(bytes, struct([64, 2], ...zeros, ...encodedAttr(), [64, 42], [32, 0], [32, 0]));
});

test("statfs and write replies", () => {
  const { encoder, body } = setup();
  const statFs = {
    blocks: 2n ** 55n,
    bfree: 3n,
    bavail: 2n,
    files: 9n,
    ffree: 8n,
    bsize: 4096,
    frsize: 512,
    namelen: 255,
  };
  encoder.bytes.fill(0xff);
  assert.deepEqual(
    body(encoder.statfs(statFs)),
    struct([64, 2n ** 55n], [64, 3], [64, 2], [64, 9], [64, 8], [32, 4096], [32, 255], [32, 512], Buffer.alloc(28)),
  );
  assert.deepEqual(body(encoder.written(4096)), struct([32, 4096], [32, 0]));
});

test("an attribute's value is as it is, or its length alone, or too long", () => {
  const { encoder, body } = setup();
  const value = Buffer.from("value");
  assert.equal(encoder.sized(value, { size: 5 }), value);
  assert.deepEqual(body(encoder.sized(value, { size: 0 }) as number), struct([32, 5], [32, 0]));
  assert.throws(() => encoder.sized(value, { size: 4 }), { code: "ERANGE" });
});

test("positions and lengths of 64 bits are exact", () => {
  const { encoder, body } = setup();
  assert.deepEqual(body(encoder.number64(2n ** 63n - 1n)), struct([64, 2n ** 63n - 1n]));
});

test("the answer to a command follows a result that is none", () => {
  const { encoder, body } = setup();
  encoder.bytes.fill(0x55);
  assert.deepEqual(body(encoder.ioctl(struct([32, 0x20]))), struct([64, 0], [64, 0], [32, 0x20]));
});

test("statx tells the birth time where there is one, and devices in two numbers", () => {
  const { encoder, body } = setup({ attrTimeoutSec: 2.25 });
  const time = (sec: number, nsec: number): Field[] => [
    [64, sec],
    [32, nsec],
    [32, 0],
  ];
  const expected = (btime: { sec: number; nsec: number }, mask: number): Buffer =>
    struct(
      ...([
        [64, 2],
        [32, 250_000_000],
        [32, 0],
        [64, 0],
        [64, 0],
      ] as Field[]),
      ...([
        [32, mask],
        [32, 65536],
        [64, 0],
        [32, 2],
        [32, attr.uid],
        [32, 1000],
        [16, attr.mode],
        [16, 0],
      ] as Field[]),
      ...([
        [64, attr.ino],
        [64, attr.size],
        [64, attr.blocks],
        [64, 0],
      ] as Field[]),
      ...time(-1, 1),
      ...time(btime.sec, btime.nsec),
      ...time(2 ** 33, 3),
      ...time(1_700_000_000, 999_999_999),
      ...([
        [32, 5],
        [32, 1],
        [32, 0],
        [32, 0],
      ] as Field[]),
      Buffer.alloc(14 * 8),
    );
  assert.deepEqual(body(encoder.statx(node, { attr }, never)), expected(attr.btime, 0x7ff));
  const btime = { sec: 1_600_000_000, nsec: 7 };
  assert.deepEqual(body(encoder.statx(node, { attr: { ...attr, btime } }, never)), expected(btime, 0xfff));
});

test("the header has the whole length, the error and the unique", () => {
  const { encoder } = setup();
  encoder.header(2n ** 63n + 2n, -2, 8);
  assert.deepEqual(encoder.headerBytes, struct([32, 24], [32, -2], [64, 2n ** 63n + 2n]));
});

const dirEntry = (name: string, extra: Partial<DirEntry> = {}): DirEntry => {
  return { name: Buffer.from(name), ino: 2n ** 63n, type: 8, offset: 2n ** 62n, ...extra };
};

test("directory entries are padded to 8 bytes with zeros", () => {
  const { encoder, body } = setup();
  encoder.bytes.fill(0xff);
  const bytes = body(encoder.dirents([dirEntry("."), dirEntry("exactly8")]));
  const fixed = (length: number): readonly Field[] => [
    [64, 2n ** 63n],
    [64, 2n ** 62n],
    [32, length],
    [32, 8],
  ];
  assert.deepEqual(bytes, struct(...fixed(1), Buffer.from(".\0\0\0\0\0\0\0"), ...fixed(8), Buffer.from("exactly8")));
});

test("entries with attributes count a reference each, those without have nodeid 0", () => {
  const { nodes, encoder, body } = setup();
  encoder.bytes.fill(0xff);
  const entry = { node: "a" as NodeId, attr };
  const length = encoder.dirents([dirEntry("."), dirEntry("file", { entry }), dirEntry("link", { entry })], never);
  const bytes = body(length);
  assert.equal(length, 3 * (128 + 32));
  assert.deepEqual(bytes.subarray(0, 128), Buffer.alloc(128));
  assert.equal(bytes.readBigUInt64LE(160), 2n);
  assert.equal(bytes.readBigUInt64LE(320), 2n);
  assert.equal(nodes.find("a" as NodeId)?.lookups, 2);
  assert.equal(encoder.takeGranted().length, 2);
});

test("as many entries are taken as fit, and none fitting is an error and not the end", () => {
  const entries = [dirEntry("1234567"), dirEntry("12345678"), dirEntry("123456789")];
  assert.equal(fittingEntries(entries, 32 + 32 + 40, false), entries);
  assert.equal(fittingEntries(entries, 32 + 32 + 39, false).length, 2);
  assert.equal(fittingEntries(entries, 128 + 32, true).length, 1);
  assert.throws(() => fittingEntries(entries, 31, false), RangeError);
  assert.equal(fittingEntries([], 31, false).length, 0);
});

test("a lock in the way is told with its last byte, and none as F_UNLCK", () => {
  const { encoder, body } = setup();
  const max = 2n ** 63n - 1n;
  const told = (lock: Parameters<typeof encoder.lock>[0]): Buffer => Buffer.from(body(encoder.lock(lock)));
  assert.deepEqual(
    told({ type: "write", start: 5n, length: 5n, pid: 77 }),
    struct([64, 5], [64, 9], [32, 1], [32, 77]),
  );
  assert.deepEqual(told({ type: "read", start: 5n, length: 0n, pid: 0 }), struct([64, 5], [64, max], [32, 0], [32, 0]));
  assert.deepEqual(told(undefined), struct([64, 0], [64, max], [32, 2], [32, 0]));
});
