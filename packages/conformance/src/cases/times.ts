import assert from "node:assert/strict";
import type { CaseContext, ConformanceCase } from "../case.ts";
import { alice, bob } from "../identities.ts";

const nsPerSec = 1_000_000_000n;

async function timesOf({ fs, path }: CaseContext, name: string) {
  const { atimeNs, mtimeNs, ctimeNs } = await fs.lstat(path(name), { bigint: true });
  return { atimeNs, mtimeNs, ctimeNs };
}

export const timesCases: readonly ConformanceCase[] = [
  {
    name: "times: all of a new file's are those of its making",
    async run(t) {
      const slackNs = 2n * nsPerSec;
      await t.fs.writeFile(t.path("file"), "");
      const now = BigInt(Date.now()) * 1_000_000n;
      const { atimeNs, mtimeNs, ctimeNs } = await timesOf(t, "file");
      assert.equal(atimeNs, mtimeNs);
      assert.equal(ctimeNs, mtimeNs);
      assert.ok(mtimeNs > now - slackNs && mtimeNs < now + slackNs, `${mtimeNs} is near ${now}`);
    },
  },
  {
    name: "times: atime and mtime can be set apart, exact to the nanosecond",
    needs: ["nanoseconds", "set-mtime"],
    async run(t) {
      await t.fs.writeFile(t.path("file"), "x");
      await t.raw.utimensat(t.path("file"), 1_000_000_000_123_456_789n, 1_700_000_000_987_654_321n);
      const { atimeNs, mtimeNs } = await timesOf(t, "file");
      assert.deepEqual([atimeNs, mtimeNs], [1_000_000_000_123_456_789n, 1_700_000_000_987_654_321n]);
    },
  },
  {
    name: "times: node's utimes sets whole seconds exactly, of files and directories",
    needs: ["set-mtime"],
    async run(t) {
      await t.fs.writeFile(t.path("file"), "x");
      await t.fs.mkdir(t.path("directory"));
      for (const name of ["file", "directory"]) {
        await t.fs.utimes(t.path(name), 1_234_567_890, 987_654_321);
        const { atimeNs, mtimeNs } = await timesOf(t, name);
        assert.deepEqual([atimeNs, mtimeNs], [1_234_567_890n * nsPerSec, 987_654_321n * nsPerSec]);
      }
    },
  },
  {
    name: "times: before 1970, after 2038 and after 2106",
    needs: ["set-mtime", "nanoseconds"],
    async run(t) {
      await t.fs.writeFile(t.path("file"), "x");
      for (const sec of [-1_000_000_000n, -1n, 0n, 2_147_483_648n, 4_294_967_296n, 10_000_000_000n]) {
        const time = sec * nsPerSec + 5n;
        await t.raw.utimensat(t.path("file"), time, time);
        const { atimeNs, mtimeNs } = await timesOf(t, "file");
        assert.deepEqual([atimeNs, mtimeNs], [time, time]);
      }
    },
  },
  {
    name: "times: UTIME_OMIT leaves one as it is",
    needs: ["set-mtime", "nanoseconds"],
    async run(t) {
      await t.fs.writeFile(t.path("file"), "x");
      await t.raw.utimensat(t.path("file"), 111n, 222n);
      await t.raw.utimensat(t.path("file"), 333n, "omit");
      assert.equal((await timesOf(t, "file")).mtimeNs, 222n);
      await t.raw.utimensat(t.path("file"), "omit", 444n);
      const { atimeNs, mtimeNs } = await timesOf(t, "file");
      assert.deepEqual([atimeNs, mtimeNs], [333n, 444n]);
    },
  },
  {
    name: "times: UTIME_NOW is the file system's present",
    needs: ["set-mtime"],
    async run(t) {
      await t.fs.writeFile(t.path("old"), "x");
      await t.raw.utimensat(t.path("old"), 111n, 222n);
      await t.tick();
      await t.fs.writeFile(t.path("reference"), "x");
      await t.tick();
      await t.raw.utimensat(t.path("old"), "now", "now");
      const reference = (await timesOf(t, "reference")).mtimeNs;
      const { atimeNs, mtimeNs } = await timesOf(t, "old");
      assert.ok(atimeNs > reference && mtimeNs > reference);
      assert.ok(mtimeNs - reference < 60n * nsPerSec);
    },
  },
  {
    name: "times: one is set to now while the other is given",
    needs: ["set-mtime"],
    async run(t) {
      await t.fs.writeFile(t.path("file"), "x");
      await t.raw.utimensat(t.path("file"), "now", 5n * nsPerSec);
      const { atimeNs, mtimeNs } = await timesOf(t, "file");
      assert.equal(mtimeNs, 5n * nsPerSec);
      assert.ok(atimeNs > 1_500_000_000n * nsPerSec);
    },
  },
  {
    name: "times: setting them changes ctime to the present",
    async run(t) {
      await t.fs.writeFile(t.path("file"), "x");
      const before = await timesOf(t, "file");
      await t.tick();
      await t.fs.utimes(t.path("file"), 1, 1);
      assert.ok((await timesOf(t, "file")).ctimeNs > before.ctimeNs);
    },
  },
  {
    name: "times: lutimes sets those of a symbolic link, utimes those of its target",
    needs: ["set-mtime"],
    async run(t) {
      await t.fs.writeFile(t.path("file"), "x");
      await t.fs.symlink("file", t.path("link"));
      await t.fs.lutimes(t.path("link"), 11, 22);
      await t.fs.utimes(t.path("link"), 33, 44);
      assert.equal((await timesOf(t, "link")).mtimeNs, 22n * nsPerSec);
      assert.equal((await timesOf(t, "file")).mtimeNs, 44n * nsPerSec);
    },
  },
  {
    name: "times: set through a handle, and not lost when the handle is closed after writing",
    needs: ["set-mtime"],
    async run(t) {
      const handle = await t.fs.open(t.path("file"), "w");
      await handle.write("some data");
      await handle.utimes(100, 200);
      await handle.close();
      const { atimeNs, mtimeNs } = await timesOf(t, "file");
      assert.deepEqual([atimeNs, mtimeNs], [100n * nsPerSec, 200n * nsPerSec]);
    },
  },
  {
    name: "times: writing changes mtime and ctime of the file",
    async run(t) {
      const handle = await t.open(t.path("file"), "w");
      const before = await timesOf(t, "file");
      await t.tick();
      await handle.write("x");
      const after = await timesOf(t, "file");
      assert.ok(after.mtimeNs > before.mtimeNs);
      assert.ok(after.ctimeNs > before.ctimeNs);
    },
  },
  {
    name: "times: writing after mtime was set moves it to the present again",
    needs: ["set-mtime"],
    async run(t) {
      const handle = await t.open(t.path("file"), "w");
      await handle.write("x");
      await handle.utimes(1, 1);
      await handle.write("y");
      assert.ok((await timesOf(t, "file")).mtimeNs > 1_500_000_000n * nsPerSec);
    },
  },
  {
    name: "times: reading changes neither mtime nor ctime",
    async run(t) {
      await t.fs.writeFile(t.path("file"), "x");
      const before = await timesOf(t, "file");
      await t.tick();
      await t.fs.readFile(t.path("file"));
      const after = await timesOf(t, "file");
      assert.deepEqual([after.mtimeNs, after.ctimeNs], [before.mtimeNs, before.ctimeNs]);
    },
  },
  {
    name: "times: reading after a write changes atime",
    needs: ["atime"],
    async run(t) {
      await t.fs.writeFile(t.path("file"), "x");
      const before = await timesOf(t, "file");
      await t.tick();
      await t.fs.readFile(t.path("file"));
      assert.ok((await timesOf(t, "file")).atimeNs > before.atimeNs);
    },
  },
  {
    name: "times: writing into a file leaves those of its directory",
    async run(t) {
      await t.fs.mkdir(t.path("directory"));
      await t.fs.writeFile(t.path("directory", "file"), "x");
      const before = await timesOf(t, "directory");
      await t.tick();
      await t.fs.appendFile(t.path("directory", "file"), "y");
      await t.fs.chmod(t.path("directory", "file"), 0o600);
      const after = await timesOf(t, "directory");
      assert.deepEqual([after.mtimeNs, after.ctimeNs], [before.mtimeNs, before.ctimeNs]);
    },
  },
  {
    name: "times: every change of a directory's names changes its mtime and ctime",
    needs: ["hardlinks"],
    async run(t) {
      const { fs, path } = t;
      await fs.mkdir(path("d"));
      const changes: Record<string, () => Promise<unknown>> = {
        create: () => fs.writeFile(path("d", "file"), "x"),
        mkdir: () => fs.mkdir(path("d", "directory")),
        symlink: () => fs.symlink("target", path("d", "symlink")),
        link: () => fs.link(path("d", "file"), path("d", "link")),
        "rename within": () => fs.rename(path("d", "link"), path("d", "renamed")),
        "rename out": () => fs.rename(path("d", "renamed"), path("out")),
        "rename in": () => fs.rename(path("out"), path("d", "in")),
        unlink: () => fs.unlink(path("d", "in")),
        rmdir: () => fs.rmdir(path("d", "directory")),
      };
      for (const [change, make] of Object.entries(changes)) {
        const before = await timesOf(t, "d");
        await t.tick();
        await make();
        const after = await timesOf(t, "d");
        assert.ok(after.mtimeNs > before.mtimeNs, `mtime after ${change}`);
        assert.ok(after.ctimeNs > before.ctimeNs, `ctime after ${change}`);
      }
    },
  },
  {
    name: "times: a new name and a lost one change ctime of the file, and not its mtime",
    needs: ["hardlinks"],
    async run(t) {
      await t.fs.writeFile(t.path("file"), "x");
      const changes: Record<string, () => Promise<unknown>> = {
        link: () => t.fs.link(t.path("file"), t.path("second")),
        unlink: () => t.fs.unlink(t.path("second")),
      };
      for (const [change, make] of Object.entries(changes)) {
        const before = await timesOf(t, "file");
        await t.tick();
        await make();
        const after = await timesOf(t, "file");
        assert.ok(after.ctimeNs > before.ctimeNs, `ctime after ${change}`);
        assert.equal(after.mtimeNs, before.mtimeNs, `mtime after ${change}`);
      }
    },
  },
  {
    name: "times: a rename keeps the file's mtime",
    async run(t) {
      await t.fs.writeFile(t.path("file"), "x");
      const before = await timesOf(t, "file");
      await t.tick();
      await t.fs.rename(t.path("file"), t.path("renamed"));
      assert.equal((await timesOf(t, "renamed")).mtimeNs, before.mtimeNs);
    },
  },
  {
    name: "times: opening with O_TRUNC changes mtime and ctime",
    async run(t) {
      await t.fs.writeFile(t.path("file"), "content");
      const before = await timesOf(t, "file");
      await t.tick();
      await (await t.fs.open(t.path("file"), "w")).close();
      const after = await timesOf(t, "file");
      assert.ok(after.mtimeNs > before.mtimeNs);
      assert.ok(after.ctimeNs > before.ctimeNs);
    },
  },
  {
    name: "times: who may not write can set none, who may write can set them to now only",
    needs: ["identities"],
    async run({ fs, path, as, rejects }) {
      await fs.writeFile(path("file"), "x");
      await fs.chown(path("file"), alice.uid, alice.gid);
      await fs.chmod(path("file"), 0o644);
      await rejects(as(bob).utimensat(path("file"), "now", "now"), "EACCES");
      await rejects(as(bob).utimensat(path("file"), 1n, 1n), "EPERM");
      await fs.chmod(path("file"), 0o666);
      await as(bob).utimensat(path("file"), "now", "now");
      await rejects(as(bob).utimensat(path("file"), 1n, 1n), "EPERM");
      await rejects(as(bob).utimensat(path("file"), "now", "omit"), "EPERM");
    },
  },
  {
    name: "times: the owner may set any, even of a file that it may not write",
    needs: ["identities", "set-mtime"],
    async run({ fs, path, as }) {
      await fs.writeFile(path("file"), "x");
      await fs.chown(path("file"), alice.uid, alice.gid);
      await fs.chmod(path("file"), 0);
      await as(alice).utimes(path("file"), 5, 6);
      assert.equal((await fs.stat(path("file"))).mtimeMs, 6000);
    },
  },
];
