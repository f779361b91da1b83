import assert from "node:assert/strict";
import type { CaseContext, ConformanceCase } from "../case.ts";
import { alice, aliceInStaff, bob, staff } from "../identities.ts";

const leave = -1;

async function owners({ fs, path }: CaseContext, name: string) {
  const { uid, gid } = await fs.lstat(path(name));
  return { uid, gid };
}

export const chownCases: readonly ConformanceCase[] = [
  {
    name: "chown: root gives a file to any user and group, beyond 16 bits too",
    needs: ["root"],
    async run(t) {
      await t.fs.writeFile(t.path("file"), "x");
      await t.fs.chown(t.path("file"), 3_000_000_001, 3_000_000_002);
      assert.deepEqual(await owners(t, "file"), { uid: 3_000_000_001, gid: 3_000_000_002 });
    },
  },
  {
    name: "chown: -1 leaves the owner or the group as it is",
    needs: ["root"],
    async run(t) {
      await t.fs.writeFile(t.path("file"), "x");
      await t.fs.chown(t.path("file"), 111, 222);
      await t.fs.chown(t.path("file"), leave, 333);
      assert.deepEqual(await owners(t, "file"), { uid: 111, gid: 333 });
      await t.fs.chown(t.path("file"), 444, leave);
      assert.deepEqual(await owners(t, "file"), { uid: 444, gid: 333 });
    },
  },
  {
    name: "chown: follows a symbolic link, lchown changes the link itself",
    needs: ["root"],
    async run(t) {
      await t.fs.writeFile(t.path("file"), "x");
      await t.fs.symlink("file", t.path("link"));
      await t.fs.chown(t.path("link"), 111, 222);
      await t.fs.lchown(t.path("link"), 333, 444);
      assert.deepEqual(await owners(t, "file"), { uid: 111, gid: 222 });
      assert.deepEqual(await owners(t, "link"), { uid: 333, gid: 444 });
    },
  },
  {
    name: "chown: by handle",
    needs: ["root"],
    async run(t) {
      const handle = await t.open(t.path("file"), "w");
      await handle.chown(111, 222);
      assert.deepEqual(await owners(t, "file"), { uid: 111, gid: 222 });
    },
  },
  {
    name: "chown: changes ctime, and not mtime",
    needs: ["root"],
    async run({ fs, path, tick }) {
      await fs.writeFile(path("file"), "x");
      const before = await fs.stat(path("file"), { bigint: true });
      await tick();
      await fs.chown(path("file"), 111, 222);
      const after = await fs.stat(path("file"), { bigint: true });
      assert.ok(after.ctimeNs > before.ctimeNs);
      assert.equal(after.mtimeNs, before.mtimeNs);
    },
  },
  {
    name: "chown: nobody but root gives a file away",
    needs: ["identities"],
    async run(t) {
      await t.fs.writeFile(t.path("file"), "x");
      await t.fs.chown(t.path("file"), alice.uid, alice.gid);
      await t.rejects(t.as(alice).chown(t.path("file"), bob.uid, leave), "EPERM");
      await t.rejects(t.as(bob).chown(t.path("file"), bob.uid, bob.gid), "EPERM");
      assert.deepEqual(await owners(t, "file"), { uid: alice.uid, gid: alice.gid });
    },
  },
  {
    name: "chown: an owner may choose among the groups that it is in",
    needs: ["identities"],
    async run(t) {
      await t.fs.writeFile(t.path("file"), "x");
      await t.fs.chown(t.path("file"), alice.uid, alice.gid);
      await t.rejects(t.as(alice).chown(t.path("file"), leave, staff), "EPERM");
      await t.as(aliceInStaff).chown(t.path("file"), leave, staff);
      assert.deepEqual(await owners(t, "file"), { uid: alice.uid, gid: staff });
    },
  },
  {
    name: "chown: clears set-uid and set-gid of a program, for root as well",
    needs: ["root", "set-id"],
    async run({ fs, path }) {
      await fs.writeFile(path("program"), "x");
      await fs.chmod(path("program"), 0o6755);
      await fs.chown(path("program"), 111, 222);
      assert.equal((await fs.stat(path("program"))).mode & 0o7777, 0o755);
    },
  },
  {
    name: "chown: clears set-uid and set-gid when the owner changes the group",
    needs: ["identities", "set-id"],
    async run({ fs, path, as }) {
      await fs.writeFile(path("program"), "x");
      await fs.chown(path("program"), alice.uid, alice.gid);
      await fs.chmod(path("program"), 0o6755);
      await as(aliceInStaff).chown(path("program"), leave, staff);
      assert.equal((await fs.stat(path("program"))).mode & 0o7777, 0o755);
    },
  },
  {
    name: "chown: a directory keeps its set-gid bit",
    needs: ["root", "set-id"],
    async run({ fs, path }) {
      await fs.mkdir(path("directory"));
      await fs.chmod(path("directory"), 0o2775);
      await fs.chown(path("directory"), 111, 222);
      assert.equal((await fs.stat(path("directory"))).mode & 0o7777, 0o2775);
    },
  },
];
