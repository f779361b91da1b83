import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { BothPlaces } from "../support/both-places.ts";
import { lacksMounts, lacksPrograms } from "../support/prerequisites.ts";
import { run } from "../support/run.ts";

const timeout = 120_000;
const tebibyte = 1_099_511_627_776;

describe("sparse and huge files in a mount are as in a plain folder", {
  skip: lacksMounts() || lacksPrograms("python3"),
}, () => {
  let places: BothPlaces;
  let largest: number;
  before(async () => {
    places = await BothPlaces.create();
    const { code } = await run("truncate", ["-s", `${tebibyte * 2}`, join(places.plain, "probe")]);
    largest = code === 0 ? tebibyte : 0;
  });
  after(() => places?.[Symbol.asyncDispose]());

  test("a file of 1 TiB takes the blocks of its data alone, and its data and holes are found", {
    timeout,
  }, async (t) => {
    if (largest === 0) return t.skip("takes a file system that has files of 2 TiB");
    const output = await places.compare(
      "sparse",
      `
      truncate -s ${tebibyte} sparse
      for at in 0 5000000000 549755813888 ${tebibyte - 4}; do printf data | dd of=sparse bs=1 seek=$at oflag=seek_bytes conv=notrunc status=none; done
      stat -c '%s %b %B' sparse; du -k sparse; du -b sparse
      python3 - <<'END'
import os
fd, at, size = os.open("sparse", os.O_RDONLY), 0, ${tebibyte}
while at < size:
    try: data = os.lseek(fd, at, os.SEEK_DATA)
    except OSError: break
    at = os.lseek(fd, data, os.SEEK_HOLE)
    print(data, at, os.pread(fd, at - data, data).strip(b"\\0"))
print(os.pread(fd, 100, size - 4), os.pread(fd, 100, size), os.pread(fd, 8, 3 * 2**38))
END
      cp --sparse=always sparse copy; stat -c '%s %b' copy; tar -Scf - sparse | sha256sum | wc -l
      head -c 8M /dev/zero > zeros; printf x >> zeros; cp --sparse=always zeros holes; cp --sparse=never holes full
      cmp zeros holes; cmp zeros full; stat -c '%n %s %b' zeros holes full; du -sk .
      fallocate -l 3M allocated; fallocate -p -o 1M -l 1M allocated; stat -c '%s %b' allocated; fallocate -d zeros; stat -c '%s %b' zeros
      fallocate -n -o 10M -l 1M holes; stat -c '%s %b' holes
      # diff would read all of what is not there.
      rm sparse copy`,
      { timeoutMs: timeout },
    );
    assert.match(output, new RegExp(`^${tebibyte} \\d{1,3} 512\n`), "the plain folder's file is sparse");
  });

  test("what is beyond the largest file of the backing file system is refused with its errno", {
    timeout,
  }, async () => {
    // lseek(2) with SEEK_SET and SEEK_CUR is not here: the kernel answers it by what FUSE could take.
    await places.compare(
      "largest",
      `
      echo content > source
      python3 - <<'END'
import errno, os
fd, source = os.open("file", os.O_RDWR | os.O_CREAT), os.open("source", os.O_RDONLY)
def tell(name, call, *args):
    try: found = call(*args)
    except OSError as error: found = errno.errorcode[error.errno]
    print(name, *(each for each in args if isinstance(each, int)), found, os.fstat(fd).st_size)
    os.ftruncate(fd, 0)
low, high = 0, 2**63 - 1
while low < high:
    middle = (low + high + 1) // 2
    try: os.ftruncate(fd, middle); low = middle
    except OSError: high = middle - 1
print("largest", low)
os.ftruncate(fd, 0)
for size in sorted({2**40, 2**44, 2**53 - 1, 2**53, 2**53 + 1, 2**62, 2**63 - 1, *range(low - 1, min(low + 2, 2**63 - 1))}):
    tell("ftruncate", os.ftruncate, fd, size)
    tell("truncate", os.truncate, "file", size)
    tell("pwrite", os.pwrite, fd, b"x", size)
    tell("pwrite across", os.pwrite, fd, b"x" * 8192, size - 4096)
    tell("pread", os.pread, fd, 5, size)
    tell("fallocate", os.posix_fallocate, fd, size, 1)
    tell("copy_file_range", os.copy_file_range, source, fd, 5, 0, size)
    tell("SEEK_DATA", os.lseek, fd, size, os.SEEK_DATA)
    tell("SEEK_HOLE", os.lseek, fd, size, os.SEEK_HOLE)
END
      (ulimit -f 100; trap '' XFSZ; head -c 200K /dev/zero > limited || true) 2>&1; stat -c '%s' limited
      rm file`,
      { timeoutMs: timeout },
    );
  });
});
