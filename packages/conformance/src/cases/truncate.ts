import assert from "node:assert/strict";
import type { ConformanceCase } from "../case.ts";
import { alice } from "../identities.ts";

const tebibyte = 2 ** 40;

export const truncateCases: readonly ConformanceCase[] = [
  {
    name: "truncate: cuts a file off and keeps what is before",
    async run({ fs, path }) {
      await fs.writeFile(path("file"), "0123456789");
      await fs.truncate(path("file"), 4);
      assert.equal(await fs.readFile(path("file"), "utf8"), "0123");
      await fs.truncate(path("file"), 0);
      assert.equal((await fs.stat(path("file"))).size, 0);
    },
  },
  {
    name: "truncate: extends a file with zeros",
    async run({ fs, path }) {
      await fs.writeFile(path("file"), "abc");
      await fs.truncate(path("file"), 10_000);
      const content = await fs.readFile(path("file"));
      assert.equal(content.length, 10_000);
      assert.deepEqual(content, Buffer.concat([Buffer.from("abc"), Buffer.alloc(9997)]));
    },
  },
  {
    name: "truncate: what was cut off reads as zeros when the file grows again",
    async run({ fs, path }) {
      await fs.writeFile(path("file"), Buffer.alloc(10_000, "x"));
      await fs.truncate(path("file"), 5000);
      await fs.truncate(path("file"), 10_000);
      const content = await fs.readFile(path("file"));
      assert.ok(content.subarray(0, 5000).equals(Buffer.alloc(5000, "x")));
      assert.ok(content.subarray(5000).equals(Buffer.alloc(5000)));
    },
  },
  {
    name: "truncate: by handle, while other handles see the new size",
    async run({ fs, path, open }) {
      await fs.writeFile(path("file"), "0123456789");
      const writer = await open(path("file"), "r+");
      const reader = await open(path("file"), "r");
      await writer.truncate(3);
      assert.equal((await reader.stat()).size, 3);
      const { bytesRead } = await reader.read(Buffer.alloc(10), 0, 10, 0);
      assert.equal(bytesRead, 3);
    },
  },
  {
    name: "truncate: a handle that is open for writing needs no permission any more",
    needs: ["identities"],
    async run({ fs, path, dir, as, open }) {
      await fs.chmod(dir, 0o777);
      const theirs = as(alice);
      const handle = await open(path("file"), "w", 0o644, theirs);
      await handle.write("0123456789");
      await fs.chmod(path("file"), 0);
      await handle.truncate(4);
      assert.equal((await fs.stat(path("file"))).size, 4);
    },
  },
  {
    name: "truncate: a handle that is open for reading only is EINVAL",
    async run({ fs, path, open, rejects }) {
      await fs.writeFile(path("file"), "abc");
      const handle = await open(path("file"), "r");
      await rejects(handle.truncate(1), "EINVAL");
      assert.equal((await fs.stat(path("file"))).size, 3);
    },
  },
  {
    name: "truncate: a tebibyte of nothing takes no room",
    needs: ["large-files", "sparse"],
    async run({ fs, path }) {
      await fs.writeFile(path("file"), "x");
      await fs.truncate(path("file"), tebibyte);
      const { size, blocks } = await fs.stat(path("file"), { bigint: true });
      assert.equal(size, BigInt(tebibyte));
      assert.ok(blocks < 1000n, `${blocks} blocks`);
      await fs.truncate(path("file"), 1);
      assert.equal(await fs.readFile(path("file"), "utf8"), "x");
    },
  },
  {
    name: "truncate: a directory is EISDIR",
    async run({ fs, path, rejects }) {
      await fs.mkdir(path("directory"));
      await rejects(fs.truncate(path("directory"), 0), "EISDIR");
    },
  },
  {
    name: "truncate: changes mtime and ctime with the size",
    async run({ fs, path, tick }) {
      await fs.writeFile(path("file"), "0123456789");
      for (const size of [5, 20]) {
        const before = await fs.stat(path("file"), { bigint: true });
        await tick();
        await fs.truncate(path("file"), size);
        const after = await fs.stat(path("file"), { bigint: true });
        assert.ok(after.mtimeNs > before.mtimeNs, `mtime, to ${size} bytes`);
        assert.ok(after.ctimeNs > before.ctimeNs, `ctime, to ${size} bytes`);
      }
    },
  },
  {
    name: "truncate: takes write permission",
    needs: ["identities"],
    async run({ fs, path, as, rejects }) {
      await fs.writeFile(path("file"), "abc");
      await fs.chmod(path("file"), 0o644);
      await rejects(as(alice).truncate(path("file"), 0), "EACCES");
      assert.equal((await fs.stat(path("file"))).size, 3);
    },
  },
  {
    name: "truncate: clears set-uid and set-gid, unless root does it",
    needs: ["identities", "set-id"],
    async run({ fs, path, as }) {
      await fs.writeFile(path("program"), "abc");
      await fs.chmod(path("program"), 0o6777);
      await fs.truncate(path("program"), 2);
      assert.equal((await fs.stat(path("program"))).mode & 0o7777, 0o6777);
      await as(alice).truncate(path("program"), 1);
      assert.equal((await fs.stat(path("program"))).mode & 0o7777, 0o777);
    },
  },
];
