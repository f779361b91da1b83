import assert from "node:assert/strict";
import { constants } from "node:fs";
import type { CaseContext, ConformanceCase } from "../case.ts";
import { alice } from "../identities.ts";

/** Source: linux/fs.h. */
const FS_IMMUTABLE_FL = 0x10;
const FS_APPEND_FL = 0x20;
const FS_NODUMP_FL = 0x40;

/** With this flag beside those that the file system gives what is made in it. A flag like these would outlast the case. */
async function withFlag({ raw }: CaseContext, path: string, flag: number, body: () => Promise<void>): Promise<void> {
  const before = await raw.getInodeFlags(path);
  await raw.setInodeFlags(path, before | flag);
  try {
    await body();
  } finally {
    await raw.setInodeFlags(path, before);
  }
}

export const inodeFlagsCases: readonly ConformanceCase[] = [
  {
    name: "inode flags: what is set is kept, of files and directories, and changes ctime",
    needs: ["inode-flags"],
    async run({ fs, raw, path, tick }) {
      await fs.writeFile(path("file"), "");
      await fs.mkdir(path("directory"));
      for (const name of ["file", "directory"]) {
        const before = await raw.getInodeFlags(path(name));
        const { ctimeNs } = await fs.stat(path(name), { bigint: true });
        await tick();
        await raw.setInodeFlags(path(name), before | FS_NODUMP_FL);
        assert.equal(await raw.getInodeFlags(path(name)), before | FS_NODUMP_FL);
        assert.ok((await fs.stat(path(name), { bigint: true })).ctimeNs > ctimeNs);
        await raw.setInodeFlags(path(name), before);
        assert.equal(await raw.getInodeFlags(path(name)), before);
      }
    },
  },
  {
    name: "inode flags: only the owner changes them, and only root makes a file immutable",
    needs: ["inode-flags", "root", "identities"],
    async run({ fs, raw, as, path, rejects }) {
      const they = as(alice);
      await fs.writeFile(path("file"), "");
      await fs.chmod(path("file"), 0o644);
      const flags = await they.getInodeFlags(path("file"));
      await rejects(they.setInodeFlags(path("file"), flags | FS_NODUMP_FL), "EPERM");
      await fs.chown(path("file"), alice.uid, alice.gid);
      await they.setInodeFlags(path("file"), flags | FS_NODUMP_FL);
      assert.equal(await raw.getInodeFlags(path("file")), flags | FS_NODUMP_FL);
      for (const flag of [FS_IMMUTABLE_FL, FS_APPEND_FL])
        await rejects(they.setInodeFlags(path("file"), flags | flag), "EPERM");
    },
  },
  {
    name: "inode flags: an immutable file takes no change, EPERM for root too",
    needs: ["inode-flags", "root"],
    async run(context) {
      const { fs, raw, path, rejects } = context;
      await fs.writeFile(path("file"), "content");
      const held = await context.open(path("file"), "r+");
      await withFlag(context, path("file"), FS_IMMUTABLE_FL, async () => {
        await rejects(fs.open(path("file"), "r+"), "EPERM");
        await rejects(fs.truncate(path("file"), 0), "EPERM");
        await rejects(fs.chmod(path("file"), 0o600), "EPERM");
        await rejects(fs.chown(path("file"), 1, 1), "EPERM");
        await rejects(fs.utimes(path("file"), 1, 1), "EPERM");
        await rejects(raw.utimensat(path("file"), "now", "now"), "EPERM");
        await rejects(fs.unlink(path("file")), "EPERM");
        await rejects(fs.rename(path("file"), path("renamed")), "EPERM");
        await rejects(fs.link(path("file"), path("linked")), "EPERM");
        assert.equal(await fs.readFile(path("file"), "utf8"), "content");
      });
      await held.write(Buffer.from("C"), 0, 1, 0);
      await held.sync();
      assert.equal(await fs.readFile(path("file"), "utf8"), "Content");
    },
  },
  {
    name: "inode flags: an immutable directory takes and gives no names",
    needs: ["inode-flags", "root"],
    async run(context) {
      const { fs, path, rejects } = context;
      await fs.mkdir(path("directory"));
      await fs.writeFile(path("directory", "file"), "");
      await withFlag(context, path("directory"), FS_IMMUTABLE_FL, async () => {
        await rejects(fs.writeFile(path("directory", "new"), ""), "EPERM");
        await rejects(fs.mkdir(path("directory", "new")), "EPERM");
        await rejects(fs.unlink(path("directory", "file")), "EPERM");
        await rejects(fs.rename(path("directory", "file"), path("moved")), "EPERM");
        await rejects(fs.rmdir(path("directory")), "EPERM");
        await fs.writeFile(path("directory", "file"), "what is in it can be written");
      });
    },
  },
  {
    name: "inode flags: an append-only file is written at its end alone, and keeps its name",
    needs: ["inode-flags", "root"],
    async run(context) {
      const { fs, path, rejects } = context;
      await fs.writeFile(path("file"), "one");
      await withFlag(context, path("file"), FS_APPEND_FL, async () => {
        await rejects(fs.open(path("file"), "r+"), "EPERM");
        await rejects(fs.open(path("file"), "w"), "EPERM");
        await rejects(fs.truncate(path("file"), 0), "EPERM");
        await rejects(fs.unlink(path("file")), "EPERM");
        await rejects(fs.chmod(path("file"), 0o600), "EPERM");
        const handle = await context.open(path("file"), "a");
        await handle.write(Buffer.from(" two"), 0, 4);
        await handle.close();
      });
      assert.equal(await fs.readFile(path("file"), "utf8"), "one two");
    },
  },
  {
    name: "inode flags: access(2) says that an immutable file can't be written, which FUSE does not ask",
    needs: ["inode-flags", "root"],
    async run(context) {
      const { fs, path, rejects, has } = context;
      await fs.writeFile(path("file"), "");
      await withFlag(context, path("file"), FS_IMMUTABLE_FL, async () => {
        const asked = fs.access(path("file"), constants.W_OK);
        // With default_permissions the kernel judges by the mode alone (fuse_permission), and knows of no flags.
        if (has("past-fuse")) await rejects(asked, "EPERM");
        else await asked;
      });
    },
  },
];
