import assert from "node:assert/strict";
import { S_IFDIR, S_IFLNK, S_IFREG } from "@kedgefs/core";
import type { ConformanceCase } from "../case.ts";
import { alice } from "../identities.ts";

export const statCases: readonly ConformanceCase[] = [
  {
    name: "stat: a new file is empty, regular, has one name and belongs to its maker",
    needs: ["umask-exact"],
    async run({ fs, path, self, umask }) {
      await fs.writeFile(path("file"), "");
      const stat = await fs.stat(path("file"), { bigint: true });
      assert.equal(stat.mode, BigInt(S_IFREG | (0o666 & ~umask)));
      assert.equal(stat.size, 0n);
      assert.equal(stat.blocks, 0n);
      assert.equal(stat.nlink, 1n);
      assert.equal(stat.uid, BigInt(self.uid));
      assert.equal(stat.gid, BigInt(self.gid));
    },
  },
  {
    name: "stat: a new directory has its mode, and two links where links of directories are counted",
    needs: ["umask-exact", "directory-nlink"],
    async run({ fs, path, umask }) {
      await fs.mkdir(path("directory"));
      const stat = await fs.stat(path("directory"), { bigint: true });
      assert.equal(stat.mode, BigInt(S_IFDIR | (0o777 & ~umask)));
      assert.equal(stat.nlink, 2n);
    },
  },
  {
    name: "stat: what another user makes belongs to that user and group",
    needs: ["identities"],
    async run({ fs, path, dir, as }) {
      await fs.chmod(dir, 0o777);
      const theirs = as(alice);
      await theirs.writeFile(path("file"), "x");
      await theirs.mkdir(path("directory"));
      await theirs.symlink("target", path("link"));
      for (const name of ["file", "directory", "link"]) {
        const { uid, gid } = await fs.lstat(path(name));
        assert.deepEqual({ name, uid, gid }, { name, uid: alice.uid, gid: alice.gid });
      }
    },
  },
  {
    name: "stat: size and blocks tell what was written",
    async run({ fs, path }) {
      await fs.writeFile(path("file"), Buffer.alloc(100_001, 1));
      const handle = await fs.open(path("file"), "r+");
      await handle.sync();
      await handle.close();
      const { size, blocks } = await fs.stat(path("file"), { bigint: true });
      assert.equal(size, 100_001n);
      assert.ok(blocks * 512n >= 100_001n, `${blocks} blocks hold the data`);
    },
  },
  {
    name: "stat: a symbolic link has its own type and the length of its target as size",
    async run({ fs, path }) {
      await fs.writeFile(path("file"), "content");
      await fs.symlink("file", path("link"));
      const link = await fs.lstat(path("link"));
      assert.equal(link.mode & ~0o777, S_IFLNK);
      assert.equal(link.size, 4);
      assert.ok((await fs.stat(path("link"))).isFile());
      assert.equal((await fs.stat(path("link"))).size, 7);
    },
  },
  {
    name: "stat: different files have different inode numbers, exact to 64 bits",
    async run({ fs, path }) {
      const inos = new Set<bigint>();
      for (let index = 0; index < 20; index += 1) {
        await fs.writeFile(path(`file-${index}`), "x");
        inos.add((await fs.stat(path(`file-${index}`), { bigint: true })).ino);
      }
      assert.equal(inos.size, 20);
      assert.ok(!inos.has(0n));
    },
  },
  {
    name: "stat: by path, by link and by handle tells of the same inode",
    async run({ fs, path, open }) {
      await fs.writeFile(path("file"), "x");
      const handle = await open(path("file"), "r");
      const byPath = await fs.stat(path("file"), { bigint: true });
      const byLink = await fs.lstat(path("file"), { bigint: true });
      const byHandle = await handle.stat({ bigint: true });
      assert.equal(byLink.ino, byPath.ino);
      assert.equal(byHandle.ino, byPath.ino);
      assert.equal(byHandle.dev, byPath.dev);
      assert.equal(byHandle.mtimeNs, byPath.mtimeNs);
    },
  },
  {
    name: "stat: shows at once what was written through a handle that is still open",
    async run({ fs, path, open }) {
      const handle = await open(path("file"), "w");
      for (const size of [1, 1000, 70_000]) {
        await handle.write(Buffer.alloc(size - Number((await handle.stat()).size), 1));
        assert.equal((await fs.stat(path("file"))).size, size);
      }
    },
  },
  {
    name: "stat: the inode number stays through writing, chmod and rename",
    async run({ fs, path }) {
      await fs.writeFile(path("file"), "x");
      const { ino } = await fs.stat(path("file"), { bigint: true });
      await fs.appendFile(path("file"), "y");
      await fs.chmod(path("file"), 0o600);
      await fs.rename(path("file"), path("renamed"));
      assert.equal((await fs.stat(path("renamed"), { bigint: true })).ino, ino);
    },
  },
  {
    name: "stat: takes no permission on the file itself",
    needs: ["identities"],
    async run({ fs, path, as }) {
      await fs.writeFile(path("secret"), "x");
      await fs.chmod(path("secret"), 0);
      assert.equal((await as(alice).stat(path("secret"))).size, 1);
    },
  },
];
