import assert from "node:assert/strict";
import { constants } from "node:fs";
import { O_NOATIME } from "@kedgefs/core";
import type { ConformanceCase } from "../case.ts";
import { alice, bob } from "../identities.ts";

const { O_CREAT, O_DIRECTORY, O_EXCL, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY } = constants;

export const openCases: readonly ConformanceCase[] = [
  {
    name: "open: O_CREAT makes a file with the mode less the umask, and leaves one that is there",
    needs: ["umask-exact"],
    async run({ fs, path, open, umask }) {
      await open(path("file"), O_WRONLY | O_CREAT, 0o751);
      assert.equal((await fs.stat(path("file"))).mode & 0o7777, 0o751 & ~umask);
      await fs.writeFile(path("file"), "content");
      await open(path("file"), O_WRONLY | O_CREAT, 0o600);
      assert.equal(await fs.readFile(path("file"), "utf8"), "content");
      assert.equal((await fs.stat(path("file"))).mode & 0o7777, 0o751 & ~umask);
    },
  },
  {
    name: "open: O_EXCL makes a file or is EEXIST",
    async run({ fs, path, open, rejects }) {
      await open(path("file"), O_WRONLY | O_CREAT | O_EXCL, 0o644);
      await rejects(fs.open(path("file"), O_WRONLY | O_CREAT | O_EXCL, 0o644), "EEXIST");
      await fs.mkdir(path("directory"));
      await rejects(fs.open(path("directory"), O_WRONLY | O_CREAT | O_EXCL, 0o644), "EEXIST");
    },
  },
  {
    name: "open: of ten at once with O_EXCL exactly one makes the file",
    async run({ fs, path }) {
      const attempts = await Promise.allSettled(
        Array.from({ length: 10 }, () => fs.open(path("file"), "wx").then((handle) => handle.close())),
      );
      assert.equal(attempts.filter(({ status }) => status === "fulfilled").length, 1);
      for (const attempt of attempts) {
        if (attempt.status === "rejected") assert.equal(attempt.reason.code, "EEXIST");
      }
    },
  },
  {
    name: "open: O_TRUNC empties a file",
    async run({ fs, path, open }) {
      await fs.writeFile(path("file"), "content");
      const handle = await open(path("file"), O_RDWR | O_TRUNC);
      assert.equal((await handle.stat()).size, 0);
      await handle.write("new");
      assert.equal(await fs.readFile(path("file"), "utf8"), "new");
    },
  },
  {
    name: "open: O_APPEND writes at the end, wherever the position is",
    async run({ fs, path, open }) {
      await fs.writeFile(path("file"), "one ");
      const handle = await open(path("file"), "a+");
      await handle.write("two ");
      const buffer = Buffer.alloc(4);
      await handle.read(buffer, 0, 4, 0);
      assert.equal(buffer.toString(), "one ");
      await handle.write("three");
      assert.equal(await fs.readFile(path("file"), "utf8"), "one two three");
    },
  },
  {
    name: "open: two that append in turns lose nothing",
    async run({ fs, path, open }) {
      const first = await open(path("file"), "a");
      const second = await open(path("file"), "a");
      for (let turn = 0; turn < 10; turn += 1) {
        await first.write("first ");
        await second.write("second ");
      }
      assert.equal(await fs.readFile(path("file"), "utf8"), "first second ".repeat(10));
    },
  },
  {
    name: "open: appends that run at the same time lose nothing",
    async run({ fs, path, open }) {
      const handles = await Promise.all(Array.from({ length: 4 }, () => open(path("file"), "a")));
      const line = (index: number) => `${String(index).padStart(99, ".")}\n`;
      await Promise.all(Array.from({ length: 40 }, (_, index) => handles[index % 4]?.write(line(index))));
      const lines = (await fs.readFile(path("file"), "utf8"))
        .split("\n")
        .slice(0, -1)
        .map((text) => `${text}\n`);
      assert.deepEqual(new Set(lines), new Set(Array.from({ length: 40 }, (_, index) => line(index))));
      assert.equal(lines.length, 40);
    },
  },
  {
    name: "open: a file made with mode 0 can be used through the handle that made it",
    needs: ["identities"],
    async run({ fs, path, dir, as, open, rejects }) {
      await fs.chmod(dir, 0o777);
      const theirs = as(alice);
      const handle = await open(path("file"), O_RDWR | O_CREAT, 0, theirs);
      await handle.write("content");
      const buffer = Buffer.alloc(7);
      await handle.read(buffer, 0, 7, 0);
      assert.equal(buffer.toString(), "content");
      await rejects(theirs.open(path("file"), "r"), "EACCES");
      await rejects(theirs.open(path("file"), "r+"), "EACCES");
    },
  },
  {
    name: "open: for writing takes write permission, for reading read permission, O_TRUNC write permission",
    needs: ["identities"],
    async run({ fs, path, as, open, rejects }) {
      await fs.writeFile(path("readable"), "content");
      await fs.chmod(path("readable"), 0o444);
      await fs.writeFile(path("writable"), "content");
      await fs.chmod(path("writable"), 0o222);
      const theirs = as(alice);
      await open(path("readable"), "r", undefined, theirs);
      await open(path("writable"), O_WRONLY, undefined, theirs);
      await rejects(theirs.open(path("readable"), O_WRONLY), "EACCES");
      await rejects(theirs.open(path("readable"), O_RDWR), "EACCES");
      await rejects(theirs.open(path("readable"), O_RDONLY | O_TRUNC), "EACCES");
      await rejects(theirs.open(path("writable"), O_RDONLY), "EACCES");
      assert.equal((await fs.stat(path("readable"))).size, 7);
    },
  },
  {
    name: "open: O_CREAT of a file that is there takes no permission on the directory",
    needs: ["identities"],
    async run({ fs, path, as, open, rejects }) {
      await fs.writeFile(path("file"), "content");
      await fs.chmod(path("file"), 0o666);
      await open(path("file"), O_WRONLY | O_CREAT, 0o644, as(alice));
      await rejects(as(alice).open(path("new"), O_WRONLY | O_CREAT, 0o644), "EACCES");
    },
  },
  {
    name: "open: rights that are lost later do not matter to an open handle",
    needs: ["identities"],
    async run({ fs, path, as, open }) {
      await fs.writeFile(path("file"), "content");
      await fs.chmod(path("file"), 0o666);
      const handle = await open(path("file"), "r+", undefined, as(alice));
      await fs.chmod(path("file"), 0);
      await handle.write("CON", 0);
      const buffer = Buffer.alloc(7);
      await handle.read(buffer, 0, 7, 0);
      assert.equal(buffer.toString(), "CONtent");
    },
  },
  {
    name: "open: a directory for writing is EISDIR",
    async run({ fs, path, rejects }) {
      await fs.mkdir(path("directory"));
      await rejects(fs.open(path("directory"), O_WRONLY), "EISDIR");
      await rejects(fs.open(path("directory"), O_RDWR), "EISDIR");
      await rejects(fs.open(path("directory"), O_RDONLY | O_CREAT, 0o644), "EISDIR");
      await rejects(fs.readFile(path("directory")), "EISDIR");
    },
  },
  {
    name: "open: a directory for reading, then stat, sync and chmod by its handle",
    needs: ["open-directory"],
    async run({ fs, path, open, rejects }) {
      await fs.mkdir(path("directory"));
      const handle = await open(path("directory"), O_RDONLY | O_DIRECTORY);
      assert.ok((await handle.stat()).isDirectory());
      await handle.sync();
      await handle.chmod(0o711);
      assert.equal((await fs.stat(path("directory"))).mode & 0o7777, 0o711);
      await rejects(handle.read(Buffer.alloc(1), 0, 1, 0), "EISDIR");
    },
  },
  {
    name: "open: O_DIRECTORY on a file is ENOTDIR",
    async run({ fs, path, rejects }) {
      await fs.writeFile(path("file"), "x");
      await rejects(fs.open(path("file"), O_RDONLY | O_DIRECTORY), "ENOTDIR");
    },
  },
  {
    name: "open: reading from a handle for writing and writing to one for reading are EBADF",
    async run({ fs, path, open, rejects }) {
      await fs.writeFile(path("file"), "content");
      const writer = await open(path("file"), O_WRONLY);
      const reader = await open(path("file"), O_RDONLY);
      await rejects(writer.read(Buffer.alloc(1), 0, 1, 0), "EBADF");
      await rejects(reader.write(Buffer.from("x"), 0, 1, 0), "EBADF");
    },
  },
  {
    name: "open: O_NOATIME of someone else's file is EPERM",
    needs: ["identities"],
    async run({ fs, path, as, open, rejects }) {
      await fs.writeFile(path("file"), "x");
      await fs.chown(path("file"), alice.uid, alice.gid);
      await fs.chmod(path("file"), 0o644);
      await open(path("file"), O_RDONLY | O_NOATIME, undefined, as(alice));
      await rejects(as(bob).open(path("file"), O_RDONLY | O_NOATIME), "EPERM");
    },
  },
  {
    name: "open: a hundred handles of one file at once",
    async run({ fs, path, open }) {
      await fs.writeFile(path("file"), "content");
      const handles = await Promise.all(Array.from({ length: 100 }, () => open(path("file"), "r")));
      for (const handle of handles) assert.equal(await handle.readFile("utf8"), "content");
    },
  },
];
