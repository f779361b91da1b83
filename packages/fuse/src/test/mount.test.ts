import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import * as fs from "node:fs/promises";
import { release, tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { mountAt } from "../mount/mountinfo.ts";
import { missingForMounts, ServedMount } from "./served-mount.ts";

const run = promisify(execFile);
const python = (program: string, ...args: string[]) => run("python3", ["-c", program, ...args], { timeout: 20_000 });
const skip = missingForMounts() ?? false;
const timeout = 60_000;

/** Why names are not told to the kernel here, or false. */
function missingForNames(): string | false {
  const [major = 0, minor = 0] = release().split(".").map(Number);
  if (skip !== false) return skip;
  return major > 6 || (major === 6 && minor >= 16) ? false : `Linux ${release()} has no epochs`;
}

describe("a mount of a file system in memory", { skip, timeout }, () => {
  let served: ServedMount;
  const path = (...names: string[]): string => served.path(...names);
  before(async () => {
    served = await ServedMount.start();
  });
  after(() => served?.stop());

  test("is shown with its type, source and options", async () => {
    const mount = await mountAt(path());
    assert.equal(mount?.type, "fuse.kedge");
    assert.equal(mount?.source, "memory:/with, comma");
    const line = (await fs.readFile("/proc/mounts", "utf8")).split("\n").find((each) => each.includes(path()));
    assert.match(line ?? "", /nosuid,nodev.*default_permissions,allow_other/);
    const readahead = await fs.readFile(`/sys/class/bdi/${mount?.device}/read_ahead_kb`, "utf8");
    assert.equal(readahead.trim(), "4096");
  });

  test("keeps 3 MiB that are written and read back, whole and in part", async () => {
    const data = randomBytes(3 << 20);
    await fs.writeFile(path("big"), data);
    assert.ok(data.equals(await fs.readFile(path("big"))));
    const file = await fs.open(path("big"), "r+");
    try {
      await file.write(Buffer.from("patch"), 0, 5, (1 << 20) - 2);
      data.write("patch", (1 << 20) - 2);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(10), 0, 10, (1 << 20) - 4);
      assert.equal(bytesRead, 10);
      assert.ok(data.subarray((1 << 20) - 4, (1 << 20) + 6).equals(buffer));
      await file.sync();
    } finally {
      await file.close();
    }
    await fs.truncate(path("big"), 1000);
    assert.ok(data.subarray(0, 1000).equals(await fs.readFile(path("big"))));
  });

  test("appends, and refuses what exists", async () => {
    await fs.appendFile(path("log"), "one");
    await fs.appendFile(path("log"), "two");
    assert.equal(await fs.readFile(path("log"), "utf8"), "onetwo");
    await assert.rejects(fs.open(path("log"), "wx"), { code: "EEXIST" });
    await assert.rejects(fs.mkdir(path("log")), { code: "EEXIST" });
    await assert.rejects(fs.readFile(path("none")), { code: "ENOENT" });
  });

  test("renames files and directories, with names of any bytes", async () => {
    const bytes = Buffer.concat([Buffer.from(path("raw-")), Buffer.from([0xff, 0xfe, 0x0a])]);
    await fs.writeFile(bytes, "raw");
    await fs.mkdir(path("from/deep"), { recursive: true });
    await fs.rename(bytes, path("from/deep/file"));
    await fs.rename(path("from"), path("to"));
    assert.equal(await fs.readFile(path("to/deep/file"), "utf8"), "raw");
    await assert.rejects(fs.stat(bytes), { code: "ENOENT" });
    await assert.rejects(fs.rmdir(path("to")), { code: "ENOTEMPTY" });
    await fs.rm(path("to"), { recursive: true });
  });

  test("lists 3,000 entries, each once", async () => {
    await fs.mkdir(path("many"));
    const names = Array.from({ length: 3000 }, (_, index) => `entry-${String(index).padStart(30, "0")}`);
    for (const name of names) await (await fs.open(path("many", name), "w")).close();
    assert.deepEqual((await fs.readdir(path("many"))).toSorted(), names);
    const listed = await run("ls", ["-ln", path("many")], { maxBuffer: 1 << 22 });
    assert.equal(listed.stdout.trim().split("\n").length, 3001);
    await fs.rm(path("many"), { recursive: true });
  });

  test("keeps times to the nanosecond", async () => {
    await fs.writeFile(path("times"), "");
    const set = "import os,sys; os.utime(sys.argv[1], ns=(1234567890123456789, -987654321))";
    await python(set, path("times"));
    const stats = await fs.stat(path("times"), { bigint: true });
    assert.equal(stats.atimeNs, 1234567890123456789n);
    assert.equal(stats.mtimeNs, -987654321n);
    assert.ok(stats.ino > 2n ** 53n);
  });

  test("keeps modes and owners, and applies the umask", async () => {
    await run("sh", ["-c", 'umask 027; mkdir "$1"; touch "$1/f"', "sh", path("masked")]);
    assert.equal((await fs.stat(path("masked"))).mode & 0o7777, 0o750);
    assert.equal((await fs.stat(path("masked/f"))).mode & 0o7777, 0o640);
    await fs.chown(path("masked/f"), 1234, 4294967294);
    await fs.chmod(path("masked/f"), 0o4711);
    const { uid, gid, mode } = await fs.stat(path("masked/f"));
    assert.deepEqual([uid, gid, mode & 0o7777], [1234, 4294967294, 0o4711]);
    await run("mkfifo", [path("fifo")]);
    assert.ok((await fs.stat(path("fifo"))).isFIFO());
  });

  test("keeps a file that is unlinked while it is open", async () => {
    const file = await fs.open(path("gone"), "w+");
    try {
      await file.writeFile("still here");
      await fs.unlink(path("gone"));
      await assert.rejects(fs.stat(path("gone")), { code: "ENOENT" });
      assert.equal((await file.stat()).nlink, 0);
      assert.equal((await file.read(Buffer.alloc(20), 0, 20, 0)).buffer.toString("utf8", 0, 10), "still here");
    } finally {
      await file.close();
    }
  });

  test("gives hard links one inode, and symbolic links their target", async () => {
    await fs.writeFile(path("first"), "x");
    await fs.link(path("first"), path("second"));
    const [first, second] = await Promise.all([fs.stat(path("first")), fs.stat(path("second"))]);
    assert.equal(first.ino, second.ino);
    assert.deepEqual([first.nlink, second.nlink], [2, 2]);
    await fs.symlink("first", path("soft"));
    assert.equal(await fs.readlink(path("soft")), "first");
    assert.equal(await fs.readFile(path("soft"), "utf8"), "x");
  });

  test("is mapped into memory, for reading and writing", async () => {
    const data = randomBytes(300_000);
    await fs.writeFile(path("mapped"), data);
    await python(
      `
import mmap, sys
with open(sys.argv[1], "r+b") as f:
    m = mmap.mmap(f.fileno(), 0)
    m[100000:100005] = bytes(reversed(m[100000:100005]))
    m.flush()
    m.close()`,
      path("mapped"),
    );
    data.subarray(100_000, 100_005).reverse();
    const folder = await fs.mkdtemp(join(tmpdir(), "kedge-copy-"));
    try {
      await fs.writeFile(join(folder, "copy"), data);
      await run("cmp", [join(folder, "copy"), path("mapped")]);
    } finally {
      await fs.rm(folder, { recursive: true });
    }
  });

  test("answers what it does not have as programs expect", async () => {
    const program = `
import errno, fcntl, os, sys, select
def code(call):
    try: call()
    except OSError as e: return errno.errorcode[e.errno]
    return "ok"
f = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
os.write(f, b"12345")
print(code(lambda: os.getxattr(sys.argv[1], "user.x")), code(lambda: os.setxattr(sys.argv[1], "user.x", b"1")),
  code(lambda: os.posix_fallocate(f, 0, 10000)), os.lseek(f, 0, os.SEEK_DATA), os.lseek(f, 0, os.SEEK_HOLE),
  os.fstat(f).st_size, code(lambda: fcntl.ioctl(f, 0x5401, bytes(64))), len(select.select([f], [], [], 1)[0]),
  code(lambda: fcntl.lockf(f, fcntl.LOCK_EX)), code(lambda: os.open(os.path.dirname(sys.argv[1]), os.O_TMPFILE | os.O_RDWR)),
  code(lambda: os.copy_file_range(f, os.open(sys.argv[1] + "2", os.O_WRONLY | os.O_CREAT), 5, 0)))`;
    const { stdout } = await python(program, path("odd"));
    assert.equal(stdout.trim(), "ENODATA ok ok 0 10000 10000 ENOTTY 1 ok ok ok");
    assert.equal(await fs.readFile(path("odd2"), "utf8"), "12345");
  });

  test("checks an ordinary user's permission with the groups that it has", async () => {
    await fs.mkdir(path("team"));
    await fs.chown(path("team"), 0, 4242);
    await fs.chmod(path("team"), 0o770);
    const create = ["sh", "-c", ': > "$1"', "sh", path("team/file")];
    const user = ["--reuid", "65534", "--regid", "65534"];
    await assert.rejects(run("setpriv", [...user, "--clear-groups", ...create]), /Permission denied/);
    await run("setpriv", [...user, "--groups", "7,4242", ...create]);
    assert.equal((await fs.stat(path("team/file"))).uid, 65534);
  });

  test("a call that waits ends at a signal that means to stop, and only then", async () => {
    const program = `
import os, signal, sys
signal.signal(signal.SIGALRM, lambda *_: None)
signal.setitimer(signal.ITIMER_REAL, 0.1, 0.1)
os.stat(sys.argv[1])`;
    const child = spawn("python3", ["-c", program, path("hang")], { stdio: "ignore" });
    const exited = once(child, "exit");
    await served.line("hanging");
    // Long enough for several SIGALRM and for a second look at the signals.
    await new Promise((resolve) => setTimeout(resolve, 1200));
    assert.deepEqual([child.exitCode, child.signalCode], [null, null]);
    child.kill("SIGTERM");
    assert.deepEqual(await exited, [null, "SIGTERM"]);
  });

  test("while it is paused, calls wait", async () => {
    served.command("pause");
    await served.line("did pause");
    let isDone = false;
    const stat = fs.stat(path("first")).then(() => {
      isDone = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal(isDone, false);
    served.command("resume");
    await stat;
  });
});

describe("a mount of a file system that leases", { skip: missingForNames(), timeout }, () => {
  let served: ServedMount;
  const path = (...names: string[]): string => served.path(...names);
  before(async () => {
    served = await ServedMount.start({ options: "leased" });
  });
  after(() => served?.stop());

  const lookups = async (): Promise<number> => {
    served.command("lookups");
    return Number((await served.line("lookups ")).split(" ")[1]);
  };
  const recall = async (): Promise<void> => {
    served.command("recall");
    await served.line("did recall");
  };

  test("asks for no name of 200 that were listed, until they are recalled", async () => {
    await fs.mkdir(path("many"));
    for (let index = 0; index < 200; index += 1) await fs.writeFile(path("many", `file-${index}`), `${index}`);
    await recall();
    const before = await lookups();
    const { stdout } = await run("find", [path("many"), "-type", "f", "-printf", "%s %f\\n"]);
    assert.deepEqual(
      stdout.trim().split("\n").toSorted(),
      Array.from({ length: 200 }, (_, index) => `${String(index).length} file-${index}`).toSorted(),
    );
    assert.equal((await lookups()) - before, 1, "the directory itself");
    assert.equal(await fs.readFile(path("many/file-7"), "utf8"), "7");
    assert.equal((await lookups()) - before, 1);
    await recall();
    await fs.stat(path("many/file-7"));
    assert.equal((await lookups()) - before, 3);
  });

  test("has dropped what a program is still listing when a recall is over", async () => {
    await fs.mkdir(path("listed"));
    for (const name of ["one", "two"]) await fs.writeFile(path("listed", name), "");
    await recall();
    const program = `
import os, sys
with os.scandir(sys.argv[1]) as entries:
    next(entries)
    print("listing", flush=True)
    sys.stdin.readline()`;
    const child = spawn("python3", ["-c", program, path("listed")], { stdio: ["pipe", "pipe", "inherit"] });
    const exited = once(child, "exit");
    await once(child.stdout, "data");
    let isRecalled = false;
    const recalled = recall().then(() => {
      isRecalled = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.equal(isRecalled, false);
    child.stdin.end("\n");
    assert.deepEqual(await exited, [0, null]);
    await recalled;
    const before = await lookups();
    await fs.stat(path("listed/one"));
    assert.equal((await lookups()) - before, 2);
  });
});
