import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { type FileSystem, type HandleId, type NodeId, O_RDONLY, O_RDWR, rootContext } from "@kedgefs/core";
import { flock, getlk, setlk, unflock } from "@kedgefs/posix";
import { type Local, local } from "../local/local.ts";
import { openStateDirectory } from "../state/state-directory.ts";

const base = fs.mkdtempSync(join(tmpdir(), "kedge-locks-"));
const state = openStateDirectory(join(base, "state"));
const data = join(base, "data");
fs.mkdirSync(data);
const source: Local = local({ path: data, exportName: "x", state });
const { fileSystem } = source;
after(() => {
  source.close();
  state.close();
  fs.rmSync(base, { recursive: true });
});

let count = 0;
interface Scene {
  readonly node: NodeId;
  /** Another open file of this process, which the server's file system knows nothing of. */
  readonly outside: number;
  open(flags?: number): Promise<HandleId>;
  lock(handle: HandleId, type: "read" | "write" | "unlock", owner: number, kind?: "posix" | "flock"): Promise<void>;
}

async function begin(): Promise<Scene> {
  count++;
  const name = `file${count}`;
  fs.writeFileSync(join(data, name), "content");
  const outside = fs.openSync(join(data, name), "r+");
  after(() => fs.closeSync(outside));
  const { node: root } = await fileSystem.root(rootContext());
  const { node } = await fileSystem.lookup({ parent: root, name: Buffer.from(name) }, rootContext());
  return {
    node,
    outside,
    open: async (flags = O_RDWR) => (await fileSystem.open({ node, flags }, rootContext())).handle,
    lock: (handle, type, owner, kind = "posix") => {
      const whole = { type, start: 0n, length: 0n, pid: 7, wait: false } as const;
      return fileSystem.setlk({ node, handle, owner: BigInt(owner), kind, ...whole }, rootContext());
    },
  };
}
const whole = { start: 0n, length: 0n } as const;
const release = (node: NodeId, handle: HandleId): Promise<void> => fileSystem.release({ node, handle }, rootContext());

test("locks of clients and of other processes are in each other's way", async () => {
  const { node, outside, open, lock } = await begin();
  const handle = await open();
  await lock(handle, "write", 1);
  assert.equal(setlk(outside, { type: "read", ...whole }), false);
  await lock(handle, "read", 1);
  assert.equal(setlk(outside, { type: "read", ...whole }), true);
  await assert.rejects(lock(handle, "write", 1), { code: "EAGAIN" });
  const asked = { node, handle, owner: 1n, kind: "posix", type: "write", pid: 7, ...whole } as const;
  assert.deepEqual(await fileSystem.getlk(asked, rootContext()), {
    lock: { type: "read", start: 0n, length: 0n, pid: 0 },
    owner: undefined,
  });
  await release(node, handle);
  assert.equal(setlk(outside, { type: "write", ...whole }), true);
});

test("a read lock becomes a write lock by a second open file of its owner, and nobody gets in between", async () => {
  const { node, outside, open, lock } = await begin();
  const [reading, writing] = [await open(O_RDONLY), await open()];
  await lock(reading, "read", 1);
  await lock(writing, "write", 1);
  assert.equal(getlk(outside, { type: "read", ...whole })?.type, "write");
  await lock(writing, "unlock", 1);
  assert.equal(getlk(outside, { type: "write", ...whole }), undefined);
  await release(node, reading);
  await release(node, writing);
});

test("flock of clients and of other processes exclude each other", async () => {
  const { node, outside, open, lock } = await begin();
  const handle = await open(O_RDONLY);
  await lock(handle, "write", 1, "flock");
  const asked = { exclusive: false, nonblocking: true };
  assert.equal(flock(outside, asked), false);
  await lock(handle, "read", 1, "flock");
  assert.equal(flock(outside, asked), true);
  await assert.rejects(lock(handle, "write", 1, "flock"), { code: "EAGAIN" });
  unflock(outside);
  assert.equal(flock(outside, { ...asked, exclusive: true }), true, "what could not be converted is lost");
  unflock(outside);
  await release(node, handle);
});

test("who waits for another process gets the lock when that gives it back", { timeout: 20_000 }, async () => {
  const { node, outside, open } = await begin();
  const handle = await open();
  assert.equal(setlk(outside, { type: "write", ...whole }), true);
  const asked = { node, handle, owner: 1n, kind: "posix", type: "write", pid: 7, wait: true, ...whole } as const;
  const granted = fileSystem.setlk(asked, rootContext());
  setlk(outside, { type: "unlock", ...whole });
  await granted;
  assert.equal(setlk(outside, { type: "read", ...whole }), false);
  await release(node, handle);
});

test("no descriptor is left when all is given back", async () => {
  const open = (): number => fs.readdirSync("/proc/self/fd").length;
  const { node, open: openFile, lock } = await begin();
  const handle = await openFile();
  const before = open();
  for (let owner = 1; owner <= 20; owner++) await lock(handle, "read", owner);
  assert.equal(open(), before + 20);
  for (let owner = 1; owner <= 10; owner++) await lock(handle, "unlock", owner);
  await release(node, handle);
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const look = (): void => {
    if (open() < before) resolve();
    else setTimeout(look, 5);
  };
  look();
  await closed;
});

test("a request through a file that is not open for it is refused", async () => {
  const { node, open, lock } = await begin();
  const reading = await open(O_RDONLY);
  await assert.rejects(lock(reading, "write", 1), { code: "EBADF" });
  await assert.rejects(lock(99 as HandleId, "read", 1), { code: "EBADF" });
  const bad = { node, handle: reading, owner: 1n, kind: "posix", type: "read", pid: 0, wait: false } as const;
  const setlkWith = (fields: object): Promise<void> =>
    (fileSystem as FileSystem).setlk({ ...bad, ...whole, ...fields }, rootContext());
  await assert.rejects(setlkWith({ kind: "none" }), { code: "EINVAL" });
  await assert.rejects(setlkWith({ start: 2n ** 64n - 1n }), { code: "EINVAL" });
  await assert.rejects(setlkWith({ start: 2n ** 62n, length: 2n ** 63n }), { code: "EOVERFLOW" });
  await release(node, reading);
});
