import assert from "node:assert/strict";
import { test } from "node:test";
import { frameOf, struct } from "../test/request-bytes.ts";
import { INIT_OUT_BYTES, init, init2 } from "./constants.ts";
import { answerInit, decodeInit, type InitAnswer, type KernelOffer } from "./init.ts";

const options = { maxWriteBytes: 1 << 20, readaheadBytes: 4 << 20, directIo: false };
const everything: KernelOffer = { major: 7, minor: 45, maxReadaheadBytes: 131072, flags: -1, flags2: -1 };

function agreed(answer: InitAnswer): Buffer {
  if (answer.kind !== "agreed") throw new Error(`the answer is ${answer.kind}`);
  assert.equal(answer.body.length, INIT_OUT_BYTES);
  return answer.body;
}

test("a kernel's offer is read with and without the extension", () => {
  const short = frameOf("INIT", struct([32, 7], [32, 31], [32, 131072], [32, 0x3fffffff]));
  assert.deepEqual(decodeInit(short), { major: 7, minor: 31, maxReadaheadBytes: 131072, flags: 0x3fffffff, flags2: 0 });
  const long = frameOf("INIT", struct([32, 7], [32, 45], [32, 131072], [32, 1 << 30], [32, 0x10], Buffer.alloc(44)));
  assert.deepEqual(decodeInit(long), { ...everything, flags: 1 << 30, flags2: 0x10 });
});

test("of all flags the driver takes those that it means", () => {
  const body = agreed(answerInit(everything, { ...options, leasesNames: true, defaultPermissions: true }));
  const flags = body.readUInt32LE(12);
  const taken = Object.values(init).reduce((all, flag) => all | flag, 0);
  assert.equal(flags, (taken & ~init.HANDLE_KILLPRIV) >>> 0);
  // Caches that could lie.
  const refused = {
    READDIRPLUS_AUTO: 14,
    WRITEBACK_CACHE: 16,
    NO_OPEN_SUPPORT: 17,
  };
  for (const [name, bit] of Object.entries(refused)) assert.equal(flags & (1 << bit), 0, name);
  assert.equal(body.readUInt32LE(32), 0);
});

test("ACLs are the kernel's to check where it checks permission", () => {
  const flags = agreed(answerInit(everything, { ...options, defaultPermissions: false })).readUInt32LE(12);
  assert.equal(flags & init.POSIX_ACL, 0);
});

test("a kernel that does not know who may keep set-id bits leaves their clearing to the FileSystem as well", () => {
  const offer = { ...everything, flags: everything.flags & ~init.HANDLE_KILLPRIV_V2 };
  const flags = agreed(answerInit(offer, options)).readUInt32LE(12);
  assert.notEqual(flags & init.HANDLE_KILLPRIV, 0);
  assert.equal(flags & init.HANDLE_KILLPRIV_V2, 0);
});

test("listings with attributes are asked for where names may be told", () => {
  const asked = (offer: KernelOffer, leasesNames: boolean): number =>
    agreed(answerInit(offer, { ...options, leasesNames })).readUInt32LE(12) & init.DO_READDIRPLUS;
  assert.notEqual(asked(everything, true), 0);
  assert.equal(asked(everything, false), 0);
  assert.equal(asked({ ...everything, minor: 43 }, true), 0);
});

test("nothing is asked for that the kernel does not offer", () => {
  const body = agreed(answerInit({ ...everything, minor: 31, flags: init.ASYNC_READ, flags2: 0 }, options));
  assert.equal(body.readUInt32LE(12), init.ASYNC_READ);
});

test("versions, limits and sizes are in their places", () => {
  const body = agreed(answerInit(everything, options));
  assert.deepEqual([body.readUInt32LE(0), body.readUInt32LE(4)], [7, 39]);
  assert.equal(body.readUInt32LE(8), 4 << 20);
  assert.deepEqual([body.readUInt16LE(16), body.readUInt16LE(18)], [64, 48]);
  assert.equal(body.readUInt32LE(20), 1 << 20);
  assert.equal(body.readUInt32LE(24), 1);
  assert.equal(body.readUInt16LE(28), 256);
  assert.equal(agreed(answerInit({ ...everything, minor: 31 }, options)).readUInt32LE(4), 31);
});

test("without FUSE_MAX_PAGES a write has at most 32 pages", () => {
  const body = agreed(answerInit({ ...everything, flags: init.BIG_WRITES }, options));
  assert.equal(body.readUInt32LE(20), 32 * 4096);
});

test("direct_io asks for shared memory maps where the kernel can do them", () => {
  const asking = { ...options, directIo: true };
  assert.equal(agreed(answerInit(everything, asking)).readUInt32LE(32), init2.DIRECT_IO_ALLOW_MMAP);
  assert.equal(agreed(answerInit({ ...everything, flags2: 0 }, asking)).readUInt32LE(32), 0);
});

test("a newer major version is asked to speak ours, an older kernel is refused", () => {
  const again = answerInit({ ...everything, major: 8, minor: 0 }, options);
  assert.equal(again.kind, "again");
  assert.equal(answerInit({ ...everything, minor: 30 }, options).kind, "refused");
  assert.equal(answerInit({ ...everything, major: 6 }, options).kind, "refused");
});
