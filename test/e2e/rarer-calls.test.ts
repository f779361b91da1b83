import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Python } from "@kedgefs/conformance";
import { lacksMounts, lacksPrograms, nobody } from "../support/prerequisites.ts";
import { Site, shell } from "../support/site.ts";

const timeout = 60_000;
const takesRoot = process.getuid?.() === 0 ? false : "takes root";

/** Each expression is evaluated in a plain directory as well, which is the control: the mount must answer the same. */
const vocabulary = `
import ctypes, errno, fcntl, stat, struct, subprocess, time
libc = ctypes.CDLL(None, use_errno=True)
def attempt(call):
    try: return call()
    except OSError as error: return errno.errorcode[error.errno]
def put(name, data):
    with open(name, "wb") as file: file.write(data)
def blocks(name):
    fd = os.open(name, os.O_RDONLY)
    try: os.fsync(fd); return os.fstat(fd).st_blocks
    finally: os.close(fd)
def extents(name):
    """Where data and holes begin, from 0 on."""
    fd = os.open(name, os.O_RDONLY); found = []; at = 0
    try:
        os.fsync(fd)
        for whence in [os.SEEK_DATA, os.SEEK_HOLE] * 8:
            at = attempt(lambda: os.lseek(fd, at, whence)); found.append(at)
            if isinstance(at, str): return found
        return found
    finally: os.close(fd)
def punch(name, offset, length):
    return subprocess.run(["fallocate", "-p", "-o", str(offset), "-l", str(length), name]).returncode
FLAGS = {"get": 0x80086601, "set": 0x40086602, "getx": 0x801c581f, "setx": 0x401c5820}
def ioctl(name, request, argument=bytes(8)):
    fd = os.open(name, os.O_RDONLY)
    try: return fcntl.ioctl(fd, request, argument)
    finally: os.close(fd)
def flags(name): return hex(struct.unpack("<I", ioctl(name, FLAGS["get"])[:4])[0] & ~0x80000)
def set_flags(name, value): return attempt(lambda: ioctl(name, FLAGS["set"], struct.pack("<Q", int(flags(name), 16) & 0x80000 | value))) and None
def changes(call):
    before = os.stat("flagged").st_ctime_ns; time.sleep(0.02); call(); return os.stat("flagged").st_ctime_ns > before
def name_it(fd, name):
    done = libc.linkat(-100, b"/proc/self/fd/%d" % fd, -100, name.encode(), 0x400)
    return errno.errorcode[ctypes.get_errno()] if done < 0 else None
def acl(*entries):
    """system.posix_acl_*: version 2, then tag, permissions and id of each entry (linux/posix_acl_xattr.h)."""
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", tag, perm, who & 0xffffffff) for tag, perm, who in entries)
def shape(name):
    """user::rw-, user:${nobody}:perm, group::---, mask, other::---"""
    return acl((1, 6, -1), (2, name, ${nobody}), (4, 0, -1), (16, 7, -1), (32, 0, -1))
def as_nobody(call):
    pid = os.fork()
    if pid == 0:
        os.setgroups([]); os.setresgid(${nobody}, ${nobody}, ${nobody}); os.setresuid(${nobody}, ${nobody}, ${nobody})
        os._exit(0 if attempt(call) is None else 1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
def access(name, flags): return lambda: os.close(os.open(name, flags))
def mode(name): return oct(os.stat(name).st_mode)
def modes_under(mask):
    before = os.umask(mask)
    try:
        os.mkdir("acls/made"); put("acls/file", b""); os.mkfifo("acls/fifo")
        found = [mode("acls/made"), mode("acls/file"), mode("acls/fifo")]
        os.rmdir("acls/made"); os.unlink("acls/file"); os.unlink("acls/fifo")
        return found
    finally: os.umask(before)
`;

const attributes = [
  `put("x", b"content")`,
  `os.listxattr("x")`,
  `attempt(lambda: os.getxattr("x", "user.none"))`,
  `attempt(lambda: os.setxattr("x", "user.a", b"one", os.XATTR_CREATE))`,
  `attempt(lambda: os.setxattr("x", "user.a", b"two", os.XATTR_CREATE))`,
  `attempt(lambda: os.setxattr("x", "user.b", b"two", os.XATTR_REPLACE))`,
  `attempt(lambda: os.setxattr("x", "user.a", bytes(range(256)), os.XATTR_REPLACE))`,
  `os.getxattr("x", "user.a")`,
  `attempt(lambda: os.setxattr("x", "user.empty", b""))`,
  `os.getxattr("x", "user.empty")`,
  `sorted(os.listxattr("x"))`,
  `attempt(lambda: os.setxattr("x", "user.large", b"x" * 3000))`,
  `len(os.getxattr("x", "user.large"))`,
  `attempt(lambda: os.setxattr("x", "user.huge", b"x" * 70000))`,
  `attempt(lambda: os.setxattr("x", "nonsense.a", b""))`,
  `attempt(lambda: os.removexattr("x", "user.none"))`,
  `attempt(lambda: os.removexattr("x", "user.a"))`,
  `attempt(lambda: os.getxattr("x", "user.a"))`,
  `os.symlink("x", "link")`,
  `attempt(lambda: os.setxattr("link", "user.a", b"", follow_symlinks=False))`,
  `os.mkdir("dir"); os.setxattr("dir", "user.d", b"dir")`,
  `os.listxattr("dir")`,
];
const asRoot = [
  `attempt(lambda: os.setxattr("x", "trusted.t", b"hidden"))`,
  `os.getxattr("x", "trusted.t")`,
  `as_nobody(lambda: os.getxattr("x", "trusted.t"))`,
  `os.chmod("x", 0o666); as_nobody(lambda: os.setxattr("x", "trusted.t", b""))`,
  `as_nobody(lambda: os.setxattr("x", "security.mine", b""))`,
  `as_nobody(lambda: os.setxattr("x", "user.theirs", b"yes"))`,
  `os.getxattr("x", "user.theirs")`,
];
const acls = [
  `put("guarded", b"secret"); os.chmod("guarded", 0o600)`,
  `as_nobody(access("guarded", os.O_RDONLY))`,
  `os.setxattr("guarded", "system.posix_acl_access", shape(4))`,
  `as_nobody(access("guarded", os.O_RDONLY))`,
  `as_nobody(access("guarded", os.O_RDWR))`,
  `mode("guarded")`,
  `os.setxattr("guarded", "system.posix_acl_access", shape(6))`,
  `as_nobody(access("guarded", os.O_RDWR))`,
  `os.chmod("guarded", 0o604); mode("guarded")`,
  `as_nobody(access("guarded", os.O_RDONLY))`,
  `os.getxattr("guarded", "system.posix_acl_access")`,
  `attempt(lambda: os.setxattr("guarded", "system.posix_acl_access", b"nonsense"))`,
  `os.mkdir("acls"); modes_under(0o077)`,
  `os.setxattr("acls", "system.posix_acl_default", acl((1, 7, -1), (2, 7, ${nobody}), (4, 5, -1), (16, 7, -1), (32, 5, -1)))`,
  `modes_under(0o077)`,
  `os.mkdir("acls/sub"); os.getxattr("acls/sub", "system.posix_acl_default")`,
  `os.removexattr("acls", "system.posix_acl_default"); modes_under(0o027)`,
];
const inodeFlags = [
  `put("flagged", b"x")`,
  `flags("flagged")`,
  `changes(lambda: subprocess.run(["chattr", "+d", "flagged"]))`,
  `subprocess.run(["lsattr", "flagged"], capture_output=True, text=True).stdout`,
  `flags("flagged")`,
  `attempt(lambda: ioctl("flagged", 0x541b))`,
  `ioctl("flagged", FLAGS["getx"], bytes(28)).hex()`,
  `attempt(lambda: ioctl("flagged", FLAGS["setx"], struct.pack("<IIIII8x", 0x40, 0, 0, 0, 0))) and None`,
  `flags("flagged")`,
  `os.mkdir("flags"); subprocess.run(["chattr", "+i", "flagged", "flags"]).returncode`,
  `attempt(access("flagged", os.O_WRONLY))`,
  `attempt(access("flagged", os.O_RDONLY))`,
  `attempt(lambda: os.chmod("flagged", 0o600))`,
  `attempt(lambda: os.chown("flagged", 1, 1))`,
  `attempt(lambda: os.utime("flagged"))`,
  `attempt(lambda: os.truncate("flagged", 0))`,
  `attempt(lambda: os.unlink("flagged"))`,
  `attempt(lambda: os.rename("flagged", "elsewhere"))`,
  `attempt(lambda: os.link("flagged", "elsewhere"))`,
  `attempt(lambda: os.setxattr("flagged", "user.a", b""))`,
  `attempt(lambda: put("flags/new", b""))`,
  `attempt(lambda: os.rmdir("flags"))`,
  `subprocess.run(["chattr", "-i", "flagged", "flags"]).returncode`,
  `subprocess.run(["chattr", "+a", "flagged"]).returncode`,
  `attempt(access("flagged", os.O_WRONLY))`,
  `attempt(lambda: os.truncate("flagged", 0))`,
  `attempt(lambda: os.write(os.open("flagged", os.O_WRONLY | os.O_APPEND), b"more"))`,
  `open("flagged", "rb").read()`,
  `subprocess.run(["chattr", "-a", "flagged"]).returncode`,
  `as_nobody(lambda: fcntl.ioctl(os.open("flagged", os.O_RDONLY), FLAGS["set"], bytes(8)))`,
  `as_nobody(lambda: fcntl.ioctl(os.open("flagged", os.O_RDONLY), FLAGS["get"], bytes(8)))`,
  `held = os.open("flagged", os.O_RDWR); [os.pwrite(held, b"xx", at) for at in (0, 2, 4)]`,
  `[subprocess.run(["chattr", "+i", "flagged"]).returncode, attempt(lambda: os.pwrite(held, b"y", 0)), os.close(held)]`,
  `subprocess.run(["chattr", "-i", "flagged"]).returncode`,
  `open("flagged", "rb").read()`,
  `os.symlink("flagged", "no-flags"); os.mkfifo("fifo")`,
  `attempt(lambda: fcntl.ioctl(os.open("fifo", os.O_RDONLY | os.O_NONBLOCK), FLAGS["get"], bytes(8)))`,
];
const unnamed = [
  `os.mkdir("place"); fd = os.open("place", os.O_TMPFILE | os.O_RDWR, 0o640)`,
  `os.listdir("place")`,
  `[oct(os.fstat(fd).st_mode), os.fstat(fd).st_nlink, os.fstat(fd).st_size]`,
  `os.write(fd, b"unnamed")`,
  `os.pread(fd, 100, 0)`,
  `os.fstat(fd).st_size`,
  `name_it(fd, "place/named")`,
  `[os.listdir("place"), os.fstat(fd).st_nlink, os.stat("place/named").st_ino == os.fstat(fd).st_ino]`,
  `open("place/named", "rb").read()`,
  `name_it(fd, "place/named")`,
  `name_it(fd, "place/again")`,
  `os.unlink("place/named"); os.unlink("place/again"); os.fstat(fd).st_nlink`,
  `name_it(fd, "place/gone")`,
  `os.close(fd); fd = os.open("place", os.O_TMPFILE | os.O_WRONLY | os.O_EXCL, 0o600)`,
  `name_it(fd, "place/never")`,
  `os.close(fd)`,
  `attempt(lambda: os.open("place", os.O_TMPFILE | os.O_RDONLY))`,
  `attempt(lambda: os.open("missing", os.O_TMPFILE | os.O_RDWR))`,
  `put("file", b""); attempt(lambda: os.open("file", os.O_TMPFILE | os.O_RDWR))`,
  `as_nobody(lambda: os.close(os.open("place", os.O_TMPFILE | os.O_RDWR)))`,
  `os.chmod("place", 0o777); as_nobody(lambda: os.close(os.open("place", os.O_TMPFILE | os.O_RDWR)))`,
  `before = os.umask(0o077); fd = os.open("place", os.O_TMPFILE | os.O_RDWR, 0o666); os.umask(before); mode(fd)`,
  `os.setxattr(fd, "user.kept", b"yes"); os.fchmod(fd, 0o600); name_it(fd, "place/late")`,
  `[os.getxattr("place/late", "user.kept"), mode("place/late")]`,
];
const executing = [
  `subprocess.run(["cp", "/bin/true", "program"]).returncode`,
  ...[0o711, 0o710, 0o644, 0o755].flatMap((bits) => [
    `os.chmod("program", ${bits})`,
    `as_nobody(access("program", os.O_RDONLY))`,
    `as_nobody(lambda: subprocess.run(["./program"]).check_returncode())`,
  ]),
];
const ranges = [
  `put("holes", b"x" * 65536); os.truncate("holes", 1 << 30)`,
  `extents("holes")`,
  `[attempt(lambda: os.lseek(os.open("holes", os.O_RDONLY), -1, whence)) for whence in (os.SEEK_DATA, os.SEEK_HOLE)]`,
  `punch("holes", 8192, 16384)`,
  `extents("holes")`,
  `open("holes", "rb").read(65536) == b"x" * 8192 + bytes(16384) + b"x" * 40960`,
  `(lambda fd: [os.posix_fallocate(fd, 0, 1 << 20), os.fstat(fd).st_size, os.close(fd)])(os.open("room", os.O_RDWR | os.O_CREAT))`,
  `blocks("room") >= 2048`,
  `subprocess.run(["fallocate", "-n", "-l", "4194304", "room"]).returncode`,
  `os.stat("room").st_size`,
  `subprocess.run(["fallocate", "-z", "-o", "0", "-l", "4096", "holes"]).returncode`,
  `open("holes", "rb").read(8192) == bytes(4096) + b"x" * 4096`,
  `put("source", bytes(range(256)) * 4096)`,
  `(lambda a, b: [os.copy_file_range(a, b, 100000, 5, 10), os.copy_file_range(a, b, 10, 1 << 20, 0)])(os.open("source", os.O_RDONLY), os.open("target", os.O_RDWR | os.O_CREAT))`,
  `open("target", "rb").read() == bytes(10) + (bytes(range(256)) * 4096)[5:100005]`,
  `attempt(lambda: os.copy_file_range(*[os.open("source", os.O_RDWR)] * 2, 100, 0, 50))`,
  `subprocess.run(["cp", "--sparse=always", "holes", "copy"]).returncode`,
  `blocks("copy") < 1000`,
];

describe("the rarer calls answer on a mount as in a plain directory", {
  skip: lacksMounts() || lacksPrograms("python3", "fallocate"),
}, () => {
  let site: Site;
  let mnt: string;
  const programs: Python[] = [];
  const begin = async (folder: string): Promise<Python> => {
    const program = new Python();
    programs.push(program);
    await program.run(vocabulary);
    await program.run(`os.chdir("${folder}")`);
    return program;
  };

  before(async () => {
    site = await Site.create();
    const server = await site.serve();
    mnt = await site.mount(server, { name: "one" });
    await shell("chmod 755 . && mkdir mounted plain", site.data);
    await site.mount(server, { name: "other" });
  });
  after(async () => {
    for (const program of programs) await program[Symbol.asyncDispose]();
    await site?.[Symbol.asyncDispose]();
  });

  for (const [what, expressions, skip] of [
    ["extended attributes", attributes, false],
    ["extended attributes of root and of others", asRoot, takesRoot],
    ["ACLs", acls, takesRoot],
    ["programs that others may execute and not read", executing, takesRoot],
    ["ranges of files", ranges, false],
    ["flags of files", inodeFlags, takesRoot],
    ["files without a name", unnamed, takesRoot],
  ] as const) {
    test(what, { timeout, skip }, async () => {
      const [mounted, plain] = [await begin(`${mnt}/mounted`), await begin(`${site.data}/plain`)];
      for (const expression of expressions) {
        const [found, expected] = [await mounted.run(expression), await plain.run(expression)];
        assert.deepEqual(found, expected, expression);
      }
    });
  }

  test("copying moves the source's access time as the storage host has it", { timeout }, async () => {
    const program = await begin(mnt);
    await program.run(`put("from", b"x" * 10); put("to", b""); os.utime("from", (1, 2))`);
    const atime = `os.stat("from").st_atime_ns`;
    assert.equal(await program.run(atime), 1_000_000_000);
    await program.run(`os.copy_file_range(os.open("from", os.O_RDONLY), os.open("to", os.O_WRONLY), 10, 0, 0)`);
    const told = await program.run(atime);
    assert.equal(told, await (await begin(site.data)).run(atime));
  });

  test("a birth time is told, and stays", { timeout }, async () => {
    const born = async (): Promise<string> => (await shell("stat -c %W born", mnt)).trim();
    await shell("touch born", mnt);
    const first = await born();
    assert.ok(Number(first) > 0);
    await shell("touch -d 2001-01-01 born; echo more >> born", mnt);
    assert.equal(await born(), first);
    assert.equal((await shell("stat -c %W born", site.data)).trim(), first);
  });

  test("another client sees attributes and ACLs change at once", { timeout }, async () => {
    const [one, other] = [await begin(mnt), await begin(mnt.replace(/one$/, "other"))];
    await one.run(`put("shared", b"")`);
    assert.deepEqual(await other.run(`os.listxattr("shared")`), []);
    for (let round = 0; round < 10; round++) {
      await one.run(`os.setxattr("shared", "user.round", b"${round}")`);
      assert.equal(await other.run(`os.getxattr("shared", "user.round")`), String(round));
      await other.run(`os.removexattr("shared", "user.round")`);
      assert.deepEqual(await one.run(`os.listxattr("shared")`), []);
    }
  });
});
