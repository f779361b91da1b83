import assert from "node:assert/strict";
import { RENAME_EXCHANGE, RENAME_NOREPLACE } from "@kedgefs/core";
import type { ConformanceCase } from "../case.ts";

export const renameFlagsCases: readonly ConformanceCase[] = [
  {
    name: "renameat2: RENAME_NOREPLACE renames to a free name, and is EEXIST otherwise",
    needs: ["rename-flags"],
    async run({ fs, raw, path, rejects }) {
      await fs.writeFile(path("a"), "a");
      await fs.writeFile(path("b"), "b");
      await rejects(raw.renameat2(path("a"), path("b"), RENAME_NOREPLACE), "EEXIST");
      await rejects(raw.renameat2(path("a"), path("a"), RENAME_NOREPLACE), "EEXIST");
      assert.equal(await fs.readFile(path("b"), "utf8"), "b");
      await raw.renameat2(path("a"), path("c"), RENAME_NOREPLACE);
      assert.equal(await fs.readFile(path("c"), "utf8"), "a");
      await rejects(fs.stat(path("a")), "ENOENT");
    },
  },
  {
    name: "renameat2: RENAME_EXCHANGE swaps two files",
    needs: ["rename-flags"],
    async run({ fs, raw, path }) {
      await fs.mkdir(path("directory"));
      await fs.writeFile(path("a"), "a");
      await fs.writeFile(path("directory", "b"), "b");
      await raw.renameat2(path("a"), path("directory", "b"), RENAME_EXCHANGE);
      assert.equal(await fs.readFile(path("a"), "utf8"), "b");
      assert.equal(await fs.readFile(path("directory", "b"), "utf8"), "a");
    },
  },
  {
    name: "renameat2: RENAME_EXCHANGE swaps a file and a directory with entries",
    needs: ["rename-flags", "directory-nlink"],
    async run({ fs, raw, path }) {
      await fs.mkdir(path("left"));
      await fs.mkdir(path("right", "full"), { recursive: true });
      await fs.writeFile(path("right", "full", "entry"), "x");
      await fs.writeFile(path("left", "file"), "content");
      await raw.renameat2(path("left", "file"), path("right", "full"), RENAME_EXCHANGE);
      assert.deepEqual(await fs.readdir(path("left", "file")), ["entry"]);
      assert.equal(await fs.readFile(path("right", "full"), "utf8"), "content");
      assert.equal((await fs.stat(path("left"))).nlink, 3);
      assert.equal((await fs.stat(path("right"))).nlink, 2);
      const { ino } = await fs.stat(path("left"), { bigint: true });
      assert.equal((await fs.stat(path("left", "file", ".."), { bigint: true })).ino, ino);
    },
  },
  {
    name: "renameat2: RENAME_EXCHANGE with a missing name is ENOENT",
    needs: ["rename-flags"],
    async run({ fs, raw, path, rejects }) {
      await fs.writeFile(path("a"), "a");
      await rejects(raw.renameat2(path("a"), path("missing"), RENAME_EXCHANGE), "ENOENT");
      await rejects(raw.renameat2(path("missing"), path("a"), RENAME_EXCHANGE), "ENOENT");
    },
  },
  {
    name: "renameat2: RENAME_EXCHANGE of a directory with what is in it is EINVAL",
    needs: ["rename-flags"],
    async run({ fs, raw, path, rejects }) {
      await fs.mkdir(path("a", "b"), { recursive: true });
      await rejects(raw.renameat2(path("a"), path("a", "b"), RENAME_EXCHANGE), "EINVAL");
      await rejects(raw.renameat2(path("a", "b"), path("a"), RENAME_EXCHANGE), "EINVAL");
    },
  },
  {
    name: "renameat2: both flags together, and unknown ones, are EINVAL",
    needs: ["rename-flags"],
    async run({ fs, raw, path, rejects }) {
      await fs.writeFile(path("a"), "a");
      await rejects(raw.renameat2(path("a"), path("b"), RENAME_NOREPLACE | RENAME_EXCHANGE), "EINVAL");
      await rejects(raw.renameat2(path("a"), path("b"), 1 << 20), "EINVAL");
    },
  },
];
