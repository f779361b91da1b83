import assert from "node:assert/strict";
import { constants } from "node:fs";
import { O_EXCL, O_RDONLY, O_RDWR } from "@kedgefs/core";
import type { ConformanceCase } from "../case.ts";
import { alice } from "../identities.ts";

/** Source: asm-generic/fcntl.h. */
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;

export const unnamedFilesCases: readonly ConformanceCase[] = [
  {
    name: "O_TMPFILE: a file without a name can be written and read, and goes with its handle",
    needs: ["unnamed-files"],
    async run({ fs, path, open, umask }) {
      await fs.mkdir(path("directory"));
      const handle = await open(path("directory"), O_TMPFILE | O_RDWR, 0o666);
      assert.deepEqual(await fs.readdir(path("directory")), []);
      const { nlink, size, mode } = await handle.stat();
      assert.deepEqual([nlink, size, mode & 0o777], [0, 0, 0o666 & ~umask]);
      await handle.write(Buffer.from("content"), 0, 7, 0);
      const back = Buffer.alloc(10);
      assert.equal((await handle.read(back, 0, 10, 0)).bytesRead, 7);
      assert.equal(back.toString("utf8", 0, 7), "content");
      await handle.truncate(3);
      await handle.chmod(0o600);
      await handle.sync();
      const changed = await handle.stat();
      assert.deepEqual([changed.size, changed.mode & 0o777], [3, 0o600]);
      await handle.close();
      await fs.rmdir(path("directory"));
    },
  },
  {
    name: "O_TMPFILE: a file gets a name by linkat, with what is in it",
    needs: ["unnamed-files"],
    async run({ fs, raw, path, dir, rejects }) {
      await fs.mkdir(path("directory"));
      await raw.nameUnnamed(dir, "content", path("directory", "named"));
      assert.equal(await fs.readFile(path("directory", "named"), "utf8"), "content");
      assert.equal((await fs.stat(path("directory", "named"))).nlink, 1);
      await rejects(raw.nameUnnamed(dir, "another", path("directory", "named")), "EEXIST");
      await rejects(raw.nameUnnamed(dir, "another", path("missing", "name")), "ENOENT");
      assert.equal(await fs.readFile(path("directory", "named"), "utf8"), "content");
    },
  },
  {
    name: "O_TMPFILE: with O_EXCL the file never gets a name",
    needs: ["unnamed-files"],
    async run({ fs, raw, path, dir, rejects }) {
      await rejects(raw.nameUnnamed(dir, "content", path("never"), O_EXCL), "ENOENT");
      assert.deepEqual(await fs.readdir(dir), []);
    },
  },
  {
    name: "O_TMPFILE: is for writing (EINVAL), in a directory (ENOTDIR) that is there (ENOENT)",
    needs: ["unnamed-files"],
    async run({ fs, path, dir, rejects }) {
      await fs.writeFile(path("file"), "");
      await rejects(fs.open(dir, O_TMPFILE | O_RDONLY), "EINVAL");
      await rejects(fs.open(path("file"), O_TMPFILE | O_RDWR), "ENOTDIR");
      await rejects(fs.open(path("missing"), O_TMPFILE | O_RDWR), "ENOENT");
    },
  },
  {
    name: "O_TMPFILE: takes write permission on the directory, and the file belongs to who makes it",
    needs: ["unnamed-files", "root", "identities"],
    async run({ fs, as, path, rejects }) {
      const they = as(alice);
      await fs.mkdir(path("directory"));
      await fs.chmod(path("directory"), 0o755);
      await rejects(they.open(path("directory"), O_TMPFILE | O_RDWR), "EACCES");
      await fs.chmod(path("directory"), 0o777);
      await they.nameUnnamed(path("directory"), "x", path("directory", "theirs"));
      const { uid, gid } = await fs.stat(path("directory", "theirs"));
      assert.deepEqual([uid, gid], [alice.uid, alice.gid]);
    },
  },
];
