import assert from "node:assert/strict";
import type { ConformanceCase } from "../case.ts";

/** What programs do with open files and the kernel's help, and no API of files alone has. */
export const programsCases: readonly ConformanceCase[] = [
  {
    name: "programs: what four processes append at once is all there, each piece whole",
    needs: ["programs"],
    async run({ python }) {
      const answer = await python(`
        put("log")
        def append(letter):
            fd = os.open("log", os.O_WRONLY | os.O_APPEND)
            for _ in range(50): os.write(fd, letter * 99 + b"\\n")
            os._exit(0)
        children = []
        for letter in [b"a", b"b", b"c", b"d"]:
            pid = os.fork()
            if pid == 0: append(letter)
            children.append(pid)
        for pid in children: os.waitpid(pid, 0)
        lines = get("log").split("\\n")
        answer = [len(lines) - 1, sorted(set(line for line in lines if line))]
      `);
      assert.deepEqual(answer, [200, ["a", "b", "c", "d"].map((letter) => letter.repeat(99))]);
    },
  },
  {
    name: "programs: duplicates of a descriptor and children share its position and its O_APPEND",
    needs: ["programs"],
    async run({ python }) {
      const answer = await python(`
        put("file", b"0123456789")
        fd = os.open("file", os.O_RDWR)
        second = os.dup(fd)
        answer = [os.read(fd, 2).decode(), os.read(second, 2).decode()]
        answer.append(child(lambda: os.read(fd, 3) != b"456"))
        answer.append(os.read(fd, 1).decode())
        os.lseek(second, 0, os.SEEK_SET)
        answer.append(os.read(fd, 1).decode())
        fcntl.fcntl(second, fcntl.F_SETFL, os.O_APPEND)
        answer.append(bool(fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_APPEND))
      `);
      assert.deepEqual(answer, ["01", "23", 0, "7", "0", true]);
    },
  },
  {
    name: "programs: what is stored in a shared map is in the file and in other maps, and msync puts it there",
    needs: ["programs", "shared-maps"],
    async run({ python }) {
      const answer = await python(`
        put("file", bytes(8192))
        first, second = [os.open("file", os.O_RDWR) for _ in range(2)]
        map, other = mmap.mmap(first, 8192), mmap.mmap(second, 8192)
        map[4000:4004] = b"page"
        answer = [other[4000:4004].decode()]
        map.flush()
        answer.append(get("file")[4000:4004])
        os.pwrite(second, b"call", 100)
        answer.append(map[100:104].decode())
        answer.append(child(lambda: mmap.mmap(first, 8192)[4000:4004] != b"page"))
        map.close()
        other.close()
        os.close(first)
        answer.append(get("file")[4000:4004])
      `);
      assert.deepEqual(answer, ["page", "page", "call", 0, "page"]);
    },
  },
  {
    name: "programs: what is stored in a private map stays in it",
    needs: ["programs"],
    async run({ python }) {
      const answer = await python(`
        put("file", b"original")
        fd = os.open("file", os.O_RDONLY)
        map = mmap.mmap(fd, 8, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_WRITE)
        answer = [map[:].decode()]
        map[0:8] = b"modified"
        answer += [map[:].decode(), get("file")]
      `);
      assert.deepEqual(answer, ["original", "modified", "original"]);
    },
  },
  {
    name: "programs: one that is copied here runs, as does a script, if the mode and the mount let it",
    needs: ["programs"],
    async run({ python }) {
      const answer = (await python(`
        put("program", open("/bin/echo", "rb").read())
        put("script", b"#!/bin/sh\\necho $0\\n")
        def run(*command):
            return attempt(lambda: subprocess.run(command, capture_output=True, text=True).stdout.strip())
        answer = [os.statvfs(".").f_flag & os.ST_NOEXEC != 0, run("./program", "hello")]
        for name in ["program", "script"]: os.chmod(name, 0o755)
        answer += [run("./program", "hello"), run("./script")]
      `)) as readonly unknown[];
      const noexec = answer[0] === true;
      assert.deepEqual(answer.slice(1), ["EACCES", ...(noexec ? ["EACCES", "EACCES"] : ["hello", "./script"])]);
    },
  },
  {
    name: "programs: one that runs can't be written, and what is open for writing can't be run (ETXTBSY)",
    needs: ["programs"],
    async run({ python }) {
      const answer = (await python(`
        put("program", open("/bin/sleep", "rb").read())
        os.chmod("program", 0o755)
        answer = [os.statvfs(".").f_flag & os.ST_NOEXEC != 0]
        if not answer[0]:
            running = subprocess.Popen(["./program", "60"])
            answer.append(attempt(lambda: os.open("program", os.O_WRONLY)))
            answer.append(attempt(lambda: os.truncate("program", 0)))
            running.kill()
            running.wait()
            fd = os.open("program", os.O_WRONLY)
            answer.append(attempt(lambda: subprocess.run(["./program", "0"]).returncode))
            os.close(fd)
            answer.append(subprocess.run(["./program", "0"]).returncode)
      `)) as readonly unknown[];
      assert.deepEqual(answer.slice(1), answer[0] === true ? [] : ["ETXTBSY", "ETXTBSY", "ETXTBSY", 0]);
    },
  },
  {
    name: "programs: a file is always ready for select and poll",
    needs: ["programs"],
    async run({ python }) {
      const answer = await python(`
        fd = os.open("file", os.O_RDWR | os.O_CREAT)
        readable, writable, _ = select.select([fd], [fd], [], 0)
        poll = select.poll()
        poll.register(fd, select.POLLIN | select.POLLOUT)
        [(_, events)] = poll.poll(0)
        answer = [readable == [fd], writable == [fd], events == select.POLLIN | select.POLLOUT]
      `);
      assert.deepEqual(answer, [true, true, true]);
    },
  },
  {
    name: "programs: posix_fadvise and readahead take every advice, and change nothing",
    needs: ["programs"],
    async run({ python }) {
      const answer = await python(`
        put("file", b"x" * 100000)
        fd = os.open("file", os.O_RDONLY)
        for advice in range(6): os.posix_fadvise(fd, 0, 0, advice)
        answer = [libc.readahead(fd, ctypes.c_long(0), ctypes.c_size_t(100000)), get("file") == "x" * 100000]
      `);
      assert.deepEqual(answer, [0, true]);
    },
  },
  {
    name: "programs: syncfs succeeds",
    needs: ["programs"],
    async run({ python }) {
      const answer = await python(`
        fd = os.open("file", os.O_WRONLY | os.O_CREAT)
        os.write(fd, b"data")
        answer = [libc.syncfs(fd), get("file")]
      `);
      assert.deepEqual(answer, [0, "data"]);
    },
  },
  {
    name: "programs: O_PATH leads to a file without opening it, and to a symbolic link itself",
    needs: ["programs"],
    async run({ python }) {
      const answer = await python(`
        put("file", b"content")
        os.chmod("file", 0)
        os.symlink("file", "link")
        os.mkdir("directory")
        fd = os.open("file", os.O_PATH)
        answer = [os.fstat(fd).st_size, attempt(lambda: os.read(fd, 1)), attempt(lambda: os.fchmod(fd, 0o600))]
        os.chmod("file", 0o600)
        answer.append(os.read(os.open(f"/proc/self/fd/{fd}", os.O_RDONLY), 10).decode())
        link = os.open("link", os.O_PATH | os.O_NOFOLLOW)
        answer += [stat.S_ISLNK(os.fstat(link).st_mode), os.readlink("", dir_fd=link)]
        directory = os.open("directory", os.O_PATH | os.O_DIRECTORY)
        os.close(os.open("made", os.O_WRONLY | os.O_CREAT, dir_fd=directory))
        os.fchdir(directory)
        answer.append(os.listdir("."))
      `);
      assert.deepEqual(answer, [7, "EBADF", "EBADF", "content", true, "file", ["made"]]);
    },
  },
  {
    name: "programs: O_DIRECT reads and writes whole pages",
    needs: ["programs"],
    async run({ python }) {
      const answer = await python(`
        page = mmap.mmap(-1, 4096)
        page[:] = b"d" * 4096
        fd = os.open("file", os.O_RDWR | os.O_CREAT | os.O_DIRECT)
        answer = [os.pwrite(fd, page, 0), os.pwrite(fd, page, 8192), os.fstat(fd).st_size]
        page[:] = bytes(4096)
        answer += [os.preadv(fd, [page], 8192), page[:] == b"d" * 4096]
        answer.append(get("file") == "d" * 4096 + "\\0" * 4096 + "d" * 4096)
      `);
      assert.deepEqual(answer, [4096, 4096, 12_288, 4096, true, true]);
    },
  },
  {
    name: "programs: past RLIMIT_FSIZE a write is cut off, and the next is EFBIG, as is a larger size",
    needs: ["programs"],
    async run({ python }) {
      const answer = await python(`
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))
        fd = os.open("file", os.O_WRONLY | os.O_CREAT)
        answer = [os.write(fd, b"x" * 8000), os.write(fd, b"x" * 8000), attempt(lambda: os.write(fd, b"x"))]
        answer += [attempt(lambda: os.ftruncate(fd, 8193)), os.fstat(fd).st_size]
        os.ftruncate(fd, 100)
        answer.append(os.fstat(fd).st_size)
      `);
      assert.deepEqual(answer, [8000, 192, "EFBIG", "EFBIG", 8192, 100]);
    },
  },
  {
    name: "programs: offsets before the start, or that overflow, are EINVAL",
    needs: ["programs"],
    async run({ python }) {
      const answer = await python(`
        fd = os.open("file", os.O_RDWR | os.O_CREAT)
        last = (1 << 63) - 1
        answer = [attempt(lambda: os.lseek(fd, -1, os.SEEK_SET)), attempt(lambda: os.ftruncate(fd, -1))]
        answer += [attempt(lambda: os.pread(fd, 1, -1)), attempt(lambda: os.pwrite(fd, b"x", -1))]
        answer += [attempt(lambda: os.pwrite(fd, b"xx", last)), os.fstat(fd).st_size]
      `);
      assert.deepEqual(answer, ["EINVAL", "EINVAL", "EINVAL", "EINVAL", "EINVAL", 0]);
    },
  },
  {
    name: "programs: a file that can't be as large is EFBIG for its size and for a write alike",
    needs: ["programs"],
    async run({ python }) {
      const answer = (await python(`
        fd = os.open("file", os.O_RDWR | os.O_CREAT)
        sized = attempt(lambda: os.ftruncate(fd, (1 << 62) + 1))
        os.ftruncate(fd, 0)
        written = attempt(lambda: os.pwrite(fd, b"x", 1 << 62) and None)
        answer = [sized, written, os.fstat(fd).st_size]
      `)) as readonly unknown[];
      const [sized] = answer;
      const fits = sized === null;
      assert.deepEqual(answer, fits ? [null, null, 2 ** 62 + 1] : ["EFBIG", "EFBIG", 0]);
    },
  },
];
