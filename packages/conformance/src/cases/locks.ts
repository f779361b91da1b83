import assert from "node:assert/strict";
import type { CaseContext, ConformanceCase } from "../case.ts";
import { Locker } from "../helper/locker.ts";

const needs = ["locks"] as const;
const refused = { code: "EAGAIN" };
/** How long a call that should wait is watched for not ending, milliseconds. */
const watchMs = 150;

/** A case with two programs on one file. */
const withTwo = (
  name: string,
  run: (one: Locker, other: Locker, context: CaseContext) => Promise<void>,
): ConformanceCase => ({
  name,
  needs,
  run: async (context) => {
    const file = context.path("file");
    await context.fs.writeFile(file, "content");
    await using scene = await Locker.openAll([file, file]);
    const [one, other] = scene.all;
    assert.ok(one && other);
    await run(one, other, context);
  },
});

const flockCases: readonly ConformanceCase[] = [
  withTwo("flock: shared locks get on with each other, an exclusive one with none", async (one, other) => {
    await one.run("flock(SH)");
    await other.run("flock(SH | NB)");
    await assert.rejects(other.run("flock(EX | NB)"), refused);
    await one.run("flock(UN)");
    await other.run("flock(EX | NB)");
    await assert.rejects(one.run("flock(SH | NB)"), refused);
  }),
  withTwo("flock: a lock that can't be turned into an exclusive one is lost", async (one, other) => {
    await one.run("flock(SH)");
    await other.run("flock(SH)");
    await assert.rejects(one.run("flock(EX | NB)"), refused);
    await other.run("flock(EX | NB)");
    await other.run("flock(SH | NB)");
    await one.run("flock(SH | NB)");
  }),
  withTwo("flock: who waits gets the lock when it is given back", async (one, other) => {
    await one.run("flock(EX)");
    const waiting = other.begin("flock(EX)");
    assert.equal(await waiting.within(watchMs), "waits");
    await one.run("flock(UN)");
    await waiting.done;
    await assert.rejects(one.run("flock(SH | NB)"), refused);
  }),
  withTwo(
    "flock: two opens in one process exclude each other, and a duplicate is the same open",
    async (one, other) => {
      await one.run("flock(EX)");
      await one.run("second = another(); copy = os.dup(fd)");
      await assert.rejects(one.run("flock(EX | NB, second)"), refused);
      await one.run("flock(SH | NB, copy)");
      await one.run("flock(SH | NB, second)");
      await one.run("os.close(second)");
      await one.run("os.close(fd)");
      await assert.rejects(other.run("flock(EX | NB)"), refused);
      await one.run("os.close(copy)");
      await other.run("flock(EX)");
    },
  ),
  withTwo("flock: a child shares the lock, and may give it back", async (one, other) => {
    await one.run("flock(EX)");
    assert.equal(await one.run("forked(lambda: flock(EX | NB))"), "None");
    await assert.rejects(other.run("flock(SH | NB)"), refused);
    assert.equal(await one.run("forked(lambda: flock(UN))"), "None");
    await other.run("flock(EX | NB)");
  }),
  withTwo("flock: a file that is open for reading alone can be locked exclusively", async (one, other) => {
    await one.run("reading = another(os.O_RDONLY); flock(EX, reading)");
    await assert.rejects(other.run("flock(SH | NB)"), refused);
  }),
  withTwo("flock: fcntl knows nothing of it", async (one, other) => {
    await one.run("flock(EX)");
    await other.run("setlk(W)");
    assert.equal(await one.run("setlk(U)"), null);
  }),
];

const fcntlCases: readonly ConformanceCase[] = [
  withTwo(
    "fcntl: a read lock keeps writers out, a write lock everybody, each from its bytes alone",
    async (one, other) => {
      await one.run("setlk(R, 10, 10)");
      await other.run("setlk(R, 15, 1)");
      await assert.rejects(other.run("setlk(W, 19, 5)"), refused);
      await other.run("setlk(W, 20, 5); setlk(W, 0, 10)");
      await one.run("setlk(W, 10, 5)");
      await assert.rejects(other.run("setlk(R, 14, 1)"), refused);
      await assert.rejects(one.run("setlk(W, 15, 1)"), refused);
    },
  ),
  withTwo("fcntl: a lock is split, shortened, turned into the other kind and joined", async (one, other) => {
    await one.run("setlk(W, 0, 100)");
    await one.run("setlk(U, 40, 20)");
    assert.deepEqual(((await other.run("getlk(R)")) as unknown[]).slice(0, 3), ["W", 0, 40]);
    assert.deepEqual(((await other.run("getlk(R, 40)")) as unknown[]).slice(0, 3), ["W", 60, 40]);
    await one.run("setlk(R, 30, 40)");
    assert.deepEqual(((await other.run("getlk(W, 30, 40)")) as unknown[]).slice(0, 3), ["R", 30, 40]);
    assert.equal(await other.run("getlk(R, 30, 40)"), null);
    await one.run("setlk(R, 0, 30)");
    assert.deepEqual(((await other.run("getlk(W)")) as unknown[]).slice(0, 3), ["R", 0, 70]);
    await one.run("setlk(U)");
    assert.equal(await other.run("getlk(W)"), null);
  }),
  withTwo("fcntl: F_GETLK tells who is in the way, and of one's own locks nothing", async (one, other) => {
    await one.run("setlk(W, 5, 0)");
    assert.equal(await one.run("getlk(W)"), null);
    assert.deepEqual(await other.run("getlk(R, 2, 10)"), ["W", 5, 0, await one.run("os.getpid()")]);
    assert.equal(await other.run("getlk(W, 0, 5)"), null);
  }),
  withTwo("fcntl: who waits gets the lock when all that is in the way is given back", async (one, other) => {
    await one.run("setlk(W, 0, 1); setlk(R, 5, 1)");
    const waiting = other.begin("setlk(W, 0, 10, WAIT)");
    assert.equal(await waiting.within(watchMs), "waits");
    await one.run("setlk(U, 0, 1)");
    assert.equal(await waiting.within(watchMs), "waits");
    await one.run("setlk(U, 5, 1)");
    await waiting.done;
    await assert.rejects(one.run("setlk(R, 9, 1)"), refused);
  }),
  withTwo("fcntl: who would wait for one that waits for it is told EDEADLK", async (one, other) => {
    await one.run("setlk(W, 0, 1)");
    await other.run("setlk(W, 1, 1)");
    const waiting = one.begin("setlk(W, 1, 1, WAIT)");
    assert.equal(await waiting.within(watchMs), "waits");
    await assert.rejects(other.run("setlk(W, 0, 1, WAIT)"), { code: /^EDEADL/ });
    await other.run("setlk(U)");
    await waiting.done;
  }),
  withTwo("fcntl: a signal ends a wait, which leaves no lock and takes none away", async (one, other, context) => {
    await one.run("setlk(R, 0, 10)");
    await other.run("setlk(R, 0, 5)");
    assert.equal(await other.run("alarmed(lambda: setlk(W, 0, 10, WAIT))"), "alarm");
    await assert.rejects(one.run("setlk(W, 0, 5)"), refused);
    await one.run("setlk(W, 5, 5)");
    await using third = await Locker.open(context.path("file"));
    assert.deepEqual(await third.run("getlk(W, 0, 5)").then((lock) => (lock as unknown[])[0]), "R");
  }),
  withTwo("fcntl: locks of a process go when it closes any descriptor of the file", async (one, other) => {
    await one.run("setlk(W)");
    await one.run("os.close(another(os.O_RDONLY))");
    await other.run("setlk(W)");
  }),
  withTwo("fcntl: locks go when the process ends, also one that is killed while it waits", async (one, other) => {
    await one.run("setlk(W, 0, 1)");
    await other.run("setlk(W, 1, 1)");
    const waiting = one.begin("setlk(W, 1, 1, WAIT)");
    waiting.done.catch(() => {});
    assert.equal(await waiting.within(watchMs), "waits");
    await one.end();
    await other.run("setlk(W, 0, 2, WAIT)");
  }),
  withTwo("fcntl: a child has none of the locks, and its close of the file takes none away", async (one, other) => {
    await one.run("setlk(W)");
    assert.equal(await one.run("forked(lambda: setlk(R))"), "EAGAIN");
    assert.equal(await one.run("forked(lambda: os.close(fd))"), "None");
    await assert.rejects(other.run("setlk(R)"), refused);
  }),
  withTwo("fcntl: a read lock takes a file that is open for reading, a write lock one for writing", async (one) => {
    await one.run("reading = another(os.O_RDONLY); writing = another(os.O_WRONLY)");
    await assert.rejects(one.run("setlk(W, on=reading)"), { code: "EBADF" });
    await assert.rejects(one.run("setlk(R, on=writing)"), { code: "EBADF" });
    await one.run("setlk(R, on=reading); setlk(W, on=writing)");
  }),
  withTwo("fcntl: a range may lie behind the end of the file, and reach to the largest offset", async (one, other) => {
    await one.run("setlk(W, 1 << 62, 0)");
    await other.run("setlk(W, 0, 1 << 62)");
    await assert.rejects(other.run("setlk(R, (1 << 63) - 1, 1)"), refused);
    await assert.rejects(other.run("setlk(R, (1 << 63) - 1, 2)"), { code: /^(EINVAL|EOVERFLOW)$/ });
  }),
  withTwo(
    "fcntl: locks are the file's, whatever its name, and though it has none any more",
    async (one, other, context) => {
      await one.run("setlk(W)");
      await context.fs.rename(context.path("file"), context.path("moved"));
      await assert.rejects(other.run("setlk(R)"), refused);
      await context.fs.unlink(context.path("moved"));
      await assert.rejects(other.run("setlk(R)"), refused);
      await one.run("setlk(U)");
      await other.run("setlk(W)");
    },
  ),
];

const openFileCases: readonly ConformanceCase[] = [
  withTwo("OFD locks: two opens of one process exclude each other, and processes too", async (one, other) => {
    await one.run("second = another()");
    await one.run("setlk(W, 0, 10, OFD_SETLK)");
    await assert.rejects(one.run("setlk(R, 0, 1, OFD_SETLK, second)"), refused);
    await assert.rejects(one.run("setlk(R, 0, 1)"), refused);
    await assert.rejects(other.run("setlk(R, 9, 1)"), refused);
    await other.run("setlk(W, 10, 1)");
    await assert.rejects(one.run("setlk(R, 10, 1, OFD_SETLK)"), refused);
  }),
  withTwo(
    "OFD locks: they stay when another open is closed, and go with the last close of their own",
    async (one, other) => {
      await one.run("setlk(W, 0, 10, OFD_SETLK)");
      await one.run("os.close(another()); copy = os.dup(fd); os.close(fd)");
      await assert.rejects(other.run("setlk(W, 0, 10)"), refused);
      await one.run("os.close(copy)");
      await other.run("setlk(W, 0, 10, WAIT)");
    },
  ),
  withTwo("OFD locks: a child shares them, and may give them back", async (one, other) => {
    await one.run("setlk(W, 0, 10, OFD_SETLK)");
    assert.equal(await one.run("forked(lambda: setlk(W, 5, 10, OFD_SETLK))"), "None");
    await assert.rejects(other.run("setlk(R, 14, 1)"), refused);
    assert.equal(await one.run("forked(lambda: setlk(U, 0, 0, OFD_SETLK))"), "None");
    await other.run("setlk(W)");
  }),
  withTwo("OFD locks: who waits gets the lock when it is given back", async (one, other) => {
    await one.run("setlk(W, 0, 10, OFD_SETLK)");
    const waiting = other.begin("setlk(R, 0, 10, OFD_WAIT)");
    assert.equal(await waiting.within(watchMs), "waits");
    await one.run("setlk(U, 0, 0, OFD_SETLK)");
    await waiting.done;
  }),
];

export const locksCases: readonly ConformanceCase[] = [...flockCases, ...fcntlCases, ...openFileCases];
