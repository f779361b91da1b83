import assert from "node:assert/strict";
import { constants } from "node:fs";
import type { CaseContext, ConformanceCase } from "../case.ts";
import { alice, aliceInStaff, bob, bobInStaff, staff } from "../identities.ts";

const { F_OK, R_OK, W_OK, X_OK } = constants;

async function makeFile({ fs, path }: CaseContext, name: string, mode: number, uid: number, gid: number) {
  await fs.writeFile(path(name), "content");
  await fs.chown(path(name), uid, gid);
  await fs.chmod(path(name), mode);
}

async function makeDirectory({ fs, path }: CaseContext, name: string, mode: number, uid: number, gid: number) {
  await fs.mkdir(path(name));
  await fs.chown(path(name), uid, gid);
  await fs.chmod(path(name), mode);
}

export const permissionsCases: readonly ConformanceCase[] = [
  {
    name: "permissions: the owner is judged by the owner's bits alone, even if others may more",
    needs: ["identities"],
    async run(t) {
      await makeFile(t, "file", 0o077, alice.uid, alice.gid);
      await t.rejects(t.as(alice).readFile(t.path("file")), "EACCES");
      assert.equal(await t.as(bob).readFile(t.path("file"), "utf8"), "content");
    },
  },
  {
    name: "permissions: a member of the group is judged by the group's bits alone",
    needs: ["identities"],
    async run(t) {
      await makeFile(t, "file", 0o604, 0, bob.gid);
      await t.rejects(t.as(bob).readFile(t.path("file")), "EACCES");
      assert.equal(await t.as(alice).readFile(t.path("file"), "utf8"), "content");
    },
  },
  {
    name: "permissions: supplementary groups count",
    needs: ["identities"],
    async run(t) {
      await makeFile(t, "file", 0o660, 0, staff);
      await t.rejects(t.as(bob).readFile(t.path("file")), "EACCES");
      assert.equal(await t.as(bobInStaff).readFile(t.path("file"), "utf8"), "content");
      await t.as(aliceInStaff).appendFile(t.path("file"), "!");
      assert.equal(await t.fs.readFile(t.path("file"), "utf8"), "content!");
    },
  },
  {
    name: "permissions: root reads and writes everything",
    needs: ["identities", "root"],
    async run(t) {
      await makeFile(t, "file", 0, alice.uid, alice.gid);
      await makeDirectory(t, "directory", 0, alice.uid, alice.gid);
      await t.fs.appendFile(t.path("file"), "!");
      assert.equal(await t.fs.readFile(t.path("file"), "utf8"), "content!");
      await t.fs.writeFile(t.path("directory", "file"), "x");
      assert.deepEqual(await t.fs.readdir(t.path("directory")), ["file"]);
    },
  },
  {
    name: "permissions: a directory without x lets nobody through, with r it can be listed",
    needs: ["identities"],
    async run(t) {
      await makeDirectory(t, "directory", 0o744, 0, 0);
      await t.fs.writeFile(t.path("directory", "file"), "x");
      const theirs = t.as(alice);
      assert.deepEqual(await theirs.readdir(t.path("directory")), ["file"]);
      await t.rejects(theirs.stat(t.path("directory", "file")), "EACCES");
      await t.rejects(theirs.readFile(t.path("directory", "file")), "EACCES");
      await t.rejects(theirs.stat(t.path("directory", ".")), "EACCES");
      await t.rejects(theirs.stat(t.path("directory", "missing")), "EACCES");
    },
  },
  {
    name: "permissions: a directory with x and without r can be passed, not listed",
    needs: ["identities"],
    async run(t) {
      await makeDirectory(t, "directory", 0o711, 0, 0);
      await makeFile(t, "directory/file", 0o644, 0, 0);
      const theirs = t.as(alice);
      assert.equal(await theirs.readFile(t.path("directory", "file"), "utf8"), "content");
      await t.rejects(theirs.readdir(t.path("directory")), "EACCES");
    },
  },
  {
    name: "permissions: a directory without w takes and gives no names",
    needs: ["identities", "hardlinks", "mknod"],
    async run(t) {
      await makeDirectory(t, "directory", 0o755, 0, 0);
      await makeDirectory(t, "own", 0o755, alice.uid, alice.gid);
      await makeFile(t, "directory/file", 0o666, alice.uid, alice.gid);
      await makeDirectory(t, "directory/empty", 0o777, alice.uid, alice.gid);
      await makeFile(t, "own/file", 0o666, alice.uid, alice.gid);
      const theirs = t.as(alice);
      const inside = (name: string) => t.path("directory", name);
      await t.rejects(theirs.writeFile(inside("new"), "x"), "EACCES");
      await t.rejects(theirs.mkdir(inside("new")), "EACCES");
      await t.rejects(theirs.symlink("target", inside("new")), "EACCES");
      await t.rejects(theirs.mknod(inside("new"), constants.S_IFIFO | 0o644), "EACCES");
      await t.rejects(theirs.link(t.path("own", "file"), inside("new")), "EACCES");
      await t.rejects(theirs.unlink(inside("file")), "EACCES");
      await t.rejects(theirs.rmdir(inside("empty")), "EACCES");
      await t.rejects(theirs.rename(inside("file"), inside("renamed")), "EACCES");
      await t.rejects(theirs.rename(inside("file"), t.path("own", "moved")), "EACCES");
      await t.rejects(theirs.rename(t.path("own", "file"), inside("moved")), "EACCES");
    },
  },
  {
    name: "permissions: w without x on a directory is not enough to make or remove names",
    needs: ["identities"],
    async run(t) {
      await makeDirectory(t, "directory", 0o766, 0, 0);
      await t.fs.writeFile(t.path("directory", "file"), "x");
      await t.rejects(t.as(alice).writeFile(t.path("directory", "new"), "x"), "EACCES");
      await t.rejects(t.as(alice).unlink(t.path("directory", "file")), "EACCES");
    },
  },
  {
    name: "permissions: who may write the directory may remove a file that it may not even read",
    needs: ["identities"],
    async run(t) {
      await makeDirectory(t, "directory", 0o777, 0, 0);
      await makeFile(t, "directory/file", 0, 0, 0);
      await t.as(alice).unlink(t.path("directory", "file"));
      assert.deepEqual(await t.fs.readdir(t.path("directory")), []);
    },
  },
  {
    name: "permissions: what exists is EEXIST even where nothing could be made",
    needs: ["identities"],
    async run(t) {
      await makeDirectory(t, "directory", 0o755, 0, 0);
      await makeFile(t, "directory/file", 0o644, 0, 0);
      await t.rejects(t.as(alice).mkdir(t.path("directory", "file")), "EEXIST");
      await t.rejects(t.as(alice).symlink("x", t.path("directory", "file")), "EEXIST");
    },
  },
  {
    name: "permissions: moving a directory elsewhere takes write permission on it",
    needs: ["identities"],
    async run(t) {
      await makeDirectory(t, "from", 0o777, 0, 0);
      await makeDirectory(t, "to", 0o777, 0, 0);
      await makeDirectory(t, "from/directory", 0o755, 0, 0);
      await t.rejects(t.as(alice).rename(t.path("from", "directory"), t.path("to", "directory")), "EACCES");
      await t.as(alice).rename(t.path("from", "directory"), t.path("from", "renamed"));
    },
  },
  {
    name: "sticky: others can't remove, rename or replace",
    needs: ["identities"],
    async run(t) {
      await makeDirectory(t, "shared", 0o1777, 0, 0);
      await makeFile(t, "shared/file", 0o666, alice.uid, alice.gid);
      await makeDirectory(t, "shared/directory", 0o777, alice.uid, alice.gid);
      await makeFile(t, "shared/bobs", 0o666, bob.uid, bob.gid);
      const theirs = t.as(bob);
      const inside = (name: string) => t.path("shared", name);
      await t.rejects(theirs.unlink(inside("file")), "EPERM");
      await t.rejects(theirs.rmdir(inside("directory")), "EPERM");
      await t.rejects(theirs.rename(inside("file"), inside("renamed")), "EPERM");
      await t.rejects(theirs.rename(inside("bobs"), inside("file")), "EPERM");
    },
  },
  {
    name: "sticky: the file's owner, the directory's owner and root can remove",
    needs: ["identities"],
    async run(t) {
      await makeDirectory(t, "shared", 0o1777, bob.uid, bob.gid);
      for (const name of ["one", "two", "three"]) await makeFile(t, `shared/${name}`, 0o666, alice.uid, alice.gid);
      await t.as(alice).unlink(t.path("shared", "one"));
      await t.as(bob).unlink(t.path("shared", "two"));
      await t.fs.unlink(t.path("shared", "three"));
      assert.deepEqual(await t.fs.readdir(t.path("shared")), []);
    },
  },
  {
    name: "set-gid directory: what is made in it gets its group, directories its bit as well",
    needs: ["identities", "set-id"],
    async run(t) {
      await makeDirectory(t, "shared", 0o2777, 0, staff);
      const theirs = t.as(alice);
      await theirs.writeFile(t.path("shared", "file"), "x");
      await theirs.mkdir(t.path("shared", "directory"));
      await theirs.symlink("target", t.path("shared", "link"));
      for (const name of ["file", "directory", "link"]) {
        const { uid, gid } = await t.fs.lstat(t.path("shared", name));
        assert.deepEqual({ name, uid, gid }, { name, uid: alice.uid, gid: staff });
      }
      assert.equal((await t.fs.stat(t.path("shared", "directory"))).mode & 0o2000, 0o2000);
      assert.equal((await t.fs.stat(t.path("shared", "file"))).mode & 0o2000, 0);
    },
  },
  {
    name: "set-gid directory: an outsider's program made in it gets no set-gid bit, a member's does",
    needs: ["identities", "set-id", "umask-exact"],
    async run(t) {
      await makeDirectory(t, "shared", 0o2777, 0, staff);
      const flags = constants.O_WRONLY | constants.O_CREAT;
      await t.open(t.path("shared", "outsider"), flags, 0o2755, t.as(alice));
      await t.open(t.path("shared", "member"), flags, 0o2755, t.as(aliceInStaff));
      assert.equal((await t.fs.stat(t.path("shared", "outsider"))).mode & 0o7777, 0o755);
      assert.equal((await t.fs.stat(t.path("shared", "member"))).mode & 0o7777, 0o2755);
    },
  },
  {
    name: "access: says what open would, for owner, group and others",
    needs: ["identities"],
    async run(t) {
      await makeFile(t, "file", 0o754, alice.uid, staff);
      const file = t.path("file");
      await t.as(alice).access(file, R_OK | W_OK | X_OK);
      await t.as(bobInStaff).access(file, R_OK | X_OK);
      await t.rejects(t.as(bobInStaff).access(file, W_OK), "EACCES");
      await t.as(bob).access(file, R_OK);
      await t.rejects(t.as(bob).access(file, X_OK), "EACCES");
      await t.rejects(t.as(bob).access(file, R_OK | W_OK), "EACCES");
    },
  },
  {
    name: "access: F_OK takes no permission on the file, but on the way to it",
    needs: ["identities"],
    async run(t) {
      await makeFile(t, "file", 0, 0, 0);
      await t.as(alice).access(t.path("file"), F_OK);
      await makeDirectory(t, "closed", 0o700, 0, 0);
      await t.rejects(t.as(alice).access(t.path("closed", "missing"), F_OK), "EACCES");
    },
  },
  {
    name: "access: root may execute only what someone may execute",
    needs: ["root"],
    async run({ fs, path, rejects }) {
      await fs.writeFile(path("file"), "x");
      await fs.chmod(path("file"), 0o644);
      await fs.access(path("file"), R_OK | W_OK);
      await rejects(fs.access(path("file"), X_OK), "EACCES");
      await fs.chmod(path("file"), 0o001);
      await fs.access(path("file"), X_OK);
      await fs.mkdir(path("directory"));
      await fs.chmod(path("directory"), 0);
      await fs.access(path("directory"), R_OK | W_OK | X_OK);
    },
  },
];
