import assert from "node:assert/strict";
import { constants } from "node:fs";
import type { ConformanceCase } from "../case.ts";

const invalidUtf8 = Buffer.from([0x66, 0xff, 0xfe, 0x80]);

export const symlinkCases: readonly ConformanceCase[] = [
  {
    name: "symlink: readlink gives the target back as it was",
    async run({ fs, path }) {
      for (const [index, target] of ["file", "../up", "/absolute/./path//x/", "ü\n "].entries()) {
        await fs.symlink(target, path(`link-${index}`));
        assert.equal(await fs.readlink(path(`link-${index}`)), target);
      }
    },
  },
  {
    name: "symlink: a target may be any bytes",
    needs: ["byte-names"],
    async run({ fs, path }) {
      await fs.symlink(invalidUtf8, path("link"));
      assert.deepEqual(await fs.readlink(path("link"), "buffer"), invalidUtf8);
    },
  },
  {
    name: "symlink: a target of 4,095 bytes is kept, a longer one is ENAMETOOLONG",
    async run({ fs, path, rejects }) {
      const target = "a/".repeat(2047).concat("b");
      await fs.symlink(target, path("link"));
      assert.equal(await fs.readlink(path("link")), target);
      assert.equal((await fs.lstat(path("link"))).size, 4095);
      await rejects(fs.symlink(`${target}c`, path("longer")), "ENAMETOOLONG");
    },
  },
  {
    name: "symlink: an empty target is ENOENT",
    async run({ fs, path, rejects }) {
      await rejects(fs.symlink("", path("link")), "ENOENT");
    },
  },
  {
    name: "symlink: a name that exists is EEXIST, a dangling link too",
    async run({ fs, path, rejects }) {
      await fs.writeFile(path("file"), "x");
      await fs.mkdir(path("directory"));
      await fs.symlink("nowhere", path("link"));
      for (const name of ["file", "directory", "link"]) await rejects(fs.symlink("target", path(name)), "EEXIST");
      assert.equal(await fs.readlink(path("link")), "nowhere");
    },
  },
  {
    name: "readlink: of a file or directory is EINVAL",
    async run({ fs, path, rejects }) {
      await fs.writeFile(path("file"), "x");
      await fs.mkdir(path("directory"));
      await rejects(fs.readlink(path("file")), "EINVAL");
      await rejects(fs.readlink(path("directory")), "EINVAL");
    },
  },
  {
    name: "symlink: a dangling one is there for lstat and ENOENT for stat",
    async run({ fs, path, rejects }) {
      await fs.symlink("nowhere", path("link"));
      assert.ok((await fs.lstat(path("link"))).isSymbolicLink());
      await rejects(fs.stat(path("link")), "ENOENT");
      await rejects(fs.open(path("link"), "r"), "ENOENT");
    },
  },
  {
    name: "symlink: a relative target starts at the link's directory",
    async run({ fs, path }) {
      await fs.mkdir(path("a"));
      await fs.mkdir(path("b"));
      await fs.writeFile(path("b", "file"), "found");
      await fs.symlink("../b/file", path("a", "link"));
      assert.equal(await fs.readFile(path("a", "link"), "utf8"), "found");
    },
  },
  {
    name: "symlink: an absolute target starts at the root",
    async run({ fs, path }) {
      await fs.mkdir(path("a"));
      await fs.writeFile(path("file"), "found");
      await fs.symlink(path("file"), path("a", "link"));
      assert.equal(await fs.readFile(path("a", "link"), "utf8"), "found");
    },
  },
  {
    name: 'symlink: ".." after a link to a directory is the parent of the target',
    async run({ fs, path }) {
      await fs.mkdir(path("a", "b"), { recursive: true });
      await fs.writeFile(path("a", "file"), "in a");
      await fs.writeFile(path("file"), "in the case's directory");
      await fs.symlink("a/b", path("link"));
      assert.equal(await fs.readFile(path("link", "..", "file"), "utf8"), "in a");
    },
  },
  {
    name: "symlink: to a directory it is one on the way, and with a trailing slash",
    async run({ fs, path, rejects }) {
      await fs.mkdir(path("directory"));
      await fs.writeFile(path("directory", "file"), "x");
      await fs.symlink("directory", path("link"));
      assert.deepEqual(await fs.readdir(path("link")), ["file"]);
      assert.ok((await fs.lstat(path("link/"))).isDirectory());
      assert.ok((await fs.lstat(path("link"))).isSymbolicLink());
      await fs.symlink("directory/file", path("to-file"));
      await rejects(fs.stat(path("to-file/")), "ENOTDIR");
    },
  },
  {
    name: "symlink: one that leads to itself is ELOOP",
    async run({ fs, path, rejects }) {
      await fs.symlink("self", path("self"));
      await fs.symlink("pong", path("ping"));
      await fs.symlink("ping", path("pong"));
      await rejects(fs.stat(path("self")), "ELOOP");
      await rejects(fs.open(path("ping"), "r"), "ELOOP");
      await rejects(fs.readdir(path("ping", "x")), "ELOOP");
      assert.equal(await fs.readlink(path("ping")), "pong");
    },
  },
  {
    name: "symlink: forty in a chain are followed, one more is ELOOP",
    async run({ fs, path, rejects }) {
      await fs.writeFile(path("link-0"), "found");
      for (let index = 1; index <= 41; index += 1) await fs.symlink(`link-${index - 1}`, path(`link-${index}`));
      assert.equal(await fs.readFile(path("link-40"), "utf8"), "found");
      await rejects(fs.readFile(path("link-41")), "ELOOP");
    },
  },
  {
    name: "symlink: writing to a dangling one makes its target",
    async run({ fs, path }) {
      await fs.mkdir(path("directory"));
      await fs.symlink("directory/target", path("link"));
      await fs.writeFile(path("link"), "made");
      assert.equal(await fs.readFile(path("directory", "target"), "utf8"), "made");
      assert.ok((await fs.lstat(path("link"))).isSymbolicLink());
    },
  },
  {
    name: "symlink: O_EXCL does not follow one, mkdir neither",
    async run({ fs, path, rejects }) {
      await fs.symlink("target", path("link"));
      await rejects(fs.open(path("link"), "wx"), "EEXIST");
      await rejects(fs.mkdir(path("link")), "EEXIST");
      await rejects(fs.lstat(path("target")), "ENOENT");
    },
  },
  {
    name: "symlink: O_NOFOLLOW on one is ELOOP, on what is no link it is nothing",
    async run({ fs, path, open, rejects }) {
      await fs.writeFile(path("file"), "x");
      await fs.symlink("file", path("link"));
      await rejects(fs.open(path("link"), constants.O_RDONLY | constants.O_NOFOLLOW), "ELOOP");
      await open(path("file"), constants.O_RDONLY | constants.O_NOFOLLOW);
    },
  },
  {
    name: "symlink: unlink and rename take the link, not its target",
    async run({ fs, path, rejects }) {
      await fs.writeFile(path("file"), "x");
      await fs.symlink("file", path("link"));
      await fs.rename(path("link"), path("renamed"));
      assert.equal(await fs.readlink(path("renamed")), "file");
      await fs.unlink(path("renamed"));
      await rejects(fs.lstat(path("renamed")), "ENOENT");
      assert.equal(await fs.readFile(path("file"), "utf8"), "x");
    },
  },
];
