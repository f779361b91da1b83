import assert from "node:assert/strict";
import type { ConformanceCase } from "../case.ts";
import type { VolumeFileHandle } from "../volume-api.ts";
import { patternOf } from "./contents.ts";

async function textOf(handle: VolumeFileHandle): Promise<string> {
  const buffer = Buffer.alloc(1000);
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
  return buffer.toString("utf8", 0, bytesRead);
}

export const openFilesCases: readonly ConformanceCase[] = [
  {
    name: "open file: unlinked, it can still be read and written",
    needs: ["unlinked-open"],
    async run({ fs, path, open, rejects }) {
      const handle = await open(path("file"), "w+");
      await handle.write("before ");
      await fs.unlink(path("file"));
      await rejects(fs.stat(path("file")), "ENOENT");
      await handle.write("after");
      assert.equal(await textOf(handle), "before after");
    },
  },
  {
    name: "open file: unlinked, it has no link left and takes truncate, chmod, utimes and sync",
    needs: ["unlinked-open"],
    async run({ fs, path, open }) {
      const handle = await open(path("file"), "w+");
      await handle.write("0123456789");
      await fs.unlink(path("file"));
      assert.equal((await handle.stat()).nlink, 0);
      await handle.truncate(4);
      await handle.chmod(0o640);
      await handle.utimes(1, 2);
      await handle.sync();
      const { size, mode, mtimeMs } = await handle.stat();
      assert.deepEqual({ size, mode: mode & 0o7777, mtimeMs }, { size: 4, mode: 0o640, mtimeMs: 2000 });
    },
  },
  {
    name: "open file: unlinked, three megabytes can be written and read back",
    needs: ["unlinked-open"],
    async run({ fs, path, open }) {
      const bytes = patternOf(3 * 1024 * 1024 + 5);
      const handle = await open(path("file"), "w+");
      await fs.unlink(path("file"));
      await handle.write(bytes, 0, bytes.length, 0);
      const read = Buffer.alloc(bytes.length);
      await handle.read(read, 0, read.length, 0);
      assert.ok(read.equals(bytes));
    },
  },
  {
    name: "open file: unlinked, another file can take its name and stays apart",
    needs: ["unlinked-open"],
    async run({ fs, path, open }) {
      const old = await open(path("file"), "w+");
      await old.write("old");
      await fs.unlink(path("file"));
      const young = await open(path("file"), "w+");
      await young.write("young");
      assert.equal(await textOf(old), "old");
      assert.equal(await textOf(young), "young");
      assert.notEqual((await old.stat({ bigint: true })).ino, (await young.stat({ bigint: true })).ino);
      assert.equal((await fs.stat(path("file"))).size, 5);
    },
  },
  {
    name: "open file: unlinked, a second handle works on when the first is closed",
    needs: ["unlinked-open"],
    async run({ fs, path, open }) {
      const first = await open(path("file"), "w+");
      const second = await open(path("file"), "r+");
      await first.write("content");
      await fs.unlink(path("file"));
      await first.close();
      assert.equal(await textOf(second), "content");
      await second.write("CON", 0);
      assert.equal(await textOf(second), "CONtent");
    },
  },
  {
    name: "open file: with a second name left, unlinking one changes nothing for the handle",
    needs: ["hardlinks"],
    async run({ fs, path, open }) {
      const handle = await open(path("file"), "w+");
      await fs.link(path("file"), path("second"));
      await fs.unlink(path("file"));
      await handle.write("content");
      assert.equal((await handle.stat()).nlink, 1);
      assert.equal(await fs.readFile(path("second"), "utf8"), "content");
    },
  },
  {
    name: "open file: renamed, the handle follows it",
    async run({ fs, path, open }) {
      const handle = await open(path("file"), "w+");
      await handle.write("before ");
      await fs.mkdir(path("directory"));
      await fs.rename(path("file"), path("directory", "renamed"));
      await handle.write("after");
      await fs.writeFile(path("file"), "another");
      assert.equal(await fs.readFile(path("directory", "renamed"), "utf8"), "before after");
      assert.equal(await textOf(handle), "before after");
    },
  },
  {
    name: "open file: in a directory that is renamed, the handle follows it",
    async run({ fs, path, open }) {
      await fs.mkdir(path("a", "b"), { recursive: true });
      const handle = await open(path("a", "b", "file"), "w+");
      await fs.rename(path("a"), path("moved"));
      await handle.write("content");
      assert.equal(await fs.readFile(path("moved", "b", "file"), "utf8"), "content");
    },
  },
  {
    name: "open file: replaced by a rename, the handle keeps the old one",
    needs: ["unlinked-open"],
    async run({ fs, path, open }) {
      await fs.writeFile(path("file"), "old");
      const handle = await open(path("file"), "r+");
      await fs.writeFile(path("new"), "new");
      await fs.rename(path("new"), path("file"));
      assert.equal(await textOf(handle), "old");
      await handle.write("changed", 0);
      assert.equal(await textOf(handle), "changed");
      assert.equal((await handle.stat()).nlink, 0);
      assert.equal(await fs.readFile(path("file"), "utf8"), "new");
    },
  },
  {
    name: "open directory: removed, it has no entries and takes none",
    needs: ["open-directory", "directory-nlink"],
    async run({ fs, path, open, rejects }) {
      await fs.mkdir(path("directory"));
      const handle = await open(path("directory"), "r");
      await fs.rmdir(path("directory"));
      assert.equal((await handle.stat()).nlink, 0);
      await rejects(fs.writeFile(path("directory", "file"), "x"), "ENOENT");
    },
  },
];
