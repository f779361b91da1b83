import assert from "node:assert/strict";
import type { ConformanceCase } from "../case.ts";

export const lookupCases: readonly ConformanceCase[] = [
  {
    name: "lookup: a missing name is ENOENT for every call",
    async run({ fs, path, rejects }) {
      const missing = path("missing");
      await rejects(fs.stat(missing), "ENOENT");
      await rejects(fs.lstat(missing), "ENOENT");
      await rejects(fs.open(missing, "r"), "ENOENT");
      await rejects(fs.unlink(missing), "ENOENT");
      await rejects(fs.rmdir(missing), "ENOENT");
      await rejects(fs.chmod(missing, 0o600), "ENOENT");
      await rejects(fs.readlink(missing), "ENOENT");
      await rejects(fs.readdir(missing), "ENOENT");
      await rejects(fs.truncate(missing, 1), "ENOENT");
      await rejects(fs.access(missing), "ENOENT");
      await rejects(fs.utimes(missing, 1, 1), "ENOENT");
      await rejects(fs.rename(missing, path("other")), "ENOENT");
      await rejects(fs.link(missing, path("other")), "ENOENT");
    },
  },
  {
    name: "lookup: a missing directory on the way is ENOENT",
    async run({ fs, path, rejects }) {
      await rejects(fs.stat(path("missing", "file")), "ENOENT");
      await rejects(fs.mkdir(path("missing", "directory")), "ENOENT");
      await rejects(fs.writeFile(path("missing", "file"), "x"), "ENOENT");
      await rejects(fs.symlink("target", path("missing", "link")), "ENOENT");
    },
  },
  {
    name: "lookup: a file on the way is ENOTDIR",
    async run({ fs, path, rejects }) {
      await fs.writeFile(path("file"), "x");
      await rejects(fs.stat(path("file", "name")), "ENOTDIR");
      await rejects(fs.open(path("file", "name"), "r"), "ENOTDIR");
      await rejects(fs.writeFile(path("file", "name"), "x"), "ENOTDIR");
      await rejects(fs.mkdir(path("file", "name")), "ENOTDIR");
      await rejects(fs.unlink(path("file", "name")), "ENOTDIR");
      await rejects(fs.rmdir(path("file", "name")), "ENOTDIR");
      await rejects(fs.symlink("x", path("file", "name")), "ENOTDIR");
      await rejects(fs.rename(path("file"), path("file", "name")), "ENOTDIR");
    },
  },
  {
    name: 'lookup: "." and ".." lead to the directory and to its parent',
    async run({ fs, path, dir }) {
      await fs.mkdir(path("a"));
      await fs.mkdir(path("a", "b"));
      const { ino } = await fs.stat(dir, { bigint: true });
      assert.equal((await fs.stat(path("."), { bigint: true })).ino, ino);
      assert.equal((await fs.stat(path("a", ".."), { bigint: true })).ino, ino);
      assert.equal((await fs.stat(path("a", "b", "..", ".", ".."), { bigint: true })).ino, ino);
    },
  },
  {
    name: 'lookup: "." and ".." of a file are ENOTDIR',
    async run({ fs, path, rejects }) {
      await fs.writeFile(path("file"), "x");
      await rejects(fs.stat(path("file", ".")), "ENOTDIR");
      await rejects(fs.stat(path("file", "..")), "ENOTDIR");
    },
  },
  {
    name: "lookup: a trailing slash asks for a directory",
    async run({ fs, path, rejects }) {
      await fs.writeFile(path("file"), "x");
      await fs.mkdir(path("directory"));
      await rejects(fs.stat(path("file/")), "ENOTDIR");
      await rejects(fs.open(path("file/"), "r"), "ENOTDIR");
      await rejects(fs.truncate(path("file/"), 0), "ENOTDIR");
      await rejects(fs.unlink(path("file/")), "ENOTDIR");
      assert.ok((await fs.stat(path("directory/"))).isDirectory());
      assert.ok((await fs.lstat(path("directory//"))).isDirectory());
    },
  },
  {
    name: "lookup: no file can be made with a trailing slash",
    async run({ fs, path, rejects }) {
      await rejects(fs.open(path("new/"), "w"), "EISDIR");
      await rejects(fs.symlink("target", path("new/")), "ENOENT");
      await fs.writeFile(path("file"), "x");
      await rejects(fs.link(path("file"), path("new/")), "ENOENT");
      assert.deepEqual(await fs.readdir(path(".")), ["file"]);
    },
  },
  {
    name: "lookup: repeated slashes count as one",
    async run({ fs, path }) {
      await fs.mkdir(path("a"));
      await fs.writeFile(path("a", "b"), "x");
      assert.equal(await fs.readFile(path("", "a", "", "", "b"), "utf8"), "x");
    },
  },
  {
    name: "lookup: the empty path is ENOENT",
    async run({ fs, rejects }) {
      await rejects(fs.stat(""), "ENOENT");
      await rejects(fs.open("", "w"), "ENOENT");
      await rejects(fs.mkdir(""), "ENOENT");
    },
  },
  {
    name: "lookup: a path of 4,096 bytes is ENAMETOOLONG, one byte less is not",
    async run({ fs, dir, rejects }) {
      const path = (length: number) => `${dir}${"/".repeat(length - dir.length - 1)}x`;
      await rejects(fs.stat(path(4096)), "ENAMETOOLONG");
      await rejects(fs.stat(path(4095)), "ENOENT");
    },
  },
  {
    name: "lookup: a name that was missing is found once it is there, and missing again when it is gone",
    async run({ fs, path, rejects }) {
      await rejects(fs.stat(path("name")), "ENOENT");
      await fs.writeFile(path("name"), "x");
      assert.equal((await fs.stat(path("name"))).size, 1);
      await fs.unlink(path("name"));
      await rejects(fs.stat(path("name")), "ENOENT");
      await fs.mkdir(path("name"));
      assert.ok((await fs.stat(path("name"))).isDirectory());
    },
  },
  {
    name: "lookup: thirty directories deep",
    async run({ fs, path }) {
      const names = Array.from({ length: 30 }, (_, depth) => `level-${depth}`);
      await fs.mkdir(path(...names), { recursive: true });
      await fs.writeFile(path(...names, "file"), "deep");
      assert.equal(await fs.readFile(path(...names, "file"), "utf8"), "deep");
    },
  },
];
