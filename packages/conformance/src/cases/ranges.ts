import assert from "node:assert/strict";
import type { ConformanceCase } from "../case.ts";

/** Source: linux/falloc.h, linux/fs.h. */
const KEEP_SIZE = 1;
const PUNCH_HOLE = 2;
const ZERO_RANGE = 16;
const SEEK_DATA = 3;
const SEEK_HOLE = 4;

const kib = 1024;
const mib = 1024 * kib;

export const rangesCases: readonly ConformanceCase[] = [
  {
    name: "fallocate: makes room and a larger file, or with KEEP_SIZE room alone",
    needs: ["ranges"],
    async run({ fs, raw, path }) {
      for (const [name, mode, size] of [
        ["grows", 0, mib],
        ["keeps", KEEP_SIZE, 4],
      ] as const) {
        await fs.writeFile(path(name), "data");
        await raw.fallocate(path(name), mode, 0n, BigInt(mib));
        const handle = await fs.open(path(name));
        await handle.sync();
        await handle.close();
        const stats = await fs.stat(path(name));
        assert.equal(stats.size, size);
        assert.ok(stats.blocks * 512 >= mib);
        const content = await fs.readFile(path(name));
        assert.equal(content.toString("latin1", 0, 4), "data");
        assert.ok(content.subarray(4).every((byte) => byte === 0));
      }
    },
  },
  {
    name: "fallocate: a hole that is punched reads as zeros, takes no blocks and leaves the size",
    needs: ["ranges", "sparse"],
    async run({ fs, raw, path }) {
      await fs.writeFile(path("file"), Buffer.alloc(mib, 1));
      const blocks = async () => {
        const handle = await fs.open(path("file"));
        await handle.sync();
        const stats = await handle.stat();
        await handle.close();
        return stats.blocks * 512;
      };
      const before = await blocks();
      await raw.fallocate(path("file"), PUNCH_HOLE | KEEP_SIZE, BigInt(256 * kib), BigInt(512 * kib));
      assert.ok((await blocks()) <= before - 500 * kib);
      const content = await fs.readFile(path("file"));
      assert.equal(content.length, mib);
      for (const [from, to, byte] of [
        [0, 256 * kib, 1],
        [256 * kib, 768 * kib, 0],
        [768 * kib, mib, 1],
      ] as const)
        assert.ok(content.subarray(from, to).every((each) => each === byte));
    },
  },
  {
    name: "fallocate: ZERO_RANGE makes zeros and grows the file, where the file system has it",
    needs: ["ranges"],
    async run({ fs, raw, path }) {
      await fs.writeFile(path("file"), Buffer.alloc(8 * kib, 1));
      const refused = await raw
        .fallocate(path("file"), ZERO_RANGE, BigInt(4 * kib), BigInt(8 * kib))
        .catch((error) => error.code);
      if (refused !== undefined) assert.equal(refused, "EOPNOTSUPP");
      const expected = refused === undefined ? [12 * kib, 0] : [8 * kib, 1];
      const content = await fs.readFile(path("file"));
      assert.deepEqual([content.length, content[5 * kib]], expected);
      assert.equal(content[4 * kib - 1], 1);
    },
  },
  {
    name: "fallocate: of nothing, or from before the start, is EINVAL; a hole takes KEEP_SIZE",
    needs: ["ranges"],
    async run({ fs, raw, path, rejects }) {
      await fs.writeFile(path("file"), "data");
      await rejects(raw.fallocate(path("file"), 0, 0n, 0n), "EINVAL");
      await rejects(raw.fallocate(path("file"), PUNCH_HOLE, 0n, 4n), "EOPNOTSUPP");
      assert.equal(await fs.readFile(path("file"), "utf8"), "data");
    },
  },
  {
    name: "fallocate: changes mtime and ctime",
    needs: ["ranges"],
    async run({ fs, raw, path, tick }) {
      await fs.writeFile(path("file"), "data");
      const before = await fs.stat(path("file"), { bigint: true });
      await tick();
      await raw.fallocate(path("file"), 0, 0n, BigInt(64 * kib));
      const after = await fs.stat(path("file"), { bigint: true });
      assert.ok(after.mtimeNs > before.mtimeNs && after.ctimeNs > before.ctimeNs);
    },
  },
  {
    name: "lseek: SEEK_DATA and SEEK_HOLE find data and holes, and ENXIO past the end",
    needs: ["ranges", "sparse"],
    async run({ fs, raw, path, rejects }) {
      const handle = await fs.open(path("file"), "w");
      for (const at of [0, 4 * mib]) await handle.write(Buffer.alloc(64 * kib, 1), 0, 64 * kib, at);
      await handle.truncate(8 * mib);
      await handle.sync();
      await handle.close();
      const seek = (offset: number, whence: number) => raw.lseek(path("file"), BigInt(offset), whence);
      assert.equal(await seek(0, SEEK_DATA), 0n);
      assert.equal(await seek(10, SEEK_DATA), 10n);
      assert.equal(await seek(0, SEEK_HOLE), BigInt(64 * kib));
      assert.equal(await seek(64 * kib, SEEK_DATA), BigInt(4 * mib));
      assert.equal(await seek(4 * mib, SEEK_HOLE), BigInt(4 * mib + 64 * kib));
      assert.equal(await seek(5 * mib, SEEK_HOLE), BigInt(5 * mib));
      await rejects(seek(5 * mib, SEEK_DATA), "ENXIO");
      await rejects(seek(8 * mib, SEEK_HOLE), "ENXIO");
    },
  },
  {
    name: "copy_file_range: copies a part of one file into another, up to its end",
    needs: ["ranges"],
    async run({ fs, raw, path, tick }) {
      await fs.writeFile(path("from"), "0123456789");
      await fs.writeFile(path("to"), "abcdefghij");
      const before = await fs.stat(path("to"), { bigint: true });
      await tick();
      assert.equal(await raw.copyFileRange(path("from"), 2n, path("to"), 5n, 3n), 3);
      assert.equal(await fs.readFile(path("to"), "utf8"), "abcde234ij");
      assert.ok((await fs.stat(path("to"), { bigint: true })).mtimeNs > before.mtimeNs);
      assert.equal(await raw.copyFileRange(path("from"), 8n, path("to"), 12n, 100n), 2);
      assert.equal((await fs.readFile(path("to"))).toString("latin1"), "abcde234ij\0\x0089");
      assert.equal(await raw.copyFileRange(path("from"), 10n, path("to"), 0n, 100n), 0);
    },
  },
  {
    name: "copy_file_range: within one file, parts that overlap are EINVAL",
    needs: ["ranges"],
    async run({ fs, raw, path, rejects }) {
      await fs.writeFile(path("file"), "0123456789");
      await rejects(raw.copyFileRange(path("file"), 0n, path("file"), 2n, 5n), "EINVAL");
      assert.equal(await raw.copyFileRange(path("file"), 0n, path("file"), 5n, 5n), 5);
      assert.equal(await fs.readFile(path("file"), "utf8"), "0123401234");
    },
  },
  {
    name: "copy_file_range: reads the source, and so moves its access time as a read does",
    needs: ["ranges", "atime"],
    async run({ fs, raw, path }) {
      await fs.writeFile(path("from"), "0123456789");
      await fs.writeFile(path("to"), "");
      await fs.utimes(path("from"), 1, 2);
      assert.equal((await fs.stat(path("from"), { bigint: true })).atimeNs, 1_000_000_000n);
      await raw.copyFileRange(path("from"), 0n, path("to"), 0n, 10n);
      assert.ok((await fs.stat(path("from"), { bigint: true })).atimeNs > 1_000_000_000n);
    },
  },
  {
    name: "statx: the birth time is that of the making, and nothing moves it",
    needs: ["birth-times"],
    async run({ fs, path, tick }) {
      await fs.writeFile(path("file"), "");
      const { birthtimeNs, mtimeNs } = await fs.stat(path("file"), { bigint: true });
      assert.ok(birthtimeNs > 0n && birthtimeNs <= mtimeNs);
      await tick();
      await fs.appendFile(path("file"), "more");
      await fs.utimes(path("file"), 1, 1);
      await fs.rename(path("file"), path("renamed"));
      assert.equal((await fs.stat(path("renamed"), { bigint: true })).birthtimeNs, birthtimeNs);
      await fs.writeFile(path("younger"), "");
      assert.ok((await fs.stat(path("younger"), { bigint: true })).birthtimeNs > birthtimeNs);
    },
  },
];
