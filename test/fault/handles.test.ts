import assert from "node:assert/strict";
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { Python } from "@kedgefs/conformance";
import { lacksMounts, lacksPrograms, nobody } from "../support/prerequisites.ts";
import { type Server, Site } from "../support/site.ts";

const timeout = 120_000;
const asRoot = process.getuid?.() === 0;

describe("a program holds files open while the server is killed and started again", {
  skip: lacksMounts() || lacksPrograms("python3"),
}, () => {
  let site: Site;
  let server: Server;
  let mnt: string;
  let python: Python;

  before(async () => {
    site = await Site.create();
    server = await site.serve();
    mnt = await site.mount(server);
  });
  after(() => site?.[Symbol.asyncDispose]());
  beforeEach(async () => {
    python = new Python();
    await python.run(`os.chdir("${mnt}")`);
  });
  afterEach(() => python[Symbol.asyncDispose]());

  const restart = async (whileDown: () => void = () => {}): Promise<void> => {
    await server.stop("SIGKILL");
    whileDown();
    await server.start();
  };
  const backing = (name: string): string => join(site.data, name);

  test("reading, writing and appending go on at the same places", { timeout }, async () => {
    writeFileSync(backing("read"), "0123456789".repeat(1000));
    await python.run('r = open("read", buffering=0, mode="rb")');
    await python.run('w = open("written", buffering=0, mode="wb")');
    await python.run('a = os.open("appended", os.O_WRONLY | os.O_CREAT | os.O_APPEND)');
    for (let round = 0; round < 3; round++) {
      assert.equal(await python.run("r.read(10)"), "0123456789");
      await python.run(`w.write(b"written ${round}\\n")`);
      await python.run(`os.write(a, b"appended ${round}\\n")`);
      await restart();
      assert.equal(await python.run("r.tell()"), 10 * (round + 1));
    }
    await python.run("os.fsync(w.fileno()); w.close(); os.fsync(a); os.close(a)");
    assert.equal(await python.run("r.seek(9995); r.read()"), null);
    assert.equal(await python.run("os.pread(r.fileno(), 100, 9995)"), "56789");
    await python.run("r.close()");
    assert.equal(readFileSync(backing("written"), "utf8"), "written 0\nwritten 1\nwritten 2\n");
    assert.equal(readFileSync(backing("appended"), "utf8"), "appended 0\nappended 1\nappended 2\n");
  });

  test("a file that may not be opened for writing any more is still written, as git does", { timeout }, async () => {
    // Root may open anything, so the program becomes somebody else.
    if (asRoot) await python.run(`os.mkdir("user"); os.chown("user", ${nobody}, ${nobody})`);
    else await python.run('os.mkdir("user")');
    if (asRoot) await python.run(`os.setegid(${nobody}); os.seteuid(${nobody})`);
    await python.run('g = os.open("user/object", os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o444)');
    await python.run('s = os.open("user/secret", os.O_RDWR | os.O_CREAT, 0o600)');
    await python.run('os.write(g, b"before "); os.write(s, b"before "); os.chmod("user/secret", 0)');
    await restart();
    await python.run('os.write(g, b"after"); os.write(s, b"after")');
    assert.equal(await python.run("os.pread(g, 100, 0)"), "before after");
    assert.equal(await python.run("os.pread(s, 100, 0)"), "before after");
    await python.run("os.ftruncate(g, 6)");
    assert.equal(await python.run("os.fstat(g).st_size"), 6);
    await assert.rejects(python.run('os.open("user/object", os.O_RDWR)'), { code: "EACCES" });
    await python.run("os.close(g); os.close(s)");
    assert.equal(readFileSync(backing("user/object"), "utf8"), "before");
    assert.equal(statSync(backing("user/object")).mode & 0o777, 0o444);
  });

  test("a listing that was half read has every name once, and the directory can be used by its handle", {
    timeout,
  }, async () => {
    mkdirSync(backing("many"));
    const names = Array.from({ length: 3000 }, (_, index) => `name-${String(index).padStart(40, "0")}`);
    for (const name of names) writeFileSync(backing(`many/${name}`), "");
    await python.run('d = os.open("many", os.O_RDONLY)');
    await python.run('entries = os.scandir("many"); found = [next(entries).name for _ in range(10)]');
    await restart();
    await python.run("found += [next(entries).name for _ in range(1000)]");
    await restart();
    await python.run("found += [entry.name for entry in entries]");
    assert.equal(await python.run("len(found)"), names.length);
    assert.deepEqual(await python.run("sorted(found)"), names);
    assert.equal(await python.run("len(os.listdir(d))"), names.length);
    await python.run('os.close(os.open("made", os.O_CREAT | os.O_WRONLY, dir_fd=d)); os.fsync(d); os.close(d)');
    assert.equal(statSync(backing("many/made")).size, 0);
  });

  test("a working directory stays the same one", { timeout }, async () => {
    await python.run('os.makedirs("deep/er/est"); os.chdir("deep/er/est")');
    await restart(() => renameSync(backing("deep/er"), backing("elsewhere")));
    await python.run('open("here", "w").close()');
    assert.equal(statSync(backing("elsewhere/est/here")).size, 0);
  });

  test("what was renamed while the server was down is reached through the handle", {
    timeout,
    skip: !asRoot && "takes root: without it nodes are found by an index of names",
  }, async () => {
    mkdirSync(backing("from"));
    mkdirSync(backing("to"));
    writeFileSync(backing("from/moved"), "moved");
    writeFileSync(backing("from/other"), "other");
    await python.run('m = os.open("from/moved", os.O_RDWR)');
    assert.equal(await python.run("os.pread(m, 100, 0)"), "moved");
    await restart(() => {
      renameSync(backing("from/moved"), backing("to/renamed"));
      renameSync(backing("from/other"), backing("from/moved"));
    });
    assert.equal(await python.run("os.pread(m, 100, 0)"), "moved");
    await python.run('os.pwrite(m, b" on", 5)');
    assert.equal(await python.run('open("to/renamed").read()'), "moved on");
    assert.equal(await python.run('open("from/moved").read()'), "other");
    await python.run("os.close(m)");
    assert.equal(readFileSync(backing("from/moved"), "utf8"), "other");
  });

  test("a file that was replaced is ESTALE, and never the other one", { timeout }, async () => {
    const names = ["by-rename", "by-new", "gone"] as const;
    for (const name of names) writeFileSync(backing(name), "former content");
    for (const name of names) {
      const handle = name.replace("-", "_");
      await python.run(`${handle} = os.open("${name}", os.O_RDWR)`);
      assert.equal(await python.run(`os.pread(${handle}, 6, 0)`), "former");
    }
    writeFileSync(backing("replacement"), "replaced by another");
    await restart(() => {
      renameSync(backing("replacement"), backing("by-rename"));
      // The file system is likely to give the new file the inode number that has just become free.
      rmSync(backing("by-new"));
      writeFileSync(backing("by-new"), "replaced by a new one");
      rmSync(backing("gone"));
    });
    for (const name of names) {
      const handle = name.replace("-", "_");
      await assert.rejects(python.run(`os.pread(${handle}, 6, 0)`), { code: "ESTALE" }, name);
      await assert.rejects(python.run(`os.pwrite(${handle}, b"damage", 0)`), { code: "ESTALE" }, name);
      await assert.rejects(python.run(`os.ftruncate(${handle}, 0)`), { code: "ESTALE" }, name);
      await assert.rejects(python.run(`os.fsync(${handle})`), { code: "ESTALE" }, name);
    }
    assert.equal(await python.run('open("by-rename").read()'), "replaced by another");
    assert.equal(await python.run('open("by-new").read()'), "replaced by a new one");
    await assert.rejects(python.run('open("gone")'), { code: "ENOENT" });
    assert.equal(await python.run("[os.close(fd) for fd in (by_rename, by_new)] and None"), null);
    for (const name of ["by-rename", "by-new"]) assert.match(readFileSync(backing(name), "utf8"), /^replaced by a/);
  });

  test("an unnamed file that got a name is there again, one that has none is ESTALE", { timeout }, async () => {
    await python.run('u, v = [os.open(".", os.O_TMPFILE | os.O_RDWR, 0o600) for _ in "uv"]');
    await python.run('os.write(u, b"named"); os.write(v, b"unnamed"); os.fsync(v)');
    await python.run("import ctypes; libc = ctypes.CDLL(None, use_errno=True)");
    const link = (fd: string, name: string): Promise<unknown> =>
      python.run(
        `libc.linkat(-100, b"/proc/self/fd/%d" % ${fd}, -100, b"${name}", 0x400) and errno.errorcode[ctypes.get_errno()]`,
      );
    await python.run("import errno");
    assert.equal(await link("u", "tmpfile"), 0);
    await restart();
    assert.equal(await python.run("os.pread(u, 100, 0)"), "named");
    await python.run('os.pwrite(u, b" still", 5); os.close(u)');
    assert.equal(readFileSync(backing("tmpfile"), "utf8"), "named still");
    await assert.rejects(python.run("os.pread(v, 100, 0)"), { code: "ESTALE" });
    assert.equal(await link("v", "never"), "ESTALE");
  });

  test("many files are all there again", { timeout }, async () => {
    await python.run('files = [open(f"f{i}", "w+b", buffering=0) for i in range(500)]');
    await python.run('for i, f in enumerate(files): f.write(b"%d " % i)');
    await restart();
    await python.run('for i, f in enumerate(files): f.write(b"%d" % (i * i))');
    await python.run("for f in files: f.seek(0)");
    assert.equal(await python.run('all(f.read() == b"%d %d" % (i, i * i) for i, f in enumerate(files))'), true);
    await python.run("for f in files: f.close()");
  });
});
