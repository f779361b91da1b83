import assert from "node:assert/strict";
import type { ConformanceCase } from "../case.ts";

const needs = ["hardlinks"] as const;

export const linkCases: readonly ConformanceCase[] = [
  {
    name: "link: two names are one file with two links",
    needs,
    async run({ fs, path }) {
      await fs.writeFile(path("first"), "x");
      await fs.link(path("first"), path("second"));
      const first = await fs.stat(path("first"), { bigint: true });
      const second = await fs.stat(path("second"), { bigint: true });
      assert.equal(second.ino, first.ino);
      assert.equal(first.nlink, 2n);
      assert.equal(second.nlink, 2n);
    },
  },
  {
    name: "link: what is changed by one name is seen by the other",
    needs,
    async run({ fs, path }) {
      await fs.writeFile(path("first"), "x");
      await fs.link(path("first"), path("second"));
      await fs.appendFile(path("second"), "y");
      await fs.chmod(path("second"), 0o600);
      assert.equal(await fs.readFile(path("first"), "utf8"), "xy");
      assert.equal((await fs.stat(path("first"))).mode & 0o7777, 0o600);
      await fs.truncate(path("first"), 1);
      assert.equal((await fs.stat(path("second"))).size, 1);
    },
  },
  {
    name: "link: into another directory, which is no EXDEV",
    needs,
    async run({ fs, path }) {
      await fs.mkdir(path("a"));
      await fs.mkdir(path("b"));
      await fs.writeFile(path("a", "file"), "x");
      await fs.link(path("a", "file"), path("b", "file"));
      await fs.unlink(path("a", "file"));
      assert.equal(await fs.readFile(path("b", "file"), "utf8"), "x");
    },
  },
  {
    name: "link: a name that exists is EEXIST",
    needs,
    async run({ fs, path, rejects }) {
      await fs.writeFile(path("file"), "x");
      await fs.writeFile(path("other"), "y");
      await fs.symlink("nowhere", path("dangling"));
      for (const name of ["other", "file", "dangling"]) await rejects(fs.link(path("file"), path(name)), "EEXIST");
      assert.equal((await fs.stat(path("file"))).nlink, 1);
    },
  },
  {
    name: "link: a directory is EPERM",
    needs,
    async run({ fs, path, rejects }) {
      await fs.mkdir(path("directory"));
      await rejects(fs.link(path("directory"), path("second")), "EPERM");
    },
  },
  {
    name: "link: a symbolic link gets a second name itself",
    needs,
    async run({ fs, path }) {
      await fs.symlink("nowhere", path("link"));
      await fs.link(path("link"), path("second"));
      assert.equal(await fs.readlink(path("second")), "nowhere");
      assert.equal((await fs.lstat(path("link"))).nlink, 2);
    },
  },
  {
    name: "link: the file stays until its last name is gone",
    needs,
    async run({ fs, path }) {
      await fs.writeFile(path("name-0"), "content");
      for (let index = 1; index < 50; index += 1) await fs.link(path("name-0"), path(`name-${index}`));
      assert.equal((await fs.stat(path("name-7"))).nlink, 50);
      for (let index = 0; index < 49; index += 1) await fs.unlink(path(`name-${index}`));
      assert.equal((await fs.stat(path("name-49"))).nlink, 1);
      assert.equal(await fs.readFile(path("name-49"), "utf8"), "content");
    },
  },
  {
    name: "link: renaming onto one of several names takes one link",
    needs,
    async run({ fs, path }) {
      await fs.writeFile(path("first"), "old");
      await fs.link(path("first"), path("second"));
      await fs.writeFile(path("new"), "new");
      await fs.rename(path("new"), path("second"));
      assert.equal((await fs.stat(path("first"))).nlink, 1);
      assert.equal(await fs.readFile(path("first"), "utf8"), "old");
      assert.equal(await fs.readFile(path("second"), "utf8"), "new");
    },
  },
  {
    name: "link: too long a name is ENAMETOOLONG",
    needs,
    async run({ fs, path, rejects }) {
      await fs.writeFile(path("file"), "x");
      await rejects(fs.link(path("file"), path("n".repeat(256))), "ENAMETOOLONG");
    },
  },
];
