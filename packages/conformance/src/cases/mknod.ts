import assert from "node:assert/strict";
import { S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFREG, S_IFSOCK } from "@kedgefs/core";
import type { ConformanceCase } from "../case.ts";
import { alice } from "../identities.ts";

/** Major 1, minor 3: /dev/null. */
const nullDevice = (1 << 8) | 3;
/** Major 259, minor 70,000: past 8 bits in both. */
const largeDevice = (259 << 8) | (70_000 & 0xff) | ((70_000 & ~0xff) << 12);

export const mknodCases: readonly ConformanceCase[] = [
  {
    name: "mknod: a fifo",
    needs: ["mknod"],
    async run({ fs, raw, path }) {
      await raw.mknod(path("fifo"), S_IFIFO | 0o644);
      const stat = await fs.stat(path("fifo"));
      assert.ok(stat.isFIFO());
      assert.equal(stat.mode & 0o7777, 0o644);
      assert.equal(stat.size, 0);
      assert.equal(stat.nlink, 1);
      await fs.unlink(path("fifo"));
      assert.deepEqual(await fs.readdir(path(".")), []);
    },
  },
  {
    name: "mknod: a socket",
    needs: ["mknod"],
    async run({ fs, raw, path, rejects }) {
      await raw.mknod(path("socket"), S_IFSOCK | 0o600);
      assert.ok((await fs.stat(path("socket"))).isSocket());
      await rejects(fs.readlink(path("socket")), "EINVAL");
      await rejects(fs.readdir(path("socket")), "ENOTDIR");
    },
  },
  {
    name: "mknod: a regular file",
    needs: ["mknod"],
    async run({ fs, raw, path }) {
      await raw.mknod(path("file"), S_IFREG | 0o640);
      assert.ok((await fs.stat(path("file"))).isFile());
      await fs.writeFile(path("file"), "usable");
      assert.equal(await fs.readFile(path("file"), "utf8"), "usable");
    },
  },
  {
    name: "mknod: devices keep their numbers",
    needs: ["devices"],
    async run({ fs, raw, path }) {
      await raw.mknod(path("null"), S_IFCHR | 0o666, nullDevice);
      await raw.mknod(path("disk"), S_IFBLK | 0o600, largeDevice);
      const character = await fs.stat(path("null"));
      const block = await fs.stat(path("disk"));
      assert.ok(character.isCharacterDevice());
      assert.equal(character.rdev, nullDevice);
      assert.ok(block.isBlockDevice());
      assert.equal(block.rdev, largeDevice);
    },
  },
  {
    name: "mknod: the umask applies",
    needs: ["mknod", "umask-exact"],
    async run({ fs, raw, path, umask }) {
      await raw.mknod(path("fifo"), S_IFIFO | 0o777);
      assert.equal((await fs.stat(path("fifo"))).mode & 0o7777, 0o777 & ~umask);
    },
  },
  {
    name: "mknod: a name that exists is EEXIST, a directory EPERM",
    needs: ["mknod"],
    async run({ fs, raw, path, rejects }) {
      await fs.writeFile(path("file"), "x");
      await rejects(raw.mknod(path("file"), S_IFIFO | 0o644), "EEXIST");
      await rejects(raw.mknod(path("directory"), S_IFDIR | 0o755), "EPERM");
      await rejects(raw.mknod(path("fifo/"), S_IFIFO | 0o644), "ENOENT");
    },
  },
  {
    name: "mknod: anyone may make a fifo, only root a device",
    needs: ["identities", "mknod", "devices"],
    async run({ fs, path, dir, as, rejects }) {
      await fs.chmod(dir, 0o777);
      await as(alice).mknod(path("fifo"), S_IFIFO | 0o644);
      assert.equal((await fs.stat(path("fifo"))).uid, alice.uid);
      await rejects(as(alice).mknod(path("device"), S_IFCHR | 0o644, nullDevice), "EPERM");
    },
  },
];
