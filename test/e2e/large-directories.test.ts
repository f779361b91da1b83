import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { BothPlaces } from "../support/both-places.ts";
import { lacksMounts, lacksPrograms } from "../support/prerequisites.ts";
import { succeed } from "../support/run.ts";

const timeout = 300_000;
const count = 100_000;

/** Makes the entries: mostly files, and of each hundred one folder, one symbolic link and one fifo. */
const make = `
import os, sys
os.chdir(sys.argv[1])
for i in range(${count}):
    name = f"entry-{i:06d}"
    if i % 100 == 1: os.mkdir(name)
    elif i % 100 == 2: os.symlink("anywhere", name)
    elif i % 100 == 3: os.mkfifo(name)
    else: os.close(os.open(name, os.O_CREAT | os.O_WRONLY))
`;

/** Makes, renames and removes other names until it is told to end. */
const churn = `
import os, sys, threading, time
os.chdir(sys.argv[1])
who, ended, turn = sys.argv[2], threading.Event(), 0
threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
while not ended.is_set():
    os.close(os.open(f"{who}-{turn}", os.O_CREAT | os.O_WRONLY))
    if turn >= 10: os.rename(f"{who}-{turn - 10}", f"{who}-{turn - 10}-renamed-to-something-longer")
    if turn >= 20: os.unlink(f"{who}-{turn - 20}-renamed-to-something-longer")
    if turn == 20: print("at it", flush=True)
    turn += 1
    time.sleep(0.002)
`;

/** Lists through readdir(3) and compares with what lstat says; goes back to places that telldir(3) told. */
const list = `
import ctypes, os, random, stat, sys
class Dirent(ctypes.Structure):
    _fields_ = [("ino", ctypes.c_uint64), ("off", ctypes.c_int64), ("reclen", ctypes.c_uint16), ("type", ctypes.c_uint8), ("name", ctypes.c_char * 256)]
libc = ctypes.CDLL(None, use_errno=True)
libc.opendir.restype = ctypes.c_void_p
libc.readdir64.restype = ctypes.POINTER(Dirent)
libc.readdir64.argtypes = libc.closedir.argtypes = libc.telldir.argtypes = [ctypes.c_void_p]
libc.telldir.restype = ctypes.c_long
libc.seekdir.argtypes = [ctypes.c_void_p, ctypes.c_long]
folder = os.fsencode(sys.argv[1])
stream = libc.opendir(folder)
assert stream, ctypes.get_errno()
def entries():
    while True:
        ctypes.set_errno(0)
        entry = libc.readdir64(stream)
        if not entry:
            assert ctypes.get_errno() == 0, os.strerror(ctypes.get_errno())
            return
        yield entry.contents.name, entry.contents.ino, entry.contents.type
def stable():
    return ((name, ino, kind) for name, ino, kind in entries() if name.startswith(b"entry-"))

# Every five hundredth place is noted, with the entry that comes next.
first, places, place = {}, [], libc.telldir(stream)
for index, (name, ino, kind) in enumerate(stable()):
    assert name not in first, f"{name} appears twice"
    first[name] = (ino, kind)
    if index % 500 == 0: places.append((place, name))
    place = libc.telldir(stream)
assert len(first) == ${count}, f"{len(first)} of ${count}"
random.Random(7).shuffle(places)
for place, name in places[:20]:
    libc.seekdir(stream, place)
    assert next(stable())[0] == name, f"{name} was at {place}"
libc.closedir(stream)

os.chdir(folder)
kinds = {stat.S_IFREG: 8, stat.S_IFDIR: 4, stat.S_IFLNK: 10, stat.S_IFIFO: 1}
for name in sorted(first)[::500]:
    found = os.lstat(name)
    assert (found.st_ino, kinds[stat.S_IFMT(found.st_mode)]) == first[name], (name, first[name], found)
for name in (b"entry-000001", b"entry-000002", b"entry-000003"):
    assert first[name][1] == kinds[stat.S_IFMT(os.lstat(name).st_mode)]
print(len(first))
`;

describe("a directory of 100,000 entries in a mount", { skip: lacksMounts() || lacksPrograms("python3") }, () => {
  let places: BothPlaces;
  let backing: string;
  let here: string;
  let second: string;
  before(async () => {
    places = await BothPlaces.create();
    const { site, server, mounted } = places;
    backing = site.folder("data/large");
    here = join(mounted, "large");
    second = join(await site.mount(server), "large");
    await python(make, backing);
  });
  after(() => places?.[Symbol.asyncDispose]());

  const python = (program: string, ...args: string[]): Promise<string> =>
    succeed("python3", ["-c", program, ...args], { timeoutMs: timeout });

  test("shows each entry once, at a place that stays, with its inode and type, while others change it here, on another client and on the host", {
    timeout,
  }, async () => {
    assert.equal(await python(list, backing), `${count}\n`, "the control");
    await using others = new Churners([here, second, backing]);
    await others.atIt();
    assert.equal(await python(list, here), `${count}\n`);
    await others.end();
    const names = "import os, sys; print(sorted(name for name in os.listdir(sys.argv[1]) if name[0] != 'e'))";
    assert.equal(
      await python(names, second),
      await python(names, backing),
      "afterwards another client sees what is left",
    );
  });
});

/** Processes that change a directory all the time. */
class Churners implements AsyncDisposable {
  readonly #children: readonly ChildProcess[];
  constructor(folders: readonly string[]) {
    this.#children = folders.map((folder, index) =>
      spawn("python3", ["-c", churn, folder, `other${index}`], { stdio: ["pipe", "pipe", "inherit"], cwd: "/" }),
    );
  }

  /** Resolves once each has made and removed names. */
  async atIt(): Promise<void> {
    await Promise.all(this.#children.map(({ stdout }) => once(stdout as NodeJS.ReadableStream, "data")));
  }

  /** Lets them end; rejects where one had failed. */
  async end(): Promise<void> {
    for (const child of this.#children) {
      const ended = child.exitCode === null ? once(child, "exit") : [child.exitCode];
      child.stdin?.end();
      const [code] = await ended;
      assert.equal(code, 0);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) if (child.exitCode === null) child.kill("SIGKILL");
  }
}
