import assert from "node:assert/strict";
import type { ConformanceCase } from "../case.ts";

/**
 * What the kernel's FUSE answers in place of the file system behind it, which docs/posix.md lists with the reasons. Each case says
 * what programs see on either side.
 */
export const pastFuseCases: readonly ConformanceCase[] = [
  {
    name: "past FUSE: fallocate that takes a range out or puts one in",
    needs: ["programs"],
    async run({ python, has }) {
      const answer = (await python(`
        put("file", b"a" * 4096 + b"b" * 4096)
        fd = os.open("file", os.O_RDWR)
        def move(mode):
            done = libc.fallocate(fd, mode, ctypes.c_long(0), ctypes.c_long(4096))
            return code(ctypes.get_errno()) if done < 0 else os.fstat(fd).st_size
        answer = [move(0x08), move(0x20)]
      `)) as readonly unknown[];
      const refused = ["EOPNOTSUPP", "EOPNOTSUPP"];
      // Few file systems have it: ext4, xfs and f2fs.
      if (has("past-fuse") && answer[0] !== "EOPNOTSUPP") assert.deepEqual(answer, [4096, 8192]);
      else assert.deepEqual(answer, refused);
    },
  },
  {
    name: "past FUSE: epoll of a file is EPERM, FUSE takes it",
    needs: ["programs"],
    async run({ python, has }) {
      const answer = await python(`
        fd = os.open("file", os.O_RDWR | os.O_CREAT)
        answer = attempt(lambda: select.epoll().register(fd, select.EPOLLIN))
      `);
      assert.equal(answer, has("past-fuse") ? "EPERM" : null);
    },
  },
  {
    name: "past FUSE: lseek beyond the largest file, FUSE takes every offset",
    needs: ["programs"],
    async run({ python, has }) {
      const answer = (await python(`
        fd = os.open("file", os.O_RDWR | os.O_CREAT)
        fits = attempt(lambda: os.ftruncate(fd, (1 << 62) + 1)) is None
        answer = [fits, attempt(lambda: os.lseek(fd, 1 << 62, os.SEEK_SET))]
      `)) as readonly unknown[];
      const takes = !has("past-fuse") || answer[0] === true;
      assert.equal(answer[1], takes ? 2 ** 62 : "EINVAL");
    },
  },
  {
    name: "past FUSE: statx tells no flags of inodes",
    needs: ["programs", "inode-flags"],
    async run({ fs, raw, path, python, has }) {
      await fs.writeFile(path("file"), "");
      const before = await raw.getInodeFlags(path("file"));
      const FS_NODUMP_FL = 0x40;
      await raw.setInodeFlags(path("file"), before | FS_NODUMP_FL);
      const answer = (await python(`
        buffer = ctypes.create_string_buffer(256)
        assert libc.statx(-100, b"file", 0, 0xfff, buffer) == 0
        attributes, = struct.unpack_from("<Q", buffer, 8)
        answer = bool(attributes & 0x40)
      `)) as boolean;
      assert.equal(answer, has("past-fuse"));
    },
  },
  {
    name: "past FUSE: flags through a descriptor for writing alone, of a file that its owner may not read",
    needs: ["programs", "inode-flags", "root"],
    async run({ python, has }) {
      const answer = await python(`
        put("file")
        os.chown("file", 12001, 12001)
        os.chmod("file", 0o200)
        def flags():
            os.setgroups([])
            os.setresgid(12001, 12001, 12001)
            os.setresuid(12001, 12001, 12001)
            fd = os.open("file", os.O_WRONLY)
            found = attempt(lambda: fcntl.ioctl(fd, 0x80086601, bytes(8)))
            return 1 if found == "EACCES" else 0 if isinstance(found, bytes) else 2
        answer = child(flags)
      `);
      assert.equal(answer, has("past-fuse") ? 0 : 1);
    },
  },
  {
    name: "past FUSE: an ioctl that is not of inode flags is ENOTTY",
    needs: ["programs"],
    async run({ python, has }) {
      const answer = await python(`
        put("file", b"x")
        fd = os.open("file", os.O_RDONLY)
        FS_IOC_GETVERSION = 0x80087601
        versions = attempt(lambda: fcntl.ioctl(fd, FS_IOC_GETVERSION, bytes(8)))
        answer = ["told" if isinstance(versions, bytes) else versions, attempt(lambda: fcntl.ioctl(fd, 0x5401, bytes(64)))]
      `);
      if (has("past-fuse")) assert.equal((answer as string[])[1], "ENOTTY");
      else assert.deepEqual(answer, ["ENOTTY", "ENOTTY"]);
    },
  },
];
