import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { memory } from "@kedgefs/conformance";
import {
  type FileSystem,
  FsError,
  O_APPEND,
  O_RDONLY,
  O_RDWR,
  rootContext,
  S_IFREG,
  silentLogger,
} from "@kedgefs/core";
import type { AdapterState } from "./adapter-state.ts";
import { type CountingFileSystem, countingFileSystem } from "./counting-file-system.ts";
import { createNativeOperations } from "./fuse-native-operations.ts";
import { HandleTable } from "./handle-table.ts";
import { HiddenTargets } from "./hidden-targets.ts";
import type { NativeOperations } from "./native-operations.ts";
import { shownTextFromBytes } from "./native-path.ts";

const context = rootContext();
const hiddenPath = "/.fuse_hidden0000000200000001";

describe("fuse-native's operations on a FileSystem", () => {
  let source: FileSystem;
  let counting: CountingFileSystem;
  let handles: HandleTable;
  let operations: NativeOperations;
  let warnings: number;

  beforeEach(async () => {
    source = memory();
    counting = countingFileSystem(source);
    handles = new HandleTable();
    warnings = 0;
    const { node: root } = await source.root(context);
    const state: AdapterState = {
      fileSystem: counting.fileSystem,
      root,
      handles,
      hiddenTargets: new HiddenTargets(),
      reportUnexpected: (error) => assert.fail(String(error)),
      logger: { ...silentLogger, warn: () => warnings++ },
    };
    operations = createNativeOperations(state);
  });

  const makeFile = async (path: string, text: string): Promise<void> => {
    const fd = await operations.create(context, path, 0o644);
    await operations.write(context, fd, Buffer.from(text), 0n);
    await operations.release(context, fd);
  };
  const textOf = async (path: string): Promise<string> => {
    const fd = await operations.open(context, path, O_RDONLY);
    const data = await operations.read(context, fd, 100, 0n);
    await operations.release(context, fd);
    return Buffer.from(data).toString();
  };

  it("walks to a file in a directory and gives every node back", async () => {
    await operations.mkdir(context, "/a", 0o755);
    await operations.mkdir(context, "/a/b", 0o755);
    await makeFile("/a/b/c", "text");
    await operations.link(context, "/a/b/c", "/a/d");
    await operations.symlink(context, "b/c", "/a/e");
    await operations.mknod(context, "/a/f", S_IFREG | 0o600, 0);
    assert.equal(await operations.readlink(context, "/a/e"), "b/c");
    assert.equal((await operations.getattr(context, "/a/b/c")).nlink, 2);
    assert.equal((await operations.readdir(context, "/a")).length, 6);
    await assert.rejects(operations.getattr(context, "/a/x/y"), { code: "ENOENT" });
    await assert.rejects(operations.getattr(context, "/a/d/y"), { code: "ENOTDIR" });
    assert.equal(counting.references(), 0);
    assert.equal(handles.size, 0);
  });

  it("asks for the attributes of a path's last name only by looking it up", async () => {
    await operations.mkdir(context, "/a", 0o755);
    counting.calls.length = 0;
    await operations.getattr(context, "/a");
    assert.deepEqual(counting.calls, ["lookup", "forget"]);
  });

  it("walks once to the directory in which a name changes", async () => {
    await operations.mkdir(context, "/a", 0o755);
    await makeFile("/a/b", "");
    counting.calls.length = 0;
    await operations.rename(context, "/a/b", "/a/c");
    assert.deepEqual(counting.calls, ["lookup", "rename", "forget"]);
  });

  it("keeps an open file through rename, through another file in its place, and unlink", async () => {
    await makeFile("/old", "first");
    const fd = await operations.open(context, "/old", O_RDWR);
    await operations.rename(context, "/old", "/new");
    await makeFile("/old", "second");
    await operations.unlink(context, "/new");
    await operations.ftruncate(context, fd, 3n);
    await operations.write(context, fd, Buffer.from("x"), 3n);
    assert.equal(Buffer.from(await operations.read(context, fd, 100, 0n)).toString(), "firx");
    const { size, nlink } = await operations.fgetattr(context, fd);
    assert.deepEqual([size, nlink], [4n, 0]);
    assert.equal(counting.references(), 1);
    await operations.release(context, fd);
    assert.equal(counting.references(), 0);
    assert.equal(await textOf("/old"), "second");
  });

  it("passes the flags of an open on", async () => {
    await makeFile("/log", "12");
    const fd = await operations.open(context, "/log", O_RDWR | O_APPEND);
    await operations.write(context, fd, Buffer.from("34"), 0n);
    await operations.release(context, fd);
    assert.equal(await textOf("/log"), "1234");
  });

  it("answers a create that met a file with ESTALE, so that the kernel looks again", async () => {
    await makeFile("/there", "");
    await assert.rejects(operations.create(context, "/there", 0o644), { code: "ESTALE" });
    assert.equal(handles.size, 0);
    assert.equal(counting.references(), 0);
  });

  it("gives a number back when opening fails", async () => {
    await assert.rejects(operations.open(context, "/", O_RDWR), { code: "EISDIR" });
    await makeFile("/file", "");
    await assert.rejects(operations.opendir(context, "/file"), { code: "ENOTDIR" });
    assert.equal(handles.size, 0);
    assert.equal(counting.references(), 0);
  });

  it("opens the root directory and lets it go", async () => {
    const fd = await operations.opendir(context, "/");
    await operations.fsyncdir(context, fd, false);
    await operations.releasedir(context, fd);
    await assert.rejects(operations.releasedir(context, fd), { code: "EBADF" });
  });

  it("changes only what chown names", async () => {
    await makeFile("/file", "");
    await operations.chown(context, "/file", 7, 0xffff_ffff);
    await operations.chown(context, "/file", 0xffff_ffff, 8);
    const { uid, gid } = await operations.getattr(context, "/file");
    assert.deepEqual([uid, gid], [7, 8]);
  });

  it("shows a name that is not UTF-8, says so once, and refuses every use of it", async () => {
    const { node: parent } = await source.root(context);
    for (const name of [Buffer.from([0x61, 0xff]), Buffer.from([0x62, 0xff])]) {
      await source.mknod({ parent, name, mode: S_IFREG | 0o644, rdev: 0 }, context);
    }
    const names = (await operations.readdir(context, "/")).map(({ name }) => shownTextFromBytes(name));
    assert.deepEqual(names.sort(), [".", "..", "a\uFFFD", "b\uFFFD"]);
    assert.equal(warnings, 1);
    await assert.rejects(operations.getattr(context, "/a\uFFFD"), { code: "EILSEQ" });
    await assert.rejects(operations.mkdir(context, "/c\uFFFD", 0o755), { code: "EILSEQ" });
    await assert.rejects(operations.symlink(context, "\uFFFD", "/link"), { code: "EILSEQ" });
    await source.symlink({ parent, name: Buffer.from("link"), target: Buffer.from([0xff]) }, context);
    await assert.rejects(operations.readlink(context, "/link"), { code: "EILSEQ" });
  });

  it("puts the target back when a rename onto an open file fails", async () => {
    await makeFile("/target", "precious");
    await operations.rename(context, "/target", hiddenPath);
    await assert.rejects(operations.rename(context, "/missing", "/target"), { code: "ENOENT" });
    assert.equal(await textOf("/target"), "precious");
  });

  it("does not bring back what was unlinked while it was open", async () => {
    await makeFile("/gone", "");
    await operations.rename(context, "/gone", hiddenPath);
    // The kernel looks at the target before a rename of its own.
    await assert.rejects(operations.getattr(context, "/gone"), { code: "ENOENT" });
    await assert.rejects(operations.rename(context, "/missing", "/gone"), { code: "ENOENT" });
    await assert.rejects(operations.getattr(context, "/gone"), { code: "ENOENT" });
    await operations.unlink(context, hiddenPath);
    assert.equal(counting.references(), 0);
  });

  it("does not bring back what its last close removed", async () => {
    await makeFile("/gone", "");
    await operations.rename(context, "/gone", hiddenPath);
    await operations.unlink(context, hiddenPath);
    await makeFile(hiddenPath, "another");
    await assert.rejects(operations.rename(context, "/missing", "/gone"), { code: "ENOENT" });
    assert.equal(await textOf(hiddenPath), "another");
  });

  it("refuses to name the root", async () => {
    await assert.rejects(operations.rmdir(context, "/"), (error) => error instanceof FsError && error.code === "EBUSY");
  });
});
