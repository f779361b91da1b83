import assert from "node:assert/strict";
import type { ConformanceCase } from "../case.ts";

/** opendir(3) and its like of the C library; struct dirent as glibc has it on 64-bit machines. */
const library = `
        class Dirent(ctypes.Structure):
            _fields_ = [("ino", ctypes.c_uint64), ("off", ctypes.c_int64), ("reclen", ctypes.c_uint16),
                        ("type", ctypes.c_uint8), ("name", ctypes.c_char * 256)]
        libc.opendir.restype = ctypes.c_void_p
        libc.readdir.restype = ctypes.POINTER(Dirent)
        libc.telldir.restype = ctypes.c_long
        libc.readdir.argtypes = libc.telldir.argtypes = libc.rewinddir.argtypes = [ctypes.c_void_p]
        libc.seekdir.argtypes = [ctypes.c_void_p, ctypes.c_long]
        def entry(directory):
            found = libc.readdir(directory)
            return found.contents if found else None
`;

export const listingsCases: readonly ConformanceCase[] = [
  {
    name: "readdir: d_ino and d_type are those that stat tells, of each kind and of each name of one file",
    needs: ["programs", "hardlinks", "mknod"],
    async run({ python }) {
      const answer = await python(`
        ${library.trim()}
        os.mkdir("d")
        os.mkdir("d/directory")
        put("d/file")
        os.link("d/file", "d/second")
        os.symlink("file", "d/link")
        os.mkfifo("d/fifo")
        directory, found = libc.opendir(b"d"), []
        while (each := entry(directory)) is not None:
            name, ino, kind = each.name.decode(), each.ino, each.type
            if name not in [".", ".."]:
                there = os.lstat("d/" + name)
                found.append([name, ino == there.st_ino, kind == stat.S_IFMT(there.st_mode) >> 12])
        answer = sorted(found)
      `);
      const names = ["directory", "fifo", "file", "link", "second"];
      assert.deepEqual(
        answer,
        names.map((name) => [name, true, true]),
      );
    },
  },
  {
    name: "readdir: where telldir was, seekdir leads back to, while entries come and go",
    needs: ["programs"],
    async run({ python }) {
      const answer = await python(`
        ${library.trim()}
        os.mkdir("d")
        for number in range(400): put(f"d/old-{number:03}")
        directory, places = libc.opendir(b"d"), []
        while True:
            place = libc.telldir(directory)
            each = entry(directory)
            if each is None: break
            places.append((place, each.name.decode()))
        for number in range(0, 400, 3): os.unlink(f"d/old-{number:03}")
        for number in range(100): put(f"d/new-{number:03}")
        there = set(os.listdir("d"))
        kept = [(place, name) for place, name in places if name in there]
        wrong = []
        for place, name in kept[::7] + kept[-1:] + kept[:1]:
            libc.seekdir(directory, place)
            # Whether names that came or went since are told is up to the file system.
            while (each := entry(directory)) is not None:
                if each.name.decode() in there and not each.name.startswith(b"new-"): break
            if each is None or each.name.decode() != name: wrong.append(name)
        libc.rewinddir(directory)
        listed = []
        while (each := entry(directory)) is not None: listed.append(each.name.decode())
        answer = [len(kept) > 250, wrong, sorted(listed) == sorted(there | {".", ".."})]
      `);
      assert.deepEqual(answer, [true, [], true]);
    },
  },
];
