import assert from "node:assert/strict";
import type { ConformanceCase } from "../case.ts";

export const statfsCases: readonly ConformanceCase[] = [
  {
    name: "statfs: counts make sense",
    async run({ fs, dir }) {
      const { bsize, blocks, bfree, bavail, files, ffree } = await fs.statfs(dir, { bigint: true });
      assert.ok(bsize >= 512n && blocks > 0n, `${blocks} blocks of ${bsize} bytes`);
      assert.ok(bfree <= blocks && bavail <= bfree, `${bavail} and ${bfree} of ${blocks} blocks are free`);
      assert.ok(ffree <= files, `${ffree} of ${files} inodes are free`);
    },
  },
  {
    name: "statfs: a file and its directory are on the same file system",
    async run({ fs, path, dir }) {
      await fs.writeFile(path("file"), "x");
      const ofFile = await fs.statfs(path("file"));
      const ofDirectory = await fs.statfs(dir);
      assert.equal(ofFile.type, ofDirectory.type);
      assert.equal(ofFile.blocks, ofDirectory.blocks);
      assert.equal(ofFile.bsize, ofDirectory.bsize);
    },
  },
  {
    name: "statfs: a missing path is ENOENT",
    async run({ fs, path, rejects }) {
      await rejects(fs.statfs(path("missing")), "ENOENT");
    },
  },
];
