import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Locker } from "@kedgefs/conformance";
import { lacksMounts, lacksPrograms } from "../support/prerequisites.ts";
import { type Server, Site } from "../support/site.ts";

const timeout = 120_000;
const refused = { code: "EAGAIN" };

describe("locks of two mounts and of the storage host", { skip: lacksMounts() || lacksPrograms("python3") }, () => {
  let site: Site;
  let server: Server;
  let mounts: readonly string[];
  let count = 0;

  before(async () => {
    site = await Site.create();
    const exports = [`data=${site.data}`, `seen=${site.data},ro,squash=all`];
    server = await site.serve({ exports, args: ["--lock-lease", "3"] });
    mounts = [await site.mount(server), await site.mount(server)];
  });
  after(() => site?.[Symbol.asyncDispose]());

  const newFile = (content = "content"): string => {
    count++;
    writeFileSync(join(site.data, `file${count}`), content);
    return `file${count}`;
  };

  /** Programs that have the same new file open by the first mount, the second, and on the storage host. */
  const sides = async (): Promise<{ all: readonly [Locker, Locker, Locker] } & AsyncDisposable> => {
    const name = newFile();
    const scene = await Locker.openAll([...mounts, site.data].map((dir) => join(dir, name)));
    return scene as typeof scene & { all: readonly [Locker, Locker, Locker] };
  };

  test("a range that any of them has locked is closed to the others until it is given back", { timeout }, async () => {
    await using scene = await sides();
    const host = scene.all[2];
    for (const holder of scene.all) {
      const others = scene.all.filter((each) => each !== holder);
      await holder.run("setlk(W, 10, 5)");
      for (const other of others) {
        await assert.rejects(other.run("setlk(R, 14, 1)"), refused);
        // The server's own locks are of an open file, whose holder has no number; who is elsewhere has none here.
        assert.deepEqual(await other.run("getlk(R)"), ["W", 10, 5, other === host ? -1 : 0]);
        await other.run("setlk(W, 15, 1)");
        await other.run("setlk(U, 15, 1)");
      }
      await holder.run("setlk(U)");
      for (const other of others) {
        await other.run("setlk(W)");
        await other.run("setlk(U)");
      }
    }
  });

  test("flock of any of them excludes the others, and shared ones get on with each other", { timeout }, async () => {
    await using scene = await sides();
    for (const holder of scene.all) {
      const others = scene.all.filter((each) => each !== holder);
      await holder.run("flock(EX)");
      for (const other of others) await assert.rejects(other.run("flock(SH | NB)"), refused);
      await holder.run("flock(SH)");
      for (const other of others) {
        await other.run("flock(SH | NB)");
        await assert.rejects(other.run("flock(EX | NB)"), refused);
      }
      for (const each of scene.all) await each.run("flock(UN)");
    }
  });

  test("who waits gets the lock when any of them gives it back", { timeout }, async () => {
    await using scene = await sides();
    for (const holder of scene.all) {
      for (const waiting of scene.all.filter((each) => each !== holder)) {
        for (const [lock, wait, unlock] of [
          ["setlk(W)", "setlk(W, command=WAIT)", "setlk(U)"],
          ["flock(EX)", "flock(EX)", "flock(UN)"],
        ] as const) {
          await holder.run(lock);
          const granted = waiting.begin(wait);
          assert.equal(await granted.within(200), "waits");
          await holder.run(unlock);
          await granted.done;
          await waiting.run(unlock);
        }
      }
    }
  });

  test("an interrupted wait ends with EINTR and leaves no lock", { timeout }, async () => {
    await using scene = await sides();
    const [first, second, host] = scene.all;
    for (const holder of [first, host]) {
      await holder.run("setlk(W)");
      const waiting = second.begin("alarmed(lambda: setlk(W, command=WAIT))");
      assert.equal(await waiting.done, "alarm");
      await holder.run("setlk(U)");
      await host.run("setlk(W)");
      await host.run("setlk(U)");
    }
  });

  test("a program that is killed leaves no lock, though it waited for another", { timeout }, async () => {
    await using scene = await sides();
    const [first, second, host] = scene.all;
    await first.run("setlk(W, 0, 1)");
    await host.run("setlk(W, 1, 1)");
    const waiting = first.begin("setlk(W, 1, 1, WAIT)");
    assert.equal(await waiting.within(200), "waits");
    waiting.done.catch(() => {});
    await first.end();
    await second.run("setlk(W, 0, 1, WAIT)");
    await host.run("setlk(U)");
    await second.run("setlk(W)");
  });

  test("two that wait for each other on two mounts are told", { timeout }, async () => {
    await using scene = await sides();
    const [first, second] = scene.all;
    await first.run("setlk(W, 0, 1)");
    await second.run("setlk(W, 1, 1)");
    const waiting = first.begin("setlk(W, 1, 1, WAIT)");
    assert.equal(await waiting.within(200), "waits");
    await assert.rejects(second.run("setlk(W, 0, 1, WAIT)"), { code: /^EDEADL/ });
    await second.run("setlk(U)");
    await waiting.done;
  });

  test("nothing is lost of a counter that many programs on both mounts and the host count up", {
    timeout,
  }, async () => {
    const name = newFile("0");
    const rounds = 12;
    const dirs = [...mounts, ...mounts, site.data];
    await using scene = await Locker.openAll(dirs.map((dir) => join(dir, name)));
    const programs = scene.all;
    await Promise.all(programs.map((each) => each.run(`count_up(${rounds})`)));
    assert.equal(readFileSync(join(site.data, name), "utf8"), String(rounds * programs.length));
  });

  test("SQLite in rollback mode stays whole with writers on both mounts and the host", { timeout }, async () => {
    const name = newFile("");
    const rounds = 8;
    const dirs = [...mounts, ...mounts, site.data];
    await using scene = await Locker.openAll(dirs.map((dir) => join(dir, name)));
    const programs = scene.all;
    await programs[0]?.run("make_table()");
    await Promise.all(programs.map((each) => each.run(`insert(${rounds})`)));
    for (const each of programs) assert.deepEqual(await each.run("check_table()"), ["ok", rounds * programs.length]);
  });

  test("a memory map shows who was granted a lock what others wrote before they gave it back", {
    timeout,
  }, async () => {
    await using scene = await sides();
    const [first, second, host] = scene.all;
    await first.run("view = mmap.mmap(fd, 7, prot=mmap.PROT_READ)");
    assert.equal(await first.run("view[:]"), "content");
    for (const [writer, text] of [
      [second, "written"],
      [host, "changed"],
    ] as const) {
      await writer.run(`setlk(W); os.pwrite(fd, b"${text}", 0); setlk(U)`);
      await first.run("setlk(R, command=WAIT)");
      assert.equal(await first.run("view[:]"), text);
      assert.equal(await first.run("os.pread(fd, 7, 0)"), text);
      await first.run("setlk(U)");
    }
  });

  test("an export that is read-only has locks too, and they are those of another export of the same file", {
    timeout,
  }, async () => {
    await using scene = await sides();
    const [first] = scene.all;
    const seen = await site.mount(server, { export: "seen" });
    await using reader = await Locker.open(join(seen, `file${count}`), "os.O_RDONLY");
    await reader.run("setlk(R)");
    await assert.rejects(first.run("setlk(W)"), refused);
    await assert.rejects(reader.run("setlk(W)"), { code: "EBADF" });
    await reader.run("setlk(U)");
    await reader.run("flock(EX)");
    await assert.rejects(first.run("flock(SH | NB)"), refused);
    await reader.run("flock(UN)");
    await first.run("setlk(W)");
    await assert.rejects(reader.run("setlk(R)"), refused);
  });

  test("a server that is killed has the locks back before anybody else, and who waited waits on", {
    timeout,
  }, async () => {
    await using scene = await sides();
    const [first, second, host] = scene.all;
    await first.run("setlk(W, 0, 1)");
    await first.run("flock(EX)");
    const waiting = second.begin("setlk(W, 0, 1, WAIT)");
    assert.equal(await waiting.within(200), "waits");
    await server.stop("SIGKILL");
    await server.start();
    await first.run("os.fstat(fd)");
    assert.equal(await waiting.within(1_000), "waits");
    await assert.rejects(second.runBeside("flock(SH | NB)"), refused);
    await assert.rejects(host.run("setlk(R, 0, 1)"), refused);
    await assert.rejects(host.run("flock(SH | NB)"), refused);
    await first.run("setlk(U)");
    await waiting.done;
    await second.run("os.pwrite(fd, b'x', 0)");
  });

  test("a lock that was waited for while the server was away is not left behind by an interruption", {
    timeout,
  }, async () => {
    await using scene = await sides();
    const [first, second, host] = scene.all;
    await first.run("setlk(W)");
    const waiting = second.begin("alarmed(lambda: setlk(W, command=WAIT), 1.5)");
    assert.equal(await waiting.within(200), "waits");
    await server.stop("SIGKILL");
    assert.equal(await waiting.done, "alarm");
    await server.start();
    await first.run("setlk(U)");
    await host.runWhenFree("setlk(W)");
  });

  test("a lock that the storage host took while the server was away is lost, and reads and writes say so", {
    timeout,
  }, async () => {
    await using scene = await sides();
    const [first, second, host] = scene.all;
    await first.run("setlk(W)");
    await server.stop("SIGKILL");
    await host.run("setlk(W)");
    await server.start();
    await assert.rejects(first.run("os.pread(fd, 5, 0)"), { code: "EIO" });
    await assert.rejects(first.run("os.pwrite(fd, b'late', 0)"), { code: "EIO" });
    assert.equal(readFileSync(join(site.data, `file${count}`), "utf8"), "content");
    await host.run("setlk(U)");
    await second.run("setlk(W)");
    await first.run("reopen()");
    assert.equal(await first.run("os.pread(fd, 7, 0)"), "content");
  });

  test("an unmount gives back at once what programs left locked", { timeout }, async () => {
    const name = newFile();
    const mnt = await site.mount(server);
    await using scene = await Locker.openAll([mnt, site.data].map((dir) => join(dir, name)));
    const [gone, other] = scene.all;
    assert.ok(gone && other);
    await gone.run("setlk(W)");
    await assert.rejects(other.run("setlk(W)"), refused);
    await gone.end();
    await site.umount(mnt);
    await other.run("setlk(W)");
  });

  test("a client that is killed loses its locks when their time is up", { timeout }, async () => {
    const name = newFile();
    const mnt = await site.mount(server);
    await using scene = await Locker.openAll([mnt, mounts[0] as string, site.data].map((dir) => join(dir, name)));
    const [gone, other, host] = scene.all;
    assert.ok(gone && other && host);
    await gone.run("setlk(W)");
    await gone.run("flock(EX)");
    const { pid } = await site.status(mnt);
    process.kill(pid, "SIGKILL");
    await assert.rejects(other.run("setlk(W)"), refused);
    await other.run("setlk(W, command=WAIT)");
    await host.runWhenFree("flock(EX | NB)");
  });

  test("a client that does not come back to a server that was started in time has lost its locks", {
    timeout,
  }, async () => {
    const name = newFile();
    const mnt = await site.mount(server);
    await using scene = await Locker.openAll([mnt, mounts[0] as string].map((dir) => join(dir, name)));
    const [loses, other] = scene.all;
    assert.ok(loses && other);
    await loses.run("setlk(W)");
    const { pid } = await site.status(mnt);
    process.kill(pid, "SIGSTOP");
    await server.stop("SIGTERM");
    await server.start();
    await other.run("setlk(W, command=WAIT)");
    await other.run("setlk(U)");
    process.kill(pid, "SIGCONT");
    await assert.rejects(loses.run("os.pread(fd, 1, 0)"), { code: "EIO" });
  });
});
