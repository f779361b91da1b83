import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, test } from "node:test";
import { setTimeout as delay, setImmediate as turn } from "node:timers/promises";
import { CallContext, LockManager, type NodeId, O_RDWR, rootCaller, rootContext, silentLogger } from "@kedgefs/core";
import { local } from "../local/local.ts";
import type { SessionHandle } from "../session/handle-table.ts";
import { openStateDirectory } from "../state/state-directory.ts";
import { HostLocks } from "./host-locks.ts";
import { LapsedLocks } from "./lapsed-locks.ts";
import { LockGrace } from "./lock-grace.ts";
import { LockMarks } from "./lock-marks.ts";
import { type ReclaimRequest, SessionLocks } from "./session-locks.ts";

const base = fs.mkdtempSync(join(tmpdir(), "kedge-session-locks-"));
after(() => fs.rmSync(base, { recursive: true }));
const enders: (() => void)[] = [];
afterEach(() => {
  for (const end of enders.splice(0).reverse()) end();
});

const whole = { start: 0n, length: 0n } as const;
let count = 0;

/** A client's session, with one file open as handle 1. */
interface Client {
  readonly locks: SessionLocks;
  lock(type: "read" | "write" | "unlock", more?: { wait?: boolean; start?: bigint; length?: bigint }): Promise<void>;
  begin(): { readonly context: CallContext; readonly done: Promise<void>; end(): boolean };
  reclaim(...locks: ReclaimRequest["locks"]): Promise<void>;
}

async function begin({ lockLeaseMs = 60_000, earlier = [] as string[] } = {}) {
  count++;
  const dir = join(base, String(count));
  const data = join(dir, "data");
  fs.mkdirSync(data, { recursive: true });
  fs.writeFileSync(join(data, "file"), "content");
  const state = openStateDirectory(join(dir, "state"));
  const lapsed = new LapsedLocks();
  const manager = new LockManager(new HostLocks((ask) => lapsed.granted(ask, ask.change)));
  const source = local({ path: data, exportName: "x", state, locks: manager });
  const marks = new LockMarks(state.pathOf("locks"));
  const grace = new LockGrace(earlier, 60_000);
  enders.push(
    () => state.close(),
    () => source.close(),
    () => grace.close(),
  );
  const { fileSystem } = source;
  const { node: root } = await fileSystem.root(rootContext());
  const { node } = await fileSystem.lookup({ parent: root, name: Buffer.from("file") }, rootContext());
  let number = 0;
  const client = async (session: string): Promise<Client> => {
    number++;
    const { handle: opened } = await fileSystem.open({ node, flags: O_RDWR }, rootContext());
    const handle: SessionHandle = { local: opened, node, flags: O_RDWR, directory: false };
    const findHandle = (asked: number): SessionHandle | undefined => (asked === 1 ? handle : undefined);
    const own = fileSystem;
    const services = { grace, lapsed, marks, lockLeaseMs };
    const locks = new SessionLocks({ ...services, session, number, fileSystem, own, findHandle, logger: silentLogger });
    enders.push(() => locks.end(false));
    const asked = { node, handle: 1, owner: 7n, kind: "posix", pid: 70 } as const;
    const lock: Client["lock"] = (type, more = {}) => {
      const request = { ...asked, ...whole, wait: false, ...more, type };
      return locks.setlk(request as never, opened, rootContext());
    };
    return {
      locks,
      lock,
      begin() {
        const context = new CallContext(rootCaller);
        locks.begins(5, context);
        const done = locks.setlk({ ...asked, ...whole, type: "write", wait: true } as never, opened, context);
        done.catch(() => {});
        return { context, done, end: () => locks.ended(5, context) };
      },
      reclaim: (...claimed) =>
        locks.reclaim({ node: node as NodeId, handles: [1], owner: 7n, kind: "posix", pid: 70, locks: claimed }),
    };
  };
  return { client, manager, marks, grace, data };
}

const write = { type: "write", ...whole, pid: 0 } as const;

test("owners of one number in two sessions are two", async () => {
  const { client } = await begin();
  const [one, other] = [await client("a"), await client("b")];
  await one.lock("write");
  await assert.rejects(other.lock("read"), { code: "EAGAIN" });
  await one.lock("unlock");
  await other.lock("read");
});

test("a session that holds locks is known to the next life of the server", async () => {
  const { client, marks } = await begin();
  const one = await client("aa");
  assert.deepEqual(marks.sessions, []);
  await one.lock("write");
  assert.deepEqual(marks.sessions, ["aa"]);
  one.locks.end(false);
  assert.deepEqual(marks.sessions, ["aa"]);
  one.locks.end(true);
  assert.deepEqual(marks.sessions, []);
});

test("new locks wait for those of the former life, which are taken back meanwhile", { timeout: 10_000 }, async () => {
  const { client, grace } = await begin({ earlier: ["a"] });
  const [earlier, other] = [await client("a"), await client("b")];
  const waiting = other.lock("read", { start: 100n, length: 1n });
  await earlier.reclaim({ ...write, length: 10n });
  assert.ok(grace.over() !== undefined);
  earlier.locks.reclaimed();
  await waiting;
  await assert.rejects(other.lock("read"), { code: "EAGAIN" });
});

test("a wait for the former life's locks can be interrupted", { timeout: 10_000 }, async () => {
  const { client } = await begin({ earlier: ["a"] });
  const { done, context } = (await client("b")).begin();
  context.abort();
  await assert.rejects(done, { code: "EINTR" });
});

test("a session that nobody waits for can't claim what others could have had", async () => {
  const { client } = await begin();
  const [late, other] = [await client("a"), await client("b")];
  await assert.rejects(late.reclaim(write), { code: "ENOLCK" });
  await other.lock("write");
});

test("a claim makes an owner's locks what it says, and gives back the rest", async () => {
  const { client } = await begin();
  const [one, other] = [await client("a"), await client("b")];
  await one.lock("write", { start: 0n, length: 100n });
  await one.reclaim({ type: "read", start: 10n, length: 10n, pid: 0 });
  await other.lock("write", { start: 0n, length: 10n });
  await other.lock("read", { start: 10n, length: 10n });
  await assert.rejects(other.lock("write", { start: 19n, length: 1n }), { code: "EAGAIN" });
  await one.reclaim();
  await other.lock("write");
  await assert.rejects(one.reclaim({ ...write, length: 10n }), { code: "ENOLCK" });
});

test("what is claimed must make sense", async () => {
  const { client } = await begin({ earlier: ["a"] });
  const one = await client("a");
  await assert.rejects(one.reclaim({ type: "unlock" as never, ...whole, pid: 0 }), { code: "EINVAL" });
  await assert.rejects(one.reclaim({ ...write, start: 2n ** 63n }), { code: "EINVAL" });
  const nowhere = { node: "x" as NodeId, handles: [9], owner: 1n, kind: "posix", pid: 0, locks: [write] } as const;
  await assert.rejects(one.locks.reclaim(nowhere), { code: "EBADF" });
});

/** Lets the locks of a client lapse, which is away. */
async function lapse(client: Client): Promise<void> {
  client.locks.away();
  await delay(60);
}

test("locks of a client that stays away go to others, and it has them back only where nobody had them", {
  timeout: 10_000,
}, async () => {
  const { client, marks } = await begin({ lockLeaseMs: 20 });
  const [one, other] = [await client("a"), await client("b")];
  await one.lock("write", { start: 0n, length: 10n });
  await lapse(one);
  assert.deepEqual(marks.sessions, []);
  await one.reclaim({ ...write, length: 10n });
  await assert.rejects(other.lock("read"), { code: "EAGAIN" });

  await lapse(one);
  await other.lock("write", { start: 50n, length: 1n });
  await one.reclaim({ ...write, length: 10n });

  await lapse(one);
  await other.lock("read", { start: 9n, length: 1n });
  await other.lock("unlock");
  await assert.rejects(one.reclaim({ ...write, length: 10n }), { code: "ENOLCK" });
});

test("a lock that lapsed is lost where the file has changed since", { timeout: 10_000 }, async () => {
  const { client, data } = await begin({ lockLeaseMs: 20 });
  const one = await client("a");
  await one.lock("write");
  await lapse(one);
  fs.writeFileSync(join(data, "file"), "of another process of the host");
  await assert.rejects(one.reclaim(write), { code: "ENOLCK" });
});

test("a client that is back in time keeps its locks", { timeout: 10_000 }, async () => {
  const { client } = await begin({ lockLeaseMs: 20 });
  const [one, other] = [await client("a"), await client("b")];
  await one.lock("write");
  one.locks.away();
  one.locks.back();
  await delay(60);
  await assert.rejects(other.lock("read"), { code: "EAGAIN" });
});

test("what waits when its client stays away is given up without an answer", { timeout: 10_000 }, async () => {
  const { client } = await begin({ lockLeaseMs: 20 });
  const [one, other] = [await client("a"), await client("b")];
  await other.lock("write");
  const { done, end } = one.begin();
  assert.equal(one.locks.running, 1);
  await lapse(one);
  await assert.rejects(done, { code: "EINTR" });
  assert.equal(end(), true);
  assert.equal(one.locks.running, 0);
});

test("an interrupted wait is answered, and a granted one is not taken back", { timeout: 10_000 }, async () => {
  const { client } = await begin();
  const [one, other] = [await client("a"), await client("b")];
  await other.lock("write");
  const waiting = one.begin();
  one.locks.interrupted([4, 5]);
  await assert.rejects(waiting.done, { code: "EINTR" });
  assert.equal(waiting.end(), false);
  const granted = one.begin();
  await turn();
  await other.lock("unlock");
  one.locks.interrupted([5]);
  await granted.done;
  await assert.rejects(other.lock("read"), { code: "EAGAIN" });
});

test("locks go with the handle through which they were made", async () => {
  const { client } = await begin({ lockLeaseMs: 20 });
  const one = await client("a");
  await one.lock("write");
  one.locks.released(1);
  // The file system gives them back; here nothing is left that could be claimed.
  await one.reclaim();
  await assert.rejects(one.reclaim({ ...write, start: 5n, length: 1n }), { code: "ENOLCK" });
});
