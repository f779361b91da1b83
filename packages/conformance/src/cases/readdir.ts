import assert from "node:assert/strict";
import { S_IFBLK, S_IFCHR, S_IFIFO, S_IFSOCK } from "@kedgefs/core";
import type { CaseContext, ConformanceCase } from "../case.ts";

const manyEntries = 5000;
/** Calls that a case makes at the same time while it fills a directory. */
const atOnce = 32;

const nameOf = (index: number): string => `entry-${String(index).padStart(5, "0")}`;

async function fill({ fs, path }: CaseContext, names: readonly string[]): Promise<void> {
  for (let start = 0; start < names.length; start += atOnce) {
    const some = names.slice(start, start + atOnce);
    await Promise.all(some.map(async (name) => (await fs.open(path(name), "wx")).close()));
  }
}

export const readdirCases: readonly ConformanceCase[] = [
  {
    name: "readdir: an empty directory has no entries",
    async run({ fs, dir }) {
      assert.deepEqual(await fs.readdir(dir), []);
    },
  },
  {
    name: "readdir: one entry",
    async run({ fs, path, dir }) {
      await fs.writeFile(path("only"), "x");
      assert.deepEqual(await fs.readdir(dir), ["only"]);
    },
  },
  {
    name: "readdir: 5,000 entries, each exactly once",
    async run(t) {
      const names = Array.from({ length: manyEntries }, (_, index) => nameOf(index));
      await fill(t, names);
      assert.deepEqual((await t.fs.readdir(t.dir)).sort(), names);
    },
  },
  {
    name: "readdir: long names, 255 bytes each",
    async run(t) {
      const names = Array.from({ length: 300 }, (_, index) => nameOf(index).padEnd(255, "."));
      await fill(t, names);
      assert.deepEqual((await t.fs.readdir(t.dir)).sort(), names);
    },
  },
  {
    name: "readdir: entries that are unlinked while it is read do not hide others",
    async run(t) {
      const names = Array.from({ length: 1000 }, (_, index) => nameOf(index));
      await fill(t, names);
      const seen: string[] = [];
      for await (const { name } of await t.fs.opendir(t.dir)) {
        seen.push(name);
        await t.fs.unlink(t.path(name));
      }
      assert.deepEqual(seen.sort(), names);
      assert.deepEqual(await t.fs.readdir(t.dir), []);
    },
  },
  {
    name: "readdir: entries that were there all the time are there once, while others come and go",
    async run(t) {
      const stays = Array.from({ length: 500 }, (_, index) => `stays-${nameOf(index)}`);
      const goes = Array.from({ length: 500 }, (_, index) => `goes-${nameOf(index)}`);
      await fill(t, [...stays, ...goes]);
      const seen: string[] = [];
      let turn = 0;
      for await (const { name } of await t.fs.opendir(t.dir)) {
        seen.push(name);
        const gone = goes.pop();
        if (gone !== undefined) await t.fs.unlink(t.path(gone));
        if (turn < 500) await t.fs.writeFile(t.path(`comes-${turn}`), "");
        turn += 1;
      }
      assert.deepEqual(seen.filter((name) => name.startsWith("stays-")).sort(), stays);
      assert.equal(new Set(seen).size, seen.length);
    },
  },
  {
    name: "readdir: what was made is listed at once, what was removed is not",
    async run({ fs, path, dir }) {
      for (let turn = 0; turn < 10; turn += 1) {
        await fs.writeFile(path(`file-${turn}`), "x");
        assert.ok((await fs.readdir(dir)).includes(`file-${turn}`));
        await fs.rename(path(`file-${turn}`), path(`renamed-${turn}`));
        assert.ok(!(await fs.readdir(dir)).includes(`file-${turn}`));
        assert.ok((await fs.readdir(dir)).includes(`renamed-${turn}`));
      }
    },
  },
  {
    name: "readdir: types of files, directories and symbolic links",
    async run({ fs, path, dir }) {
      await fs.writeFile(path("a-file"), "x");
      await fs.mkdir(path("b-directory"));
      await fs.symlink("b-directory", path("c-link"));
      const entries = await fs.readdir(dir, { withFileTypes: true });
      entries.sort((a, b) => (a.name < b.name ? -1 : 1));
      assert.deepEqual(
        entries.map((entry) => [entry.name, entry.isFile(), entry.isDirectory(), entry.isSymbolicLink()]),
        [
          ["a-file", true, false, false],
          ["b-directory", false, true, false],
          ["c-link", false, false, true],
        ],
      );
    },
  },
  {
    name: "readdir: types of fifos, sockets and devices",
    needs: ["mknod", "devices"],
    async run({ fs, raw, path, dir }) {
      await raw.mknod(path("block"), S_IFBLK | 0o600, 0x701);
      await raw.mknod(path("character"), S_IFCHR | 0o600, 0x103);
      await raw.mknod(path("fifo"), S_IFIFO | 0o600);
      await raw.mknod(path("socket"), S_IFSOCK | 0o600);
      for (const entry of await fs.readdir(dir, { withFileTypes: true })) {
        assert.equal(entry.isBlockDevice(), entry.name === "block");
        assert.equal(entry.isCharacterDevice(), entry.name === "character");
        assert.equal(entry.isFIFO(), entry.name === "fifo");
        assert.equal(entry.isSocket(), entry.name === "socket");
      }
    },
  },
  {
    name: "readdir: of a file is ENOTDIR",
    async run({ fs, path, rejects }) {
      await fs.writeFile(path("file"), "x");
      await fs.symlink("file", path("link"));
      await rejects(fs.readdir(path("file")), "ENOTDIR");
      await rejects(fs.readdir(path("link")), "ENOTDIR");
    },
  },
  {
    name: "readdir: two listings at the same time are both complete",
    async run(t) {
      const names = Array.from({ length: 700 }, (_, index) => nameOf(index));
      await fill(t, names);
      const listings = await Promise.all([t.fs.readdir(t.dir), t.fs.readdir(t.dir)]);
      for (const listing of listings) assert.deepEqual(listing.sort(), names);
    },
  },
];
