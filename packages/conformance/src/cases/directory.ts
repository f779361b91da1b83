import assert from "node:assert/strict";
import type { ConformanceCase } from "../case.ts";

export const directoryCases: readonly ConformanceCase[] = [
  {
    name: "mkdir: makes an empty directory with the mode that was asked for",
    needs: ["umask-exact"],
    async run({ fs, path, umask }) {
      await fs.mkdir(path("directory"), { mode: 0o751 });
      assert.equal((await fs.stat(path("directory"))).mode & 0o7777, 0o751 & ~umask);
      assert.deepEqual(await fs.readdir(path("directory")), []);
    },
  },
  {
    name: "mkdir: a name that exists is EEXIST, whatever it is",
    async run({ fs, path, dir, rejects }) {
      await fs.writeFile(path("file"), "x");
      await fs.mkdir(path("directory"));
      await fs.symlink("directory", path("link"));
      await fs.symlink("nowhere", path("dangling"));
      for (const name of ["file", "directory", "link", "dangling"]) await rejects(fs.mkdir(path(name)), "EEXIST");
      await rejects(fs.mkdir(dir), "EEXIST");
      await rejects(fs.mkdir(path("directory", ".")), "EEXIST");
      await rejects(fs.mkdir(path("directory", "..")), "EEXIST");
    },
  },
  {
    name: "mkdir: a trailing slash is fine",
    async run({ fs, path }) {
      await fs.mkdir(path("directory/"));
      assert.ok((await fs.stat(path("directory"))).isDirectory());
    },
  },
  {
    name: "mkdir: recursive makes all that is missing and takes what is there",
    async run({ fs, path, rejects }) {
      assert.equal(await fs.mkdir(path("a", "b", "c"), { recursive: true }), path("a"));
      assert.equal(await fs.mkdir(path("a", "b", "c"), { recursive: true }), undefined);
      assert.ok((await fs.stat(path("a", "b", "c"))).isDirectory());
      await fs.writeFile(path("file"), "x");
      await rejects(fs.mkdir(path("file"), { recursive: true }), "EEXIST");
      await rejects(fs.mkdir(path("file", "x"), { recursive: true }), "ENOTDIR");
    },
  },
  {
    name: "mkdir and rmdir: change the link count of the directory round them",
    needs: ["directory-nlink"],
    async run({ fs, path, dir }) {
      const nlink = async () => (await fs.stat(dir)).nlink;
      assert.equal(await nlink(), 2);
      for (const name of ["a", "b", "c"]) await fs.mkdir(path(name));
      assert.equal(await nlink(), 5);
      await fs.writeFile(path("file"), "x");
      assert.equal(await nlink(), 5);
      await fs.rmdir(path("b"));
      assert.equal(await nlink(), 4);
    },
  },
  {
    name: "rmdir: removes an empty directory",
    async run({ fs, path, rejects }) {
      await fs.mkdir(path("directory"));
      await fs.rmdir(path("directory"));
      await rejects(fs.stat(path("directory")), "ENOENT");
      await fs.mkdir(path("directory"));
      await fs.rmdir(path("directory/"));
    },
  },
  {
    name: "rmdir: a directory that has an entry is ENOTEMPTY, even a dangling link",
    async run({ fs, path, rejects }) {
      await fs.mkdir(path("directory"));
      await fs.symlink("nowhere", path("directory", "link"));
      await rejects(fs.rmdir(path("directory")), "ENOTEMPTY");
      await fs.unlink(path("directory", "link"));
      await fs.rmdir(path("directory"));
    },
  },
  {
    name: "rmdir: of what is no directory is ENOTDIR, a link to one included",
    async run({ fs, path, rejects }) {
      await fs.writeFile(path("file"), "x");
      await fs.mkdir(path("directory"));
      await fs.symlink("directory", path("link"));
      await rejects(fs.rmdir(path("file")), "ENOTDIR");
      await rejects(fs.rmdir(path("link")), "ENOTDIR");
      await rejects(fs.rmdir(path("link/")), "ENOTDIR");
    },
  },
  {
    name: 'rmdir: "." is EINVAL and ".." ENOTEMPTY',
    async run({ fs, path, rejects }) {
      await fs.mkdir(path("directory"));
      await rejects(fs.rmdir(path("directory", ".")), "EINVAL");
      await rejects(fs.rmdir(path("directory", "..")), "ENOTEMPTY");
    },
  },
  {
    name: "unlink: removes a file, and its name can be used anew",
    async run({ fs, path, rejects }) {
      await fs.writeFile(path("file"), "old");
      await fs.unlink(path("file"));
      await rejects(fs.stat(path("file")), "ENOENT");
      await rejects(fs.unlink(path("file")), "ENOENT");
      await fs.writeFile(path("file"), "new");
      assert.equal(await fs.readFile(path("file"), "utf8"), "new");
    },
  },
  {
    name: "unlink: a directory is EISDIR",
    async run({ fs, path, rejects }) {
      await fs.mkdir(path("directory"));
      await rejects(fs.unlink(path("directory")), "EISDIR");
      await rejects(fs.unlink(path("directory/")), "EISDIR");
      await rejects(fs.unlink(path("directory", ".")), "EISDIR");
      assert.ok((await fs.stat(path("directory"))).isDirectory());
    },
  },
  {
    name: "rm: takes a tree with everything in it",
    async run({ fs, path, rejects }) {
      await fs.mkdir(path("tree", "a", "b"), { recursive: true });
      await fs.writeFile(path("tree", "file"), "x");
      await fs.symlink("../..", path("tree", "a", "link"));
      await fs.writeFile(path("tree", "a", "b", "file"), "x");
      await fs.writeFile(path("beside"), "stays");
      await rejects(fs.rm(path("tree")), "ERR_FS_EISDIR");
      await fs.rm(path("tree"), { recursive: true });
      assert.deepEqual(await fs.readdir(path(".")), ["beside"]);
      await rejects(fs.rm(path("tree"), { recursive: true }), "ENOENT");
      await fs.rm(path("tree"), { recursive: true, force: true });
    },
  },
];
