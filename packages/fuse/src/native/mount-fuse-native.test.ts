import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import * as fs from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { checkFuse } from "./fuse-check.ts";
import { MountedChild } from "./mounted-child.ts";
import { loadNativeBinding } from "./native-binding.ts";

const isRoot = process.geteuid?.() === 0;
const timeout = 20_000;

/** The missing prerequisite, or false. */
async function missing(): Promise<string | false> {
  try {
    loadNativeBinding();
    await checkFuse(isRoot);
    return false;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

describe("a mount by fuse-native", { skip: await missing(), timeout: 120_000 }, () => {
  let mount: MountedChild;
  before(async () => {
    mount = await MountedChild.start();
  });
  after(async () => {
    await mount?.destroy();
  });

  it("keeps what is written to a new file", { timeout }, async () => {
    await fs.writeFile(mount.path("new"), "hello");
    assert.equal(await fs.readFile(mount.path("new"), "utf8"), "hello");
    assert.equal((await fs.stat(mount.path("new"))).size, 5);
    await assert.rejects(fs.writeFile(mount.path("new"), "again", { flag: "wx" }), { code: "EEXIST" });
  });

  it("carries 3 MiB there and back", { timeout }, async () => {
    const data = randomBytes(3 << 20);
    await fs.writeFile(mount.path("large"), data);
    assert.ok(data.equals(await fs.readFile(mount.path("large"))));
  });

  it("renames, also onto another file", { timeout }, async () => {
    await fs.writeFile(mount.path("from"), "moved");
    await fs.writeFile(mount.path("to"), "covered");
    await fs.rename(mount.path("from"), mount.path("to"));
    assert.equal(await fs.readFile(mount.path("to"), "utf8"), "moved");
    await assert.rejects(fs.stat(mount.path("from")), { code: "ENOENT" });
  });

  it("lets an open file follow its own renames and its directory's", { timeout }, async () => {
    await fs.mkdir(mount.path("dir"));
    const file = await fs.open(mount.path("dir", "a"), "w+");
    try {
      await file.write("before ");
      await fs.rename(mount.path("dir", "a"), mount.path("dir", "b"));
      await fs.rename(mount.path("dir"), mount.path("moved"));
      await file.write("after");
      assert.equal((await file.stat()).size, 12);
      assert.equal(await fs.readFile(mount.path("moved", "b"), "utf8"), "before after");
    } finally {
      await file.close();
    }
  });

  it("has extended attributes, but no ACLs", { timeout }, async () => {
    await fs.writeFile(mount.path("attributed"), "");
    const script = `
import errno, os, sys
def attempt(call):
    try: return call()
    except OSError as error: return errno.errorcode[error.errno]
name = sys.argv[1]
print([
    os.listxattr(name),
    attempt(lambda: os.setxattr(name, "user.a", b"\\x00one", os.XATTR_CREATE)),
    attempt(lambda: os.setxattr(name, "user.a", b"two", os.XATTR_CREATE)),
    attempt(lambda: os.setxattr(name, "user.empty", b"")),
    os.getxattr(name, "user.a"),
    os.getxattr(name, "user.empty"),
    sorted(os.listxattr(name)),
    attempt(lambda: os.removexattr(name, "user.a")),
    attempt(lambda: os.getxattr(name, "user.a")),
    attempt(lambda: os.removexattr(name, "user.a")),
    attempt(lambda: os.setxattr(name, "user.large", b"x" * 65536)),
    len(os.getxattr(name, "user.large")),
    attempt(lambda: os.setxattr(name, "system.posix_acl_access", b"\\2\\0\\0\\0")),
])`;
    const { stdout } = await promisify(execFile)("python3", ["-c", script, mount.path("attributed")]);
    assert.equal(
      stdout.trim(),
      "[[], None, 'EEXIST', None, b'\\x00one', b'', ['user.a', 'user.empty'], None, 'ENODATA', 'ENODATA', None, 65536, 'ENOTSUP']",
    );
  });

  it("keeps an unlinked file for those who have it open", { timeout }, async () => {
    const file = await fs.open(mount.path("gone"), "w+");
    try {
      await file.write("0123456789");
      await fs.unlink(mount.path("gone"));
      await assert.rejects(fs.stat(mount.path("gone")), { code: "ENOENT" });
      await file.write("abc", 10);
      await file.truncate(12);
      await file.chmod(0o600);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(20), 0, 20, 0);
      assert.equal(buffer.toString("utf8", 0, bytesRead), "0123456789ab");
      const { size, nlink, mode } = await file.stat();
      assert.deepEqual([size, nlink, mode & 0o777], [12, 0, 0o600]);
    } finally {
      await file.close();
    }
    const left = (await fs.readdir(mount.mountpoint)).filter((name) => name.startsWith(".fuse_hidden"));
    assert.deepEqual(left, []);
  });

  it("keeps the old file for those who have it open when another is renamed onto it", { timeout }, async () => {
    await fs.writeFile(mount.path("target"), "old");
    const file = await fs.open(mount.path("target"), "r");
    try {
      await fs.writeFile(mount.path("next"), "new");
      await fs.rename(mount.path("next"), mount.path("target"));
      assert.equal(await file.readFile("utf8"), "old");
      assert.equal(await fs.readFile(mount.path("target"), "utf8"), "new");
    } finally {
      await file.close();
    }
  });

  it("loses nothing when a rename onto an open file fails", { timeout }, async () => {
    await fs.writeFile(mount.path("precious"), "kept");
    await fs.writeFile(mount.path("other"), "other");
    const file = await fs.open(mount.path("precious"), "r");
    try {
      await mount.ask({ refuseRename: { name: "precious" } });
      await assert.rejects(fs.rename(mount.path("other"), mount.path("precious")), { code: "ENOSPC" });
      assert.equal(await fs.readFile(mount.path("precious"), "utf8"), "kept");
    } finally {
      await file.close();
    }
    assert.equal(await fs.readFile(mount.path("precious"), "utf8"), "kept");
  });

  it("truncates by path and by open file", { timeout }, async () => {
    await fs.writeFile(mount.path("cut"), "0123456789");
    await fs.truncate(mount.path("cut"), 6);
    assert.equal(await fs.readFile(mount.path("cut"), "utf8"), "012345");
    const file = await fs.open(mount.path("cut"), "r+");
    await file.truncate(3);
    await file.close();
    assert.equal(await fs.readFile(mount.path("cut"), "utf8"), "012");
    await fs.truncate(mount.path("cut"), 3 * 2 ** 32);
    assert.equal((await fs.stat(mount.path("cut"))).size, 3 * 2 ** 32);
    await fs.writeFile(mount.path("cut"), "");
    assert.equal((await fs.stat(mount.path("cut"))).size, 0);
  });

  it("appends where the file ends now, whoever wrote last", { timeout }, async () => {
    await fs.writeFile(mount.path("log"), "");
    const file = await fs.open(mount.path("log"), "a");
    await file.write("one ");
    await mount.ask({ write: { name: "log", text: "ONE two " } });
    await file.write("three");
    await file.close();
    assert.equal(await fs.readFile(mount.path("log"), "utf8"), "ONE two three");
  });

  it("lists 2,000 entries, each once", { timeout: 60_000 }, async () => {
    await fs.mkdir(mount.path("many"));
    const names = Array.from({ length: 2000 }, (_, index) => `entry-${index}`);
    for (const name of names) await fs.writeFile(mount.path("many", name), "");
    const listed = await fs.readdir(mount.path("many"), { withFileTypes: true });
    assert.deepEqual(listed.map(({ name }) => name).sort(), names.sort());
    assert.ok(listed.every((entry) => entry.isFile()));
    await fs.rm(mount.path("many"), { recursive: true });
    await assert.rejects(fs.stat(mount.path("many")), { code: "ENOENT" });
  });

  it("makes symbolic links and tells their targets", { timeout }, async () => {
    await fs.symlink("../some/where ü", mount.path("symlink"));
    assert.equal(await fs.readlink(mount.path("symlink")), "../some/where ü");
    assert.ok((await fs.lstat(mount.path("symlink"))).isSymbolicLink());
  });

  it("gives hard links one inode number", { timeout }, async () => {
    await fs.writeFile(mount.path("first"), "x");
    await fs.link(mount.path("first"), mount.path("second"));
    const [first, second] = await Promise.all([fs.stat(mount.path("first")), fs.stat(mount.path("second"))]);
    assert.equal(first.ino, second.ino);
    assert.deepEqual([first.nlink, second.nlink], [2, 2]);
  });

  it("changes modes", { timeout }, async () => {
    await fs.writeFile(mount.path("mode"), "");
    await fs.chmod(mount.path("mode"), 0o4751);
    assert.equal((await fs.stat(mount.path("mode"))).mode & 0o7777, 0o4751);
  });

  it("changes owners", { timeout, skip: isRoot ? false : "only root may chown" }, async () => {
    await fs.writeFile(mount.path("owner"), "");
    await fs.chown(mount.path("owner"), 1234, 4321);
    await fs.chown(mount.path("owner"), 1235, -1 >>> 0);
    const { uid, gid } = await fs.stat(mount.path("owner"));
    assert.deepEqual([uid, gid], [1235, 4321]);
  });

  it("sets both times, to the millisecond", { timeout }, async () => {
    await fs.writeFile(mount.path("times"), "");
    await fs.utimes(mount.path("times"), 1_000_000.125, 2_000_000_000.25);
    const { atimeNs, mtimeNs } = await fs.stat(mount.path("times"), { bigint: true });
    assert.deepEqual([atimeNs, mtimeNs], [1_000_000_125_000_000n, 2_000_000_000_250_000_000n]);
  });

  it("tells of the space", { timeout }, async () => {
    const { blocks, bfree, bsize } = await fs.statfs(mount.mountpoint);
    assert.ok(blocks > 0 && bfree > 0 && bfree <= blocks && bsize > 0);
  });

  it("syncs files and directories", { timeout }, async () => {
    const file = await fs.open(mount.path("synced"), "w");
    await file.write("x");
    await file.sync();
    await file.datasync();
    await file.close();
    const directory = await fs.open(mount.mountpoint, constants.O_DIRECTORY);
    await directory.sync();
    await directory.close();
  });

  it("runs a program", { timeout }, async () => {
    await fs.copyFile("/bin/echo", mount.path("echo"));
    await fs.chmod(mount.path("echo"), 0o755);
    const { stdout } = await promisify(execFile)(mount.path("echo"), ["from", "here"]);
    assert.equal(stdout, "from here\n");
  });

  it("shows another client's write to those who have the file open", { timeout }, async () => {
    await fs.writeFile(mount.path("shared"), "aaaa");
    const file = await fs.open(mount.path("shared"), "r");
    try {
      assert.equal((await file.read(Buffer.alloc(4), 0, 4, 0)).buffer.toString(), "aaaa");
      await mount.ask({ write: { name: "shared", text: "bbbb" } });
      assert.equal((await file.read(Buffer.alloc(4), 0, 4, 0)).buffer.toString(), "bbbb");
      await mount.ask({ write: { name: "shared", text: "cccccc" } });
      assert.equal((await file.stat()).size, 6);
    } finally {
      await file.close();
    }
  });

  it("opens a file that another client makes between lookup and create", { timeout }, async () => {
    await mount.ask({ appear: { name: "race" } });
    await fs.writeFile(mount.path("race"), "mine");
    assert.equal(await fs.readFile(mount.path("race"), "utf8"), "mine");
  });

  it("refuses an exclusive create of such a file", { timeout }, async () => {
    await mount.ask({ appear: { name: "lock" } });
    await assert.rejects(fs.writeFile(mount.path("lock"), "mine", { flag: "wx" }), { code: "EEXIST" });
  });

  it("refuses names that are not UTF-8", { timeout }, async () => {
    const path = Buffer.concat([Buffer.from(`${mount.mountpoint}/`), Buffer.from([0x61, 0xff])]);
    await assert.rejects(fs.writeFile(path, ""), { code: "EILSEQ" });
  });

  it("unmounts when it is asked to, and its process ends", { timeout }, async () => {
    const own = await MountedChild.start();
    try {
      await fs.writeFile(own.path("last"), "x");
      own.terminate();
      assert.equal(await own.exited(), 0);
      assert.equal(await own.isMounted(), false);
    } finally {
      await own.destroy();
    }
  });

  it("ends its process when somebody else unmounts", { timeout }, async () => {
    const own = await MountedChild.start();
    try {
      const [program, ...args] = isRoot ? ["umount"] : ["fusermount3", "-u"];
      await promisify(execFile)(program ?? "umount", [...args, own.mountpoint]);
      assert.equal(await own.exited(), 0);
    } finally {
      await own.destroy();
    }
  });

  it("serves what is open after a lazy unmount, and ends then", { timeout }, async () => {
    const own = await MountedChild.start();
    const file = await fs.open(own.path("held"), "w+");
    try {
      await file.write("held");
      const [program, ...args] = isRoot ? ["umount", "-l"] : ["fusermount3", "-u", "-z"];
      await promisify(execFile)(program ?? "umount", [...args, own.mountpoint]);
      assert.equal(await own.isMounted(), false);
      assert.equal((await file.read(Buffer.alloc(4), 0, 4, 0)).buffer.toString(), "held");
      await file.close();
      assert.equal(await own.exited(), 0);
    } finally {
      await file.close().catch(() => {});
      await own.destroy();
    }
  });
});
