import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Python } from "@kedgefs/conformance";
import { lacksMounts, lacksPrograms, nobody } from "../support/prerequisites.ts";
import { refereeVocabulary } from "../support/referee.ts";
import { type Server, Site, shell } from "../support/site.ts";

const timeout = 120_000;
const takesRoot = process.getuid?.() === 0 ? false : "takes root";
/** A lease, a quarter of it on top, and the change itself, seconds. */
const leaseHeldSec = 3;

const changes = [
  "write",
  "append",
  "truncate",
  "utimes",
  "chmod",
  "chown",
  "create",
  "unlink",
  "rename_over",
  "rename_between",
  "rename_directory",
  "mkdir",
  "rmdir",
  "link",
  "symlink",
  "msync",
];
const registers = [
  "overwritten",
  "put_back",
  "appended",
  "followed",
  "opened",
  "dated",
  "linked",
  "made",
  "listed",
  "found",
];

describe("two mounts of one export never show anything stale", {
  skip: lacksMounts() || lacksPrograms("python3"),
}, () => {
  let site: Site;
  let server: Server;
  /** It calls the mounts' programs: NAME0 and NAME1, and NAME0_beside and NAME1_beside on the same two mounts. */
  let referee: Python;
  let mountpoints: string[];

  const mountTwice = async (name: string, ...args: string[]): Promise<string[]> => {
    const made: string[] = [];
    for (const program of [`${name}0`, `${name}1`]) {
      const mountpoint = await site.mount(server, { name: program, args });
      await referee.run(`${program} = Program("${mountpoint}"); ${program}_beside = Program("${mountpoint}")`);
      made.push(mountpoint);
    }
    return made;
  };

  const takeTurns = async (change: string, count: number, { at = change, on = "plain" } = {}): Promise<void> => {
    const beside = `[${on}0_beside, ${on}1_beside]`;
    await referee.run(`lay_out("${at}")`);
    await referee.run(`for each in ${beside}: each.begin("look_on('${at}', ${count / 100})")`);
    const untrue = await referee.run(`take_turns("${change}", ${count}, "${at}", [${on}0, ${on}1])`);
    await referee.run(`for each in ${beside}: each.end()`);
    assert.deepEqual(untrue, []);
  };

  before(async () => {
    site = await Site.create();
    server = await site.serve();
    referee = new Python();
    await referee.run(refereeVocabulary);
    await referee.run(`os.chdir("${site.data}")`);
    mountpoints = await mountTwice("plain");
  });
  after(async () => {
    await referee?.[Symbol.asyncDispose]();
    await site?.[Symbol.asyncDispose]();
  });

  for (const change of changes) {
    const skip = change === "chown" && takesRoot;
    test(`${change} by turns, while others look on`, { skip, timeout }, () => takeTurns(change, 50));
  }

  for (const options of ["nodefault_permissions", "nodefault_permissions,noallow_other"]) {
    test(`anything by turns, mounted with ${options}`, { skip: takesRoot, timeout }, async () => {
      const on = options.replaceAll(",", "_");
      await mountTwice(on, "-o", options);
      await takeTurns("anything", 60, { at: on, on });
    });
  }

  for (const register of registers) {
    test(`who reads what another goes on changing (${register}) sees all that was over`, { timeout }, async () => {
      const readers = "[plain1, plain0_beside]";
      const wrong = await referee.run(`count_and_read("${register}", "${register}", plain0, ${readers}, 0.5)`);
      assert.deepEqual(wrong, []);
    });
  }

  test("a file that was cut off shows what another appends to it then", { timeout }, async () => {
    await referee.run(`lay_out("cut")`);
    for (let round = 0; round < 5; round++) {
      await referee.run(`plain0("put('cut/a', 'a' * 30)")`);
      await referee.run(`plain0("hold('cut')"); plain0("os.pread(held['a'], 100, 0)")`);
      await referee.run(`plain0("os.ftruncate(held['a'], 10)"); plain1("put('cut/a', '+', os.O_APPEND)")`);
      assert.equal(await referee.run(`plain0("os.pread(held['a'], 100, 0).decode()")`), `${"a".repeat(10)}+`);
    }
  });

  test("who opened a file and reads it later reads what was written meanwhile", { timeout }, async () => {
    await referee.run(`lay_out("opened_before")`);
    const read = `plain0("os.pread(held['a'], 100, 0).decode()")`;
    for (let round = 0; round < 10; round++) {
      await referee.run(`plain1("put('opened_before/a', 'old')"); plain1("calm('opened_before/a')")`);
      await referee.run(`plain0("hold('opened_before', os.O_RDONLY)")`);
      if (round % 2 === 0) assert.equal(await referee.run(read), "old");
      const writer = ["plain1", "plain0"][round % 3];
      if (writer !== undefined) await referee.run(`${writer}("put('opened_before/a', 'new ${round}', 0)")`);
      else await referee.run(`put('opened_before/a', 'new ${round}', 0)`);
      const wrong = `[each for each in [${read}] if each != 'new ${round}']`;
      const told = await referee.run(`until_true(lambda: ${wrong}, ${writer === undefined ? 1 : 0})`);
      assert.deepEqual(told, [], `round ${round}`);
    }
  });

  test("changes on the storage host are seen within a second, and by who opens the file at once", {
    timeout,
  }, async () => {
    await referee.run(`lay_out("here")`);
    assert.deepEqual(await referee.run(`change_here(30, "here", [plain0, plain1])`), []);
  });

  test("who may not search a directory any more is told so at once", { skip: takesRoot, timeout }, async () => {
    await referee.run(`lay_out("guarded")`);
    for (const [index, mountpoint] of mountpoints.entries()) {
      await referee.run(`nobody${index} = Program("${mountpoint}", ${nobody})`);
    }
    await referee.run(`os.chown("guarded", ${nobody}, ${nobody})`);
    for (let round = 0; round < 20; round++) {
      const [owner, other] = round % 2 === 0 ? ["nobody0", "nobody1"] : ["nobody1", "nobody0"];
      for (const [mode, expected] of [
        [0o700, "a"],
        [0o600, "EACCES"],
      ] as const) {
        await referee.run(`${owner}("os.chmod('guarded', ${mode})")`);
        for (const asked of [other, owner]) {
          assert.equal(
            String(await referee.run(`${asked}("content('guarded/a')")`))[0],
            expected[0],
            `${asked}, ${mode}`,
          );
        }
      }
    }
  });

  test("programs that put times back on both mounts never wait until a lease runs out", { timeout }, async () => {
    await referee.run(`lay_out("busy")`);
    await referee.run("busy = []");
    for (const call of ["write", "utime", "read", "fstat"]) {
      for (const mountpoint of mountpoints) {
        await referee.run(`busy.append(Program("${mountpoint}")); busy[-1].begin("longest('${call}', 'busy', 2)")`);
      }
    }
    const longest = (await referee.run("max([each.end() for each in busy])")) as number;
    assert.ok(longest < 1.5, `${longest} s`);
  });

  test("a client that is stopped delays the other once, and sees the truth when it goes on", { timeout }, async () => {
    await referee.run(`lay_out("stopped")`);
    const { pid } = await site.status(mountpoints[1] ?? "");
    for (const change of ["write", "rename_over"]) {
      await referee.run(`plain1("hold('stopped')"); plain1("view('stopped', range(7))")`);
      process.kill(pid, "SIGSTOP");
      try {
        const tookSec = `began = time.monotonic(); plain0("${change}('stopped', 4)"); took = time.monotonic() - began`;
        await referee.run(tookSec);
        assert.ok(((await referee.run("took")) as number) < leaseHeldSec, change);
        await referee.run(tookSec);
        assert.ok(((await referee.run("took")) as number) < 1, `${change} once more`);
      } finally {
        process.kill(pid, "SIGCONT");
      }
      const everything = "[0, 2, 3, 4, 5, 6]";
      const untrue = `untrue(plain1("view('stopped', ${everything})"), ${everything}, "stopped")`;
      assert.deepEqual(await referee.run(untrue), [], change);
    }
  });

  test("a server that is killed and started again in between is no reason to believe the past", {
    timeout,
  }, async () => {
    const killTwice = async (): Promise<void> => {
      for (let life = 0; life < 2; life++) {
        await delay(300);
        await server.stop("SIGKILL");
        await server.start();
      }
    };
    await Promise.all([takeTurns("anything_lasting", 80, { at: "killed" }), killTwice()]);
  });

  test("what lies on a mount stays there whatever the other changes", { skip: takesRoot, timeout }, async () => {
    const [first = ""] = mountpoints;
    await referee.run(`lay_out("base"); plain0("view('base', [0, 2])")`);
    await shell(`mount -t tmpfs none ${first}/base/d`, "/");
    try {
      await referee.run(`plain0("put('base/d/within', 'within')"); plain0("view('base', [2])")`);
      await referee.run(`plain1("os.mkdir('base/e')"); plain0("view('base', [2])")`);
      assert.equal(await referee.run(`plain0("content('base/d/within')")`), "within");
      assert.equal(await referee.run(`plain0("os.path.isdir('base/e')")`), true);
    } finally {
      await shell(`umount ${first}/base/d`, "/");
    }
  });
});
