import assert from "node:assert/strict";
import type { ConformanceCase } from "../case.ts";
import { alice } from "../identities.ts";

/** Source: linux/xattr.h, linux/limits.h. */
const XATTR_CREATE = 1;
const XATTR_REPLACE = 2;
const valueBytesMax = 65_536;
const nameBytesMax = 255;

const nofollow = { nofollow: true };
const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));

export const xattrsCases: readonly ConformanceCase[] = [
  {
    name: "xattrs: what is set is kept, of files and directories, and listed",
    needs: ["xattrs"],
    async run({ fs, raw, path }) {
      await fs.writeFile(path("file"), "");
      await fs.mkdir(path("directory"));
      for (const name of ["file", "directory"]) {
        assert.deepEqual(await raw.listxattr(path(name)), []);
        await raw.setxattr(path(name), "user.bytes", everyByte);
        await raw.setxattr(path(name), "user.empty", Buffer.alloc(0));
        assert.deepEqual(await raw.getxattr(path(name), "user.bytes"), everyByte);
        assert.equal((await raw.getxattr(path(name), "user.empty")).length, 0);
        assert.deepEqual((await raw.listxattr(path(name))).toSorted(), ["user.bytes", "user.empty"]);
        await raw.setxattr(path(name), "user.bytes", Buffer.from("another"));
        assert.equal(String(await raw.getxattr(path(name), "user.bytes")), "another");
        await raw.removexattr(path(name), "user.bytes");
        assert.deepEqual(await raw.listxattr(path(name)), ["user.empty"]);
      }
    },
  },
  {
    name: "xattrs: what is not there is ENODATA",
    needs: ["xattrs"],
    async run({ fs, raw, path, rejects }) {
      await fs.writeFile(path("file"), "");
      await rejects(raw.getxattr(path("file"), "user.none"), "ENODATA");
      await rejects(raw.removexattr(path("file"), "user.none"), "ENODATA");
      await rejects(raw.getxattr(path("missing"), "user.none"), "ENOENT");
    },
  },
  {
    name: "xattrs: XATTR_CREATE of what is there is EEXIST, XATTR_REPLACE of what is not ENODATA",
    needs: ["xattrs"],
    async run({ fs, raw, path, rejects }) {
      await fs.writeFile(path("file"), "");
      const set = (value: string, flags: number) => raw.setxattr(path("file"), "user.x", Buffer.from(value), flags);
      await rejects(set("one", XATTR_REPLACE), "ENODATA");
      await set("two", XATTR_CREATE);
      await rejects(set("three", XATTR_CREATE), "EEXIST");
      await rejects(set("two", XATTR_CREATE), "EEXIST");
      await set("four", XATTR_REPLACE);
      assert.equal(String(await raw.getxattr(path("file"), "user.x")), "four");
    },
  },
  {
    name: "xattrs: a namespace that there is not is EOPNOTSUPP",
    needs: ["xattrs"],
    async run({ fs, raw, path, rejects }) {
      await fs.writeFile(path("file"), "");
      await rejects(raw.setxattr(path("file"), "nonsense.x", Buffer.from("x")), "EOPNOTSUPP");
      await rejects(raw.getxattr(path("file"), "nonsense.x"), "EOPNOTSUPP");
    },
  },
  {
    name: "xattrs: a name of 255 bytes is possible, one more is ERANGE",
    needs: ["xattrs"],
    async run({ fs, raw, path, rejects }) {
      await fs.writeFile(path("file"), "");
      const longest = "user.".padEnd(nameBytesMax, "n");
      await raw.setxattr(path("file"), longest, Buffer.from("x"));
      assert.deepEqual(await raw.listxattr(path("file")), [longest]);
      await rejects(raw.setxattr(path("file"), `${longest}n`, Buffer.from("x")), "ERANGE");
    },
  },
  {
    name: "xattrs: a value of 64 KiB is kept whole or is ENOSPC, one more byte is E2BIG",
    needs: ["xattrs"],
    async run({ fs, raw, path, rejects }) {
      await fs.writeFile(path("file"), "");
      const value = Buffer.alloc(valueBytesMax, everyByte);
      const small = value.subarray(0, 3000);
      await raw.setxattr(path("file"), "user.x", small);
      assert.deepEqual(await raw.getxattr(path("file"), "user.x"), small);
      const refused = await raw.setxattr(path("file"), "user.x", value).catch((error) => error.code);
      if (refused !== undefined) assert.equal(refused, "ENOSPC");
      assert.deepEqual(await raw.getxattr(path("file"), "user.x"), refused === undefined ? value : small);
      await rejects(raw.setxattr(path("file"), "user.x", Buffer.alloc(valueBytesMax + 1)), "E2BIG");
    },
  },
  {
    name: "xattrs: a symbolic link has none of user's, and leads to its target's",
    needs: ["xattrs"],
    async run({ fs, raw, path, rejects }) {
      await fs.writeFile(path("file"), "");
      await fs.symlink("file", path("link"));
      await rejects(raw.setxattr(path("link"), "user.x", Buffer.from("x"), 0, nofollow), "EPERM");
      await rejects(raw.getxattr(path("link"), "user.x", nofollow), "ENODATA");
      await raw.setxattr(path("link"), "user.x", Buffer.from("x"));
      assert.deepEqual(await raw.listxattr(path("file")), ["user.x"]);
      assert.deepEqual(await raw.listxattr(path("link"), nofollow), []);
    },
  },
  {
    name: "xattrs: setting and removing change ctime, and not mtime",
    needs: ["xattrs"],
    async run({ fs, raw, path, tick }) {
      await fs.writeFile(path("file"), "");
      for (const change of [
        () => raw.setxattr(path("file"), "user.x", Buffer.from("x")),
        () => raw.removexattr(path("file"), "user.x"),
      ]) {
        const before = await fs.stat(path("file"), { bigint: true });
        await tick();
        await change();
        const after = await fs.stat(path("file"), { bigint: true });
        assert.ok(after.ctimeNs > before.ctimeNs);
        assert.equal(after.mtimeNs, before.mtimeNs);
      }
    },
  },
  {
    name: "xattrs: of user's namespace are read with read permission and changed with write permission",
    needs: ["xattrs", "root", "identities"],
    async run({ fs, raw, as, path, rejects }) {
      const they = as(alice);
      await fs.writeFile(path("file"), "");
      await raw.setxattr(path("file"), "user.x", Buffer.from("x"));
      await fs.chmod(path("file"), 0o600);
      await rejects(they.getxattr(path("file"), "user.x"), "EACCES");
      await fs.chmod(path("file"), 0o604);
      assert.equal(String(await they.getxattr(path("file"), "user.x")), "x");
      await rejects(they.setxattr(path("file"), "user.x", Buffer.from("y")), "EACCES");
      await rejects(they.removexattr(path("file"), "user.x"), "EACCES");
      await fs.chmod(path("file"), 0o602);
      await they.setxattr(path("file"), "user.x", Buffer.from("theirs"));
      assert.equal(String(await raw.getxattr(path("file"), "user.x")), "theirs");
      await fs.mkdir(path("sticky"));
      await fs.chmod(path("sticky"), 0o1777);
      await rejects(they.setxattr(path("sticky"), "user.x", Buffer.from("y")), "EPERM");
    },
  },
  {
    name: "xattrs: of trusted's namespace are root's alone, on symbolic links too",
    needs: ["xattrs", "root", "identities"],
    async run({ fs, raw, as, path, rejects }) {
      const they = as(alice);
      await fs.writeFile(path("file"), "");
      await fs.chmod(path("file"), 0o666);
      await fs.symlink("file", path("link"));
      await raw.setxattr(path("file"), "trusted.x", Buffer.from("hidden"));
      await raw.setxattr(path("link"), "trusted.l", Buffer.from("of the link"), 0, nofollow);
      assert.equal(String(await raw.getxattr(path("file"), "trusted.x")), "hidden");
      assert.deepEqual(await raw.listxattr(path("link"), nofollow), ["trusted.l"]);
      assert.deepEqual(await they.listxattr(path("file")), []);
      await rejects(they.getxattr(path("file"), "trusted.x"), "ENODATA");
      await rejects(they.setxattr(path("file"), "trusted.x", Buffer.from("x")), "EPERM");
      await rejects(they.removexattr(path("file"), "trusted.x"), "EPERM");
    },
  },
  {
    name: "xattrs: of security's namespace are read by all and changed by root",
    needs: ["xattrs", "root", "identities"],
    async run({ fs, raw, as, path, rejects }) {
      const they = as(alice);
      await fs.writeFile(path("file"), "");
      await fs.chmod(path("file"), 0o666);
      await raw.setxattr(path("file"), "security.x", Buffer.from("label"));
      assert.equal(String(await they.getxattr(path("file"), "security.x")), "label");
      await rejects(they.setxattr(path("file"), "security.x", Buffer.from("x")), "EPERM");
      await rejects(they.removexattr(path("file"), "security.x"), "EPERM");
      await raw.removexattr(path("file"), "security.x");
      await rejects(raw.getxattr(path("file"), "security.x"), "ENODATA");
    },
  },
];
