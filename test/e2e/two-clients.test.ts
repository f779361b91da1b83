import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Python } from "@kedgefs/conformance";
import { lacksMounts, lacksPrograms } from "../support/prerequisites.ts";
import { Site } from "../support/site.ts";

const timeout = 120_000;

/** What the programs of both clients know: times and sizes are compared exactly. */
const vocabulary = `
def read(name):
    with open(name) as file: return file.read()
def write(name, text, flags="w"):
    with open(name, flags) as file: file.write(text)
def attempt(call):
    try: return call()
    except OSError as error: return error.strerror
def times(name):
    found = os.stat(name); return [found.st_atime_ns, found.st_mtime_ns]
`;

describe("two mounts of one export, with a program on each", {
  skip: lacksMounts() || lacksPrograms("python3"),
}, () => {
  let site: Site;
  /** The clients: a program each, with its mount as the working directory. */
  let one: Python;
  let other: Python;

  before(async () => {
    site = await Site.create();
    const server = await site.serve();
    const programs: Python[] = [];
    for (const name of ["one", "other"]) {
      const mountpoint = await site.mount(server, { name });
      const program = new Python();
      programs.push(program);
      await program.run(vocabulary);
      await program.run(`os.chdir("${mountpoint}")`);
    }
    [one, other] = programs as [Python, Python];
  });
  after(async () => {
    await one?.[Symbol.asyncDispose]();
    await other?.[Symbol.asyncDispose]();
    await site?.[Symbol.asyncDispose]();
  });

  /** Both ways round: what the first does, the second sees at once. */
  const bothWays = (name: string, body: (writer: Python, reader: Python, file: string) => Promise<void>): void => {
    test(name, { timeout }, async () => {
      const file = name.replace(/\W+/g, "-");
      await body(one, other, `${file}-1`);
      await body(other, one, `${file}-2`);
    });
  };

  bothWays("a file that is made is there, and one that is removed is not", async (writer, reader, file) => {
    assert.equal(await reader.run(`os.path.lexists("${file}")`), false);
    await writer.run(`write("${file}", "made")`);
    assert.equal(await reader.run(`read("${file}")`), "made");
    await writer.run(`os.unlink("${file}")`);
    assert.equal(await reader.run(`attempt(lambda: read("${file}"))`), "No such file or directory");
    await writer.run(`os.mkdir("${file}")`);
    assert.deepEqual(await reader.run(`os.listdir("${file}")`), []);
    await writer.run(`os.rmdir("${file}")`);
    assert.equal(await reader.run(`os.path.lexists("${file}")`), false);
  });

  bothWays("what is written, appended and cut off is read so", async (writer, reader, file) => {
    await writer.run(`write("${file}", "one")`);
    assert.equal(await reader.run(`read("${file}")`), "one");
    await writer.run(`write("${file}", " two", "a")`);
    assert.equal(await reader.run(`read("${file}")`), "one two");
    await reader.run(`write("${file}", " three", "a")`);
    assert.equal(await writer.run(`read("${file}")`), "one two three");
    await writer.run(`os.truncate("${file}", 3)`);
    assert.equal(await reader.run(`read("${file}")`), "one");
    assert.equal(await reader.run(`os.stat("${file}").st_size`), 3);
    await writer.run(`os.truncate("${file}", 5)`);
    assert.equal(await reader.run(`read("${file}")`), "one\0\0");
  });

  bothWays("a file has its new name, and not its former one", async (writer, reader, file) => {
    await writer.run(`write("${file}", "mine"); write("${file}-b", "replaced")`);
    const inode = await reader.run(`os.stat("${file}").st_ino`);
    assert.equal(await reader.run(`read("${file}-b")`), "replaced");
    await writer.run(`os.rename("${file}", "${file}-b")`);
    assert.equal(await reader.run(`os.path.lexists("${file}")`), false);
    assert.equal(await reader.run(`read("${file}-b")`), "mine");
    assert.equal(await reader.run(`os.stat("${file}-b").st_ino`), inode);
    await writer.run(`os.link("${file}-b", "${file}-c")`);
    assert.equal(await reader.run(`os.stat("${file}-b").st_nlink`), 2);
    await writer.run(`os.symlink("${file}-c", "${file}-l")`);
    assert.equal(await reader.run(`os.readlink("${file}-l")`), `${file}-c`);
    assert.equal(await reader.run(`read("${file}-l")`), "mine");
  });

  bothWays("mode and times are the new ones", async (writer, reader, file) => {
    await writer.run(`write("${file}", "")`);
    for (const mode of [0o600, 0o640, 0o755]) {
      await writer.run(`os.chmod("${file}", ${mode})`);
      assert.equal(await reader.run(`os.stat("${file}").st_mode & 0o7777`), mode);
    }
    for (const nanoseconds of [1, 123_456_789]) {
      await writer.run(`os.utime("${file}", ns=(10**9 + ${nanoseconds}, 2 * 10**9 + ${nanoseconds}))`);
      assert.deepEqual(await reader.run(`times("${file}")`), [1e9 + nanoseconds, 2e9 + nanoseconds]);
    }
  });

  bothWays("a listing has what was made since, also one of a directory held open", async (writer, reader, file) => {
    await writer.run(`os.mkdir("${file}")`);
    for (const name of ["a", "b", "c"]) {
      await writer.run(`write("${file}/${name}", "")`);
      assert.match(String(await reader.run(`sorted(os.listdir("${file}"))`)), new RegExp(`${name}$`));
    }
    await writer.run(`os.rename("${file}/a", "${file}/d"); os.unlink("${file}/b")`);
    assert.deepEqual(await reader.run(`sorted(os.listdir("${file}"))`), ["c", "d"]);
    await reader.run(`held = os.open("${file}", os.O_RDONLY)`);
    assert.deepEqual(await reader.run("sorted(os.listdir(held))"), ["c", "d"]);
    await writer.run(`write("${file}/e", "")`);
    assert.deepEqual(await reader.run("sorted(os.listdir(held))"), ["c", "d", "e"]);
    await reader.run("os.close(held)");
  });

  bothWays("a file that one holds open shows what the other writes, each time", async (writer, reader, file) => {
    await writer.run(`write("${file}", "-" * 10000); w = os.open("${file}", os.O_RDWR)`);
    await reader.run(`r = os.open("${file}", os.O_RDONLY)`);
    for (let round = 0; round < 10; round++) {
      const text = `round ${round}`;
      await writer.run(`os.pwrite(w, b"${text}", ${round * 997})`);
      assert.equal(await reader.run(`os.pread(r, ${text.length}, ${round * 997})`), text);
    }
    await writer.run("os.ftruncate(w, 7)");
    assert.equal(await reader.run("os.pread(r, 100, 0)"), "round 0");
    await writer.run('os.pwrite(w, b"longer", 7)');
    assert.equal(await reader.run("os.pread(r, 100, 0)"), "round 0longer");
    assert.equal(await reader.run("os.fstat(r).st_size"), 13);
    await writer.run("os.close(w)");
    await reader.run("os.close(r)");
  });

  bothWays("nor is the former content read where size and mtime were put back", async (writer, reader, file) => {
    await writer.run(`write("${file}", "aaaaaaaa")`);
    await reader.run(`r = os.open("${file}", os.O_RDONLY)`);
    for (const letter of "bcdefgh") {
      await reader.run("os.pread(r, 8, 0)");
      await writer.run(`kept = times("${file}")`);
      await writer.run(`write("${file}", "${letter}" * 8, "r+"); os.utime("${file}", ns=tuple(kept))`);
      assert.equal(await reader.run("os.pread(r, 8, 0)"), letter.repeat(8), "through the open file");
      assert.equal(await reader.run(`read("${file}")`), letter.repeat(8), "opened anew");
    }
    await reader.run("os.close(r)");
  });

  test("what both append is all there, nothing over another", { timeout }, async () => {
    const appendTo = (client: Python, letter: string): Promise<unknown> =>
      client.run(`
a = os.open("appended", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
for i in range(100): os.write(a, b"${letter}" * 9 + b"\\n")
os.close(a)
`);
    await Promise.all([appendTo(one, "1"), appendTo(other, "2")]);
    for (const client of [one, other]) {
      const lines = String(await client.run('read("appended")'))
        .trimEnd()
        .split("\n")
        .sort();
      assert.equal(lines.length, 200);
      assert.deepEqual([...new Set(lines)], ["1".repeat(9), "2".repeat(9)]);
    }
  });

  test("only one of two makes a file that both want to make first", { timeout }, async () => {
    for (let round = 0; round < 20; round++) {
      const make = `attempt(lambda: os.close(os.open("lock-${round}", os.O_CREAT | os.O_EXCL)))`;
      const outcomes = await Promise.all([one.run(make), other.run(make)]);
      assert.deepEqual(outcomes.sort(), ["File exists", null]);
    }
  });

  test("two hundred changes back and forth, and never a stale answer", { timeout }, async () => {
    await one.run('write("ball", "0"); b = os.open("ball", os.O_RDWR)');
    await other.run('b = os.open("ball", os.O_RDWR)');
    const clients = [one, other] as const;
    for (let turn = 1; turn <= 200; turn++) {
      const [from, to] = turn % 2 === 1 ? clients : ([other, one] as const);
      // Alternately through the file held open, by name, and by a new file in its place.
      const text = String(turn).padStart(8, "0");
      if (turn % 10 === 0) {
        await from.run(`write("ball-new", "${text}"); os.rename("ball-new", "ball")`);
        for (const client of clients) await client.run('os.close(b); b = os.open("ball", os.O_RDWR)');
      } else if (turn % 3 === 0) await from.run(`write("ball", "${text}")`);
      else await from.run(`os.pwrite(b, b"${text}", 0)`);
      assert.equal(await to.run("os.pread(b, 20, 0)"), text, `turn ${turn}, through the open file`);
      assert.equal(await to.run('read("ball")'), text, `turn ${turn}, opened anew`);
    }
    for (const client of clients) await client.run("os.close(b)");
  });
});
