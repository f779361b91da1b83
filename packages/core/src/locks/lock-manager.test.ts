import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import { rootContext } from "../call-context.ts";
import { limits } from "../limits.ts";
import { type LockAsk, LockManager, type OutsideLocks } from "./lock-manager.ts";
import { type LockChange, type LockKind, lockEndMax, wholeFile } from "./lock-range.ts";

type Manager = LockManager<string, string>;
type Ask = LockAsk<string, string>;

const ask = (owner: number, type: LockChange["type"], start = 0, end = 9, more: Partial<Ask> = {}): Ask => ({
  file: "f",
  kind: "posix",
  owner: BigInt(owner),
  change: { type, start: BigInt(start), end: BigInt(end) },
  pid: owner,
  through: `handle ${owner}`,
  ...more,
});
const flock = (owner: number, type: LockChange["type"]): Ask =>
  ask(owner, type, 0, 0, { kind: "flock", change: { type, ...wholeFile } });

/** A call that waits: what came of it so far. */
class Wait {
  readonly context = rootContext();
  outcome: string | undefined;
  readonly done: Promise<void>;

  constructor(manager: Manager, asked: Ask) {
    this.done = manager.setlk(asked, this.context).then(
      () => {
        this.outcome = "granted";
      },
      (error: { code: string }) => {
        this.outcome = error.code;
      },
    );
  }
}

const held = (manager: Manager): object[] =>
  manager.records().flatMap(({ owner, ranges }) => ranges.map((range) => ({ owner: Number(owner), ...range })));

test("locks of several owners are granted as byte by byte", async () => {
  const bytes = 8;
  const step = fc.record({
    owner: fc.integer({ min: 1, max: 3 }),
    type: fc.constantFrom("read", "write", "unlock" as const),
    at: fc.tuple(fc.nat(bytes - 1), fc.nat(bytes - 1)),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const manager: Manager = new LockManager();
      const model = Array.from({ length: bytes }, () => new Map<number, "read" | "write">());
      for (const { owner, type, at } of steps) {
        const [start, end] = [Math.min(...at), Math.max(...at)];
        const touched = model.slice(start, end + 1);
        const isFree = touched.every((byte) =>
          [...byte].every(([other, has]) => other === owner || (has === "read" && type === "read")),
        );
        const asked = ask(owner, type, start, end);
        if (type === "unlock" || isFree) {
          if (type !== "unlock") assert.equal(manager.getlk(asked), undefined);
          await manager.setlk(asked);
          for (const byte of touched) {
            if (type === "unlock") byte.delete(owner);
            else byte.set(owner, type);
          }
        } else {
          const blocking = manager.getlk(asked);
          assert.ok(blocking !== undefined);
          assert.equal(model[Math.max(start, Number(blocking.range.start))]?.get(blocking.pid), blocking.range.type);
          await assert.rejects(manager.setlk(asked), { code: "EAGAIN" });
        }
        const now = Array.from({ length: bytes }, () => new Map<number, "read" | "write">());
        for (const { owner: holder, ranges } of manager.records())
          for (const range of ranges)
            for (let byte = range.start; byte <= range.end; byte++) now[Number(byte)]?.set(Number(holder), range.type);
        for (const [byte, owners] of model.entries())
          assert.deepEqual(new Map([...(now[byte] ?? [])].toSorted()), new Map([...owners].toSorted()));
      }
    }),
  );
});

test("who waits is granted the lock when it is given back, in the order of coming", async () => {
  const manager: Manager = new LockManager();
  await manager.setlk(ask(1, "write"));
  const waits = [2, 3, 4].map((owner) => new Wait(manager, ask(owner, owner === 4 ? "read" : "write")));
  await turn();
  assert.deepEqual(
    waits.map(({ outcome }) => outcome),
    [undefined, undefined, undefined],
  );
  await manager.setlk(ask(1, "unlock"));
  await turn();
  assert.deepEqual(
    waits.map(({ outcome }) => outcome),
    ["granted", undefined, undefined],
  );
  await manager.setlk(ask(2, "read"));
  await turn();
  assert.deepEqual(
    waits.map(({ outcome }) => outcome),
    ["granted", undefined, "granted"],
  );
  manager.released("handle 2");
  manager.released("handle 4");
  await turn();
  assert.equal(waits[1]?.outcome, "granted");
  assert.equal(manager.waiting, 0);
});

test("who is interrupted while it waits does not get the lock, and who was granted it keeps it", async () => {
  const manager: Manager = new LockManager();
  await manager.setlk(ask(1, "write"));
  const given = new Wait(manager, ask(2, "write"));
  const kept = new Wait(manager, ask(3, "write"));
  given.context.abort();
  await given.done;
  assert.equal(given.outcome, "EINTR");
  await manager.setlk(ask(1, "unlock"));
  kept.context.abort();
  await kept.done;
  assert.equal(kept.outcome, "granted");
  assert.deepEqual(held(manager), [{ owner: 3, type: "write", start: 0n, end: 9n }]);
});

test("who would wait for itself by way of others is told, also across files", async () => {
  const manager: Manager = new LockManager();
  const on = (file: string) => ({ file });
  await manager.setlk(ask(1, "write", 0, 9, on("a")));
  await manager.setlk(ask(2, "write", 0, 9, on("b")));
  await manager.setlk(ask(3, "write", 0, 9, on("c")));
  const first = new Wait(manager, ask(1, "write", 0, 9, on("b")));
  const second = new Wait(manager, ask(2, "read", 0, 9, on("c")));
  const third = new Wait(manager, ask(3, "write", 5, 5, on("a")));
  await third.done;
  assert.equal(third.outcome, "EDEADLK");
  await manager.setlk(ask(3, "unlock", 0, 9, on("c")));
  await second.done;
  manager.released("handle 2");
  await first.done;
  assert.deepEqual([first.outcome, second.outcome], ["granted", "granted"]);
});

test("a lock that is granted may close a circle of those who wait", async () => {
  const manager: Manager = new LockManager();
  await manager.setlk(ask(1, "write", 0, 0));
  await manager.setlk(ask(2, "write", 5, 5));
  // Two threads of owner 3: one waits for 5, the other for 0, for which owner 2 waits too.
  const waitsForTwo = new Wait(manager, ask(3, "write", 5, 5));
  const waitsForOne = new Wait(manager, ask(3, "write", 0, 0));
  const two = new Wait(manager, ask(2, "write", 0, 0));
  await manager.setlk(ask(1, "unlock", 0, 0));
  await two.done;
  assert.equal(waitsForOne.outcome, "granted");
  assert.equal(two.outcome, "EDEADLK");
  await manager.setlk(ask(2, "unlock", 5, 5));
  await waitsForTwo.done;
});

test("flock waits for ever where fcntl would say EDEADLK", async () => {
  const manager: Manager = new LockManager();
  await manager.setlk({ ...flock(1, "write"), file: "a" });
  await manager.setlk({ ...flock(2, "write"), file: "b" });
  const first = new Wait(manager, { ...flock(1, "write"), file: "b" });
  const second = new Wait(manager, { ...flock(2, "write"), file: "a" });
  await turn();
  assert.deepEqual([first.outcome, second.outcome], [undefined, undefined]);
  first.context.abort();
  second.context.abort();
});

test("a flock that can't be turned into the other kind is lost, as in Linux", async () => {
  const manager: Manager = new LockManager();
  await manager.setlk(flock(1, "read"));
  await manager.setlk(flock(2, "read"));
  await assert.rejects(manager.setlk(flock(1, "write")), { code: "EAGAIN" });
  assert.deepEqual(held(manager), [{ owner: 2, type: "read", start: 0n, end: lockEndMax }]);
});

test("flock and fcntl know nothing of each other", async () => {
  const manager: Manager = new LockManager();
  await manager.setlk(flock(1, "write"));
  await manager.setlk(ask(2, "write"));
  await assert.rejects(manager.setlk(flock(3, "read")), { code: "EAGAIN" });
});

test("locks go with the open file through which they were made, and with the last of several", async () => {
  const manager: Manager = new LockManager();
  await manager.setlk(ask(1, "write", 0, 0, { through: "x" }));
  await manager.setlk(ask(1, "write", 5, 5, { through: "y" }));
  await manager.setlk(ask(2, "write", 9, 9, { through: "x" }));
  const waiting = new Wait(manager, ask(3, "write", 9, 9, { through: "z" }));
  const gone = new Wait(manager, ask(4, "write", 0, 0, { through: "w" }));
  manager.released("w");
  await gone.done;
  assert.equal(gone.outcome, "EBADF");
  manager.released("x");
  await waiting.done;
  assert.deepEqual(held(manager).length, 3);
  manager.released("y");
  assert.deepEqual(held(manager), [{ owner: 3, type: "write", start: 9n, end: 9n }]);
});

test("a file has as many ranges as it may, and no more", async () => {
  const manager: Manager = new LockManager();
  for (let at = 0; at < limits.fileLockRangesMax; at++) await manager.setlk(ask(at % 2, "read", 2 * at, 2 * at));
  await assert.rejects(manager.setlk(ask(5, "read", 1, 1)), { code: "ENOLCK" });
  const [first] = manager.records();
  assert.ok(first !== undefined);
  // One that takes no room is none too many.
  await manager.setlk(ask(0, "read", 1, 3));
  await manager.setlk(ask(0, "unlock", 0, 0));
});

/** Somebody outside, who holds or gives back what a test says. */
class Outside implements OutsideLocks<string, string> {
  isFree = true;
  readonly log: string[] = [];

  take({ owner, change }: Ask): boolean {
    this.log.push(`${owner} ${change.type} ${change.start}: ${this.isFree}`);
    return this.isFree;
  }

  give({ owner }: { owner: bigint }, _change: LockChange, rest: readonly object[]): void {
    this.log.push(`${owner} keeps ${rest.length}`);
  }

  find(): undefined {}
}

test("a lock that somebody outside holds is tried until it is free", { timeout: 10_000 }, async () => {
  const outside = new Outside();
  const manager: Manager = new LockManager(outside);
  outside.isFree = false;
  await assert.rejects(manager.setlk(ask(1, "write")), { code: "EAGAIN" });
  const waiting = new Wait(manager, ask(1, "write"));
  while (outside.log.length < 4) await turn();
  assert.equal(waiting.outcome, undefined);
  outside.isFree = true;
  await waiting.done;
  assert.equal(waiting.outcome, "granted");
  manager.released("handle 1");
  assert.equal(outside.log.at(-1), "1 keeps 0");
});

test("who waits for somebody outside no longer asks", { timeout: 10_000 }, async () => {
  const outside = new Outside();
  outside.isFree = false;
  const manager: Manager = new LockManager(outside);
  const waiting = new Wait(manager, { ...ask(1, "write"), kind: "posix" satisfies LockKind });
  waiting.context.abort();
  await waiting.done;
  assert.equal(waiting.outcome, "EINTR");
  assert.equal(manager.waiting, 0);
});
