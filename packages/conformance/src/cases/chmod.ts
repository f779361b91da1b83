import assert from "node:assert/strict";
import type { ConformanceCase } from "../case.ts";
import { alice, aliceInStaff, bob, staff } from "../identities.ts";

const permissions = 0o7777;

export const chmodCases: readonly ConformanceCase[] = [
  {
    name: "chmod: every permission bit of a file is kept",
    needs: ["set-id"],
    async run({ fs, path }) {
      await fs.writeFile(path("file"), "x");
      for (const mode of [0, 0o400, 0o020, 0o001, 0o777, 0o644, 0o1644, 0o2755, 0o4755, 0o7777]) {
        await fs.chmod(path("file"), mode);
        assert.equal((await fs.stat(path("file"))).mode & permissions, mode);
      }
    },
  },
  {
    name: "chmod: every permission bit of a directory is kept",
    needs: ["set-id"],
    async run({ fs, path }) {
      await fs.mkdir(path("directory"));
      for (const mode of [0, 0o700, 0o1777, 0o2775, 0o7777, 0o755]) {
        await fs.chmod(path("directory"), mode);
        assert.equal((await fs.stat(path("directory"))).mode & permissions, mode);
      }
    },
  },
  {
    name: "chmod: follows a symbolic link",
    async run({ fs, path }) {
      await fs.writeFile(path("file"), "x");
      await fs.symlink("file", path("link"));
      await fs.chmod(path("link"), 0o640);
      assert.equal((await fs.stat(path("file"))).mode & permissions, 0o640);
      assert.ok((await fs.lstat(path("link"))).isSymbolicLink());
    },
  },
  {
    name: "chmod: by handle",
    async run({ fs, path, open }) {
      const handle = await open(path("file"), "w");
      await handle.chmod(0o604);
      assert.equal((await fs.stat(path("file"))).mode & permissions, 0o604);
      assert.equal((await handle.stat()).mode & permissions, 0o604);
    },
  },
  {
    name: "chmod: changes ctime, and neither mtime nor atime",
    async run({ fs, path, tick }) {
      await fs.writeFile(path("file"), "x");
      const before = await fs.stat(path("file"), { bigint: true });
      await tick();
      await fs.chmod(path("file"), 0o600);
      const after = await fs.stat(path("file"), { bigint: true });
      assert.ok(after.ctimeNs > before.ctimeNs);
      assert.equal(after.mtimeNs, before.mtimeNs);
      assert.equal(after.atimeNs, before.atimeNs);
    },
  },
  {
    name: "chmod: only the owner may, others get EPERM",
    needs: ["identities"],
    async run({ fs, path, as, rejects }) {
      await fs.writeFile(path("file"), "x");
      await fs.chown(path("file"), alice.uid, alice.gid);
      await fs.chmod(path("file"), 0o777);
      await rejects(as(bob).chmod(path("file"), 0o600), "EPERM");
      await as(alice).chmod(path("file"), 0o640);
      assert.equal((await fs.stat(path("file"))).mode & permissions, 0o640);
    },
  },
  {
    name: "chmod: an owner outside the file's group can't set its set-gid bit",
    needs: ["identities", "set-id"],
    async run({ fs, path, as }) {
      await fs.writeFile(path("file"), "x");
      await fs.chown(path("file"), alice.uid, staff);
      await as(alice).chmod(path("file"), 0o2755);
      assert.equal((await fs.stat(path("file"))).mode & permissions, 0o755);
      await as(aliceInStaff).chmod(path("file"), 0o2755);
      assert.equal((await fs.stat(path("file"))).mode & permissions, 0o2755);
    },
  },
];
