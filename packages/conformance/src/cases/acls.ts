import assert from "node:assert/strict";
import type { ConformanceCase } from "../case.ts";
import { alice, aliceInStaff, bob, staff } from "../identities.ts";

const access = "system.posix_acl_access";
const byDefault = "system.posix_acl_default";

/** Tags of entries. Source: linux/posix_acl.h. */
const tags = { userObject: 1, user: 2, groupObject: 4, group: 8, mask: 16, other: 32 } as const;
type Entry = readonly [tag: keyof typeof tags, permissions: number, id?: number];

/** Version 2 of linux/posix_acl_xattr.h: entries in the order of their tags. */
function acl(...entries: readonly Entry[]): Buffer {
  const bytes = Buffer.alloc(4 + 8 * entries.length);
  bytes.writeUInt32LE(2);
  for (const [index, [tag, permissions, id = 0xffff_ffff]] of entries.entries()) {
    bytes.writeUInt16LE(tags[tag], 4 + 8 * index);
    bytes.writeUInt16LE(permissions, 6 + 8 * index);
    bytes.writeUInt32LE(id, 8 + 8 * index);
  }
  return bytes;
}

/** rw- for the owner, `permissions` for one user, nothing for everybody else. */
const forUser = (permissions: number, id: number): Buffer =>
  acl(["userObject", 6], ["user", permissions, id], ["groupObject", 0], ["mask", 7], ["other", 0]);

const permissionsOf = (mode: number): string => (mode & 0o777).toString(8);

export const aclsCases: readonly ConformanceCase[] = [
  {
    name: "acls: a named user has what its entry says, whatever the mode says of others",
    needs: ["acls", "root", "identities"],
    async run({ fs, raw, as, path, rejects }) {
      await fs.writeFile(path("file"), "content");
      await fs.chmod(path("file"), 0o600);
      await rejects(as(alice).readFile(path("file")), "EACCES");
      await raw.setxattr(path("file"), access, forUser(4, alice.uid));
      assert.equal(await as(alice).readFile(path("file"), "utf8"), "content");
      await rejects(as(alice).appendFile(path("file"), "more"), "EACCES");
      await rejects(as(bob).readFile(path("file")), "EACCES");
      await raw.setxattr(path("file"), access, forUser(6, alice.uid));
      await as(alice).appendFile(path("file"), " and more");
      assert.equal(await fs.readFile(path("file"), "utf8"), "content and more");
    },
  },
  {
    name: "acls: a named group has what its entry says",
    needs: ["acls", "root", "identities"],
    async run({ fs, raw, as, path, rejects }) {
      await fs.mkdir(path("directory"));
      const entries: Entry[] = [
        ["userObject", 7],
        ["groupObject", 0],
        ["group", 7, staff],
        ["mask", 7],
        ["other", 0],
      ];
      await raw.setxattr(path("directory"), access, acl(...entries));
      await as(aliceInStaff).writeFile(path("directory", "file"), "x");
      assert.deepEqual(await as(aliceInStaff).readdir(path("directory")), ["file"]);
      await rejects(as(alice).readdir(path("directory")), "EACCES");
      await rejects(as(bob).stat(path("directory", "file")), "EACCES");
    },
  },
  {
    name: "acls: the mode's group bits are the mask, and chmod sets it",
    needs: ["acls", "root", "identities"],
    async run({ fs, raw, as, path, rejects }) {
      await fs.writeFile(path("file"), "content");
      await raw.setxattr(path("file"), access, forUser(6, alice.uid));
      assert.equal(permissionsOf((await fs.stat(path("file"))).mode), "670");
      await fs.chmod(path("file"), 0o640);
      assert.equal(await as(alice).readFile(path("file"), "utf8"), "content");
      await rejects(as(alice).appendFile(path("file"), "more"), "EACCES");
      await fs.chmod(path("file"), 0o600);
      await rejects(as(alice).readFile(path("file")), "EACCES");
    },
  },
  {
    name: "acls: removed, the mode alone counts again",
    needs: ["acls", "root", "identities"],
    async run({ fs, raw, as, path, rejects }) {
      await fs.writeFile(path("file"), "");
      await raw.setxattr(path("file"), access, forUser(7, alice.uid));
      await raw.removexattr(path("file"), access);
      await rejects(raw.getxattr(path("file"), access), "ENODATA");
      assert.deepEqual(await raw.listxattr(path("file")), []);
      await fs.chmod(path("file"), 0o600);
      await rejects(as(alice).readFile(path("file")), "EACCES");
    },
  },
  {
    name: "acls: a default one is inherited, and stands in for the umask",
    needs: ["acls"],
    async run({ fs, raw, path, umask }) {
      const inherited = acl(["userObject", 7], ["user", 7, alice.uid], ["groupObject", 5], ["mask", 7], ["other", 5]);
      await fs.mkdir(path("directory"));
      await fs.writeFile(path("directory", "before"), "");
      await raw.setxattr(path("directory"), byDefault, inherited);
      await fs.mkdir(path("directory", "sub"));
      await fs.writeFile(path("directory", "sub", "file"), "");
      await raw.mknod(path("directory", "fifo"), 0o010666);
      const modeOf = async (...names: string[]) => permissionsOf((await fs.stat(path("directory", ...names))).mode);
      assert.equal(await modeOf("before"), permissionsOf(0o666 & ~umask));
      assert.equal(await modeOf("sub"), "775");
      assert.equal(await modeOf("sub", "file"), "664");
      assert.equal(await modeOf("fifo"), "664");
      assert.deepEqual(await raw.getxattr(path("directory", "sub"), byDefault), inherited);
    },
  },
  {
    name: "acls: only the owner changes one, and what is none is EINVAL",
    needs: ["acls", "root", "identities"],
    async run({ fs, raw, as, path, rejects }) {
      await fs.writeFile(path("file"), "");
      await fs.chmod(path("file"), 0o666);
      await rejects(as(alice).setxattr(path("file"), access, forUser(7, alice.uid)), "EPERM");
      await rejects(raw.setxattr(path("file"), access, acl(["user", 7, alice.uid])), "EINVAL");
      await fs.chown(path("file"), alice.uid, alice.gid);
      await as(alice).setxattr(path("file"), access, forUser(4, bob.uid));
      await as(bob).readFile(path("file"));
    },
  },
];
