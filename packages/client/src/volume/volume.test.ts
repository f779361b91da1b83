import assert from "node:assert/strict";
import { test } from "node:test";
import { memory } from "@kedgefs/conformance";
import { type FileSystem, FsError } from "@kedgefs/core";
import { volume } from "./volume.ts";

/** A memory file system of which some operations are replaced. */
function memoryWith(make: (right: FileSystem) => Partial<FileSystem>): FileSystem {
  const right = memory();
  return { ...right, ...make(right) };
}

test("the root of the volume is its own parent, and paths with and without a first slash start there", async () => {
  const fs = volume(memory());
  await fs.mkdir("directory");
  await fs.writeFile("/../../file", "x");
  assert.equal(await fs.readFile("directory/../../../file", "utf8"), "x");
  assert.deepEqual((await fs.readdir("/")).sort(), ["directory", "file"]);
  assert.equal((await fs.stat("/", { bigint: true })).ino, (await fs.stat("..", { bigint: true })).ino);
});

test("a link's absolute target starts at the root of the volume, and none leads out of it", async () => {
  const fs = volume(memory());
  await fs.mkdir("etc");
  await fs.writeFile("etc/passwd", "of the volume");
  await fs.symlink("/etc/passwd", "etc/absolute");
  await fs.symlink("../../../../etc/passwd", "etc/relative");
  assert.equal(await fs.readFile("etc/absolute", "utf8"), "of the volume");
  assert.equal(await fs.readFile("etc/relative", "utf8"), "of the volume");
});

test("the root can't be removed, renamed or replaced", async () => {
  const fs = volume(memory());
  await fs.mkdir("a");
  await assert.rejects(fs.rmdir("/"), { code: "EBUSY" });
  await assert.rejects(fs.rm("/", { recursive: true }), { code: "EBUSY" });
  await assert.rejects(fs.rename("/", "/b"), { code: "EBUSY" });
  await assert.rejects(fs.rename("a", "/"), { code: "EBUSY" });
  await assert.rejects(fs.unlink("/"), { code: "EISDIR" });
});

test("a failure is an Error as node throws it", async () => {
  const fs = volume(memory());
  await assert.rejects(fs.rename("missing", "other"), {
    name: "Error",
    message: "ENOENT: no such file or directory, rename 'missing' -> 'other'",
    code: "ENOENT",
    errno: -2,
    syscall: "rename",
    path: "missing",
    dest: "other",
  });
});

test("a bug behind the seam is EIO, with the bug as its cause", async () => {
  const bug = new RangeError("a bug");
  const fs = volume(
    memoryWith(() => ({
      statfs: async () => {
        throw bug;
      },
    })),
  );
  await assert.rejects(fs.statfs("/"), { code: "EIO", cause: bug });
});

test("a file that goes between finding and using it is looked for once more", async () => {
  let stale = 1;
  const fs = volume(
    memoryWith((right) => ({
      readlink: async (request, context) => {
        if (stale-- > 0) throw new FsError("ESTALE");
        return right.readlink(request, context);
      },
    })),
  );
  await fs.symlink("target", "link");
  assert.equal(await fs.readlink("link"), "target");
  stale = 2;
  await assert.rejects(fs.readlink("link"), { code: "ESTALE" });
});

test("the umask of the volume applies to what is made, and not to chmod", async () => {
  const fs = volume(memory(), { umask: 0o077 });
  await fs.mkdir("directory");
  await fs.writeFile("file", "x");
  assert.equal((await fs.stat("directory")).mode & 0o7777, 0o700);
  assert.equal((await fs.stat("file")).mode & 0o7777, 0o600);
  await fs.chmod("file", 0o666);
  assert.equal((await fs.stat("file")).mode & 0o7777, 0o666);
});

test("a volume acts for its caller", async () => {
  const root = volume(memory());
  await root.chmod("/", 0o777);
  const user = root.as({ uid: 1000, gid: 100, groups: [], pid: 0 });
  await user.writeFile("file", "x");
  const { uid, gid } = await root.stat("file");
  assert.deepEqual({ uid, gid }, { uid: 1000, gid: 100 });
  await root.chmod("/", 0o755);
  await assert.rejects(user.unlink("file"), { code: "EACCES" });
});

test("a handle that was closed is EBADF, and closing it again does nothing", async () => {
  const fs = volume(memory());
  const handle = await fs.open("file", "w+");
  await handle.close();
  await handle.close();
  await assert.rejects(handle.stat(), { code: "EBADF", syscall: "fstat" });
  await assert.rejects(handle.read(Buffer.alloc(1)), { code: "EBADF" });
});

test("reads at the handle's own position run one after another, however many are asked for at once", async () => {
  const fs = volume(memory());
  await fs.writeFile("file", "aabbccdd");
  const handle = await fs.open("file");
  const reads = await Promise.all(Array.from({ length: 4 }, () => handle.read(Buffer.alloc(2))));
  assert.deepEqual(
    reads.map(({ buffer }) => buffer.toString()),
    ["aa", "bb", "cc", "dd"],
  );
  await handle.close();
});

test("a handle that appends and reads goes on behind what it appended", async () => {
  const fs = volume(memory());
  await fs.writeFile("file", "0123");
  const handle = await fs.open("file", "a+");
  await handle.write("4567");
  await fs.appendFile("file", "89");
  assert.equal(await handle.readFile("utf8"), "89");
  await handle.close();
});

test("a write error that flush reports reaches who closes, and the handle is gone", async () => {
  const released: number[] = [];
  const fs = volume(
    memoryWith((right) => ({
      flush: async () => {
        throw new FsError("ENOSPC");
      },
      release: async (request, context) => {
        released.push(request.handle);
        await right.release(request, context);
      },
    })),
  );
  const handle = await fs.open("file", "w");
  await assert.rejects(handle.close(), { code: "ENOSPC", syscall: "close" });
  assert.equal(released.length, 1);
});

test("a directory can be read in part and closed", async () => {
  const fs = volume(memory());
  for (const name of ["a", "b", "c"]) await fs.mkdir(name);
  const directory = await fs.opendir("/");
  assert.equal((await directory.read())?.name, "a");
  await directory.close();
  await assert.rejects(directory.read(), { code: "ERR_DIR_CLOSED" });
  await assert.rejects(fs.opendir("missing"), { code: "ENOENT", syscall: "opendir" });
});

test("types are asked for where a directory does not tell them", async () => {
  const fs = volume(
    memoryWith((right) => ({
      readdir: async (request, context) => {
        const { entries, end } = await right.readdir(request, context);
        return { entries: entries.map((entry) => ({ ...entry, type: 0 })), end };
      },
    })),
  );
  await fs.mkdir("directory");
  await fs.symlink("x", "link");
  const entries = await fs.readdir("/", { withFileTypes: true });
  assert.deepEqual(
    entries.map((entry) => [entry.name, entry.isDirectory(), entry.isSymbolicLink()]),
    [
      ["directory", true, false],
      ["link", false, true],
    ],
  );
});

test("a copy of a file onto itself leaves it as it is", async () => {
  const fs = volume(memory());
  await fs.writeFile("file", "content");
  await fs.link("file", "second");
  await fs.copyFile("file", "second");
  assert.equal(await fs.readFile("file", "utf8"), "content");
});
