import assert from "node:assert/strict";
import type { ConformanceCase } from "../case.ts";

export const renameCases: readonly ConformanceCase[] = [
  {
    name: "rename: gives a file a new name and keeps its inode",
    async run({ fs, path, rejects }) {
      await fs.writeFile(path("old"), "content");
      const { ino } = await fs.stat(path("old"), { bigint: true });
      await fs.rename(path("old"), path("new"));
      await rejects(fs.stat(path("old")), "ENOENT");
      assert.equal((await fs.stat(path("new"), { bigint: true })).ino, ino);
      assert.equal(await fs.readFile(path("new"), "utf8"), "content");
    },
  },
  {
    name: "rename: into another directory, which is no EXDEV",
    async run({ fs, path }) {
      await fs.mkdir(path("a", "b"), { recursive: true });
      await fs.mkdir(path("c"));
      await fs.writeFile(path("a", "b", "file"), "content");
      await fs.rename(path("a", "b", "file"), path("c", "file"));
      assert.deepEqual(await fs.readdir(path("a", "b")), []);
      assert.equal(await fs.readFile(path("c", "file"), "utf8"), "content");
    },
  },
  {
    name: "rename: onto a file replaces it",
    async run({ fs, path }) {
      await fs.writeFile(path("source"), "source");
      await fs.writeFile(path("target"), "target");
      const { ino } = await fs.stat(path("source"), { bigint: true });
      await fs.rename(path("source"), path("target"));
      assert.deepEqual(await fs.readdir(path(".")), ["target"]);
      assert.equal(await fs.readFile(path("target"), "utf8"), "source");
      assert.equal((await fs.stat(path("target"), { bigint: true })).ino, ino);
    },
  },
  {
    name: "rename: a directory with everything below it",
    async run({ fs, path }) {
      await fs.mkdir(path("a", "b"), { recursive: true });
      await fs.writeFile(path("a", "b", "file"), "content");
      await fs.mkdir(path("c"));
      await fs.rename(path("a"), path("c", "moved"));
      assert.equal(await fs.readFile(path("c", "moved", "b", "file"), "utf8"), "content");
      assert.deepEqual(await fs.readdir(path(".")), ["c"]);
    },
  },
  {
    name: "rename: a directory onto an empty one replaces it",
    async run({ fs, path }) {
      await fs.mkdir(path("source"));
      await fs.writeFile(path("source", "file"), "x");
      await fs.mkdir(path("target"));
      await fs.rename(path("source"), path("target"));
      assert.deepEqual(await fs.readdir(path(".")), ["target"]);
      assert.deepEqual(await fs.readdir(path("target")), ["file"]);
    },
  },
  {
    name: "rename: a directory onto one with entries is ENOTEMPTY",
    async run({ fs, path, rejects }) {
      await fs.mkdir(path("source"));
      await fs.mkdir(path("target"));
      await fs.writeFile(path("target", "file"), "x");
      await rejects(fs.rename(path("source"), path("target")), "ENOTEMPTY");
      assert.deepEqual((await fs.readdir(path("."))).sort(), ["source", "target"]);
    },
  },
  {
    name: "rename: a file onto a directory is EISDIR, a directory onto a file ENOTDIR",
    async run({ fs, path, rejects }) {
      await fs.writeFile(path("file"), "x");
      await fs.mkdir(path("directory"));
      await rejects(fs.rename(path("file"), path("directory")), "EISDIR");
      await rejects(fs.rename(path("directory"), path("file")), "ENOTDIR");
    },
  },
  {
    name: "rename: a directory into itself is EINVAL",
    async run({ fs, path, rejects }) {
      await fs.mkdir(path("a", "b"), { recursive: true });
      await rejects(fs.rename(path("a"), path("a", "c")), "EINVAL");
      await rejects(fs.rename(path("a"), path("a", "b", "c")), "EINVAL");
      await rejects(fs.rename(path("a"), path("a", "b")), "EINVAL");
    },
  },
  {
    name: "rename: onto a directory that it is in is ENOTEMPTY",
    async run({ fs, path, rejects }) {
      await fs.mkdir(path("a", "b"), { recursive: true });
      await fs.writeFile(path("a", "b", "file"), "x");
      await rejects(fs.rename(path("a", "b"), path("a")), "ENOTEMPTY");
      await rejects(fs.rename(path("a", "b", "file"), path("a")), "ENOTEMPTY");
    },
  },
  {
    name: "rename: onto itself does nothing",
    async run({ fs, path }) {
      await fs.writeFile(path("file"), "x");
      await fs.mkdir(path("directory"));
      await fs.rename(path("file"), path("file"));
      await fs.rename(path("directory"), path("directory"));
      assert.deepEqual((await fs.readdir(path("."))).sort(), ["directory", "file"]);
    },
  },
  {
    name: "rename: onto another name of the same file does nothing, and both stay",
    needs: ["hardlinks"],
    async run({ fs, path }) {
      await fs.writeFile(path("first"), "x");
      await fs.link(path("first"), path("second"));
      await fs.rename(path("first"), path("second"));
      assert.deepEqual((await fs.readdir(path("."))).sort(), ["first", "second"]);
      assert.equal((await fs.stat(path("first"))).nlink, 2);
    },
  },
  {
    name: "rename: a missing source or target directory is ENOENT, and nothing changes",
    async run({ fs, path, rejects }) {
      await fs.writeFile(path("file"), "x");
      await rejects(fs.rename(path("missing"), path("file")), "ENOENT");
      await rejects(fs.rename(path("file"), path("missing", "file")), "ENOENT");
      assert.equal(await fs.readFile(path("file"), "utf8"), "x");
    },
  },
  {
    name: 'rename: "." and ".." are EBUSY',
    async run({ fs, path, rejects }) {
      await fs.mkdir(path("a"));
      await rejects(fs.rename(path("a", "."), path("b")), "EBUSY");
      await rejects(fs.rename(path("a"), path("a", "..")), "EBUSY");
    },
  },
  {
    name: "rename: a trailing slash is for directories only",
    async run({ fs, path, rejects }) {
      await fs.writeFile(path("file"), "x");
      await fs.mkdir(path("directory"));
      await rejects(fs.rename(path("file"), path("new/")), "ENOTDIR");
      await rejects(fs.rename(path("file/"), path("new")), "ENOTDIR");
      await fs.rename(path("directory/"), path("new/"));
      assert.ok((await fs.stat(path("new"))).isDirectory());
    },
  },
  {
    name: "rename: too long a new name is ENAMETOOLONG",
    async run({ fs, path, rejects }) {
      await fs.writeFile(path("file"), "x");
      await rejects(fs.rename(path("file"), path("n".repeat(256))), "ENAMETOOLONG");
      await fs.rename(path("file"), path("n".repeat(255)));
    },
  },
  {
    name: "rename: a directory that moves takes its link count along, and its .. leads to the new parent",
    needs: ["directory-nlink"],
    async run({ fs, path }) {
      await fs.mkdir(path("from", "moved"), { recursive: true });
      await fs.mkdir(path("to"));
      await fs.rename(path("from", "moved"), path("to", "moved"));
      assert.equal((await fs.stat(path("from"))).nlink, 2);
      assert.equal((await fs.stat(path("to"))).nlink, 3);
      const { ino } = await fs.stat(path("to"), { bigint: true });
      assert.equal((await fs.stat(path("to", "moved", ".."), { bigint: true })).ino, ino);
    },
  },
  {
    name: "rename: a hundred times back and forth",
    async run({ fs, path, rejects }) {
      await fs.writeFile(path("a"), "content");
      for (let turn = 0; turn < 50; turn += 1) {
        await fs.rename(path("a"), path("b"));
        await fs.rename(path("b"), path("a"));
      }
      await rejects(fs.stat(path("b")), "ENOENT");
      assert.equal(await fs.readFile(path("a"), "utf8"), "content");
    },
  },
];
