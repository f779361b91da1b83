import assert from "node:assert/strict";
import { readFileSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { O_APPEND, O_RDONLY, O_RDWR, O_WRONLY } from "@kedgefs/core";
import { AT_FDCWD } from "./at-flags.ts";
import { ftruncate } from "./attributes.ts";
import { pipe } from "./descriptor.ts";
import { fsync, pread, pwrite } from "./io.ts";
import { close, openat } from "./open.ts";
import { preadNowait } from "./pread-nowait.ts";
import { fstatx } from "./stat.ts";
import { asAnybody, temporaryFolder } from "./testing/temporary-folder.ts";
import { warm, warmCallsMax } from "./warm.ts";

const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);
writeFileSync(at("file"), "0123456789");

test("pread fills the buffer, and less of it at the end alone", asAnybody, async () => {
  const fd = openat(folder.fd, "file", O_RDONLY);
  const buffer = Buffer.alloc(8, "-");
  assert.equal(await pread(fd, buffer, 1n), 8);
  assert.equal(buffer.toString(), "12345678");
  assert.equal(await pread(fd, buffer, 8n), 2);
  assert.equal(buffer.toString(), "89345678");
  assert.equal(await pread(fd, buffer, 10n), 0);
  assert.equal(await pread(fd, Buffer.alloc(0), 0n), 0);
  const part = Buffer.alloc(10, "-");
  assert.equal(await pread(fd, part.subarray(2, 5), 3n), 3);
  assert.equal(part.toString(), "--345-----");
  close(fd);
});

test("pwrite writes all of a large buffer at its offset", asAnybody, async () => {
  writeFileSync(at("large"), "");
  const fd = openat(folder.fd, "large", O_RDWR);
  const data = Buffer.alloc(3 << 20, "abcdefg");
  assert.equal(await pwrite(fd, data, 5n), data.length);
  assert.equal(await pwrite(fd, Buffer.alloc(0), 0n), 0);
  const back = Buffer.alloc(data.length);
  assert.equal(await pread(fd, back, 5n), data.length);
  assert.deepEqual(back, data);
  await fsync(fd, false);
  await fsync(fd, true);
  close(fd);
});

test(
  "pwrite across the end of the largest file writes the part that fits, and the rest is EFBIG",
  asAnybody,
  async (t) => {
    writeFileSync(at("largest"), "");
    const fd = openat(folder.fd, "largest", O_RDWR);
    const fits = (size: bigint): boolean => {
      try {
        ftruncate(fd, size);
        return true;
      } catch {
        return false;
      }
    };
    let [largest, tooLarge] = [0n, 2n ** 63n - 1n];
    if (fits(tooLarge)) return t.skip("takes a file system whose largest file is smaller than the kernel's");
    while (tooLarge - largest > 1n) {
      const middle = (largest + tooLarge) / 2n;
      if (fits(middle)) largest = middle;
      else tooLarge = middle;
    }
    ftruncate(fd, 0n);
    assert.equal(await pwrite(fd, Buffer.from("0123456789"), largest - 4n), 4);
    assert.equal(fstatx(fd).attr.size, largest);
    await assert.rejects(pwrite(fd, Buffer.from("456789"), largest), { code: "EFBIG" });
    close(fd);
  },
);

test("with O_APPEND pwrite appends whatever the offset", asAnybody, async () => {
  writeFileSync(at("log"), "one");
  const fd = openat(folder.fd, "log", O_WRONLY | O_APPEND);
  await pwrite(fd, Buffer.from("two"), 0n);
  close(fd);
  assert.equal(readFileSync(at("log"), "latin1"), "onetwo");
});

test("an offset past 2^53 reaches the kernel exactly, never the current position", asAnybody, async () => {
  writeFileSync(at("far"), "data");
  const fd = openat(folder.fd, "far", O_RDWR);
  const back = Buffer.alloc(4);
  for (const offset of [2n ** 53n + 1n, 2n ** 60n + 1n]) {
    assert.equal(await pread(fd, back, offset), 0);
    try {
      await pwrite(fd, Buffer.from("zzzz"), offset);
      assert.equal(fstatx(fd).attr.size, offset + 4n);
      assert.equal(await pread(fd, back, offset), 4);
      assert.equal(back.toString(), "zzzz");
    } catch (error) {
      // ext4 has no such large files; xfs and tmpfs have.
      assert.equal((error as { code?: string }).code, "EFBIG");
    }
  }
  assert.equal(await pread(fd, back, 0n), 4);
  assert.equal(back.toString(), "data");
  close(fd);
});

test("offsets between 2^32 and 2^53 are exact", asAnybody, async () => {
  writeFileSync(at("sparse"), "");
  const fd = openat(folder.fd, "sparse", O_RDWR);
  const offset = 2n ** 40n + 3n;
  await pwrite(fd, Buffer.from("xyz"), offset);
  const back = Buffer.alloc(5);
  assert.equal(await pread(fd, back, offset - 1n), 4);
  assert.equal(back.toString("latin1"), "\0xyz\0");
  ftruncate(fd, 0n);
  close(fd);
});

test("errors arrive as FsError with their errno name", asAnybody, async () => {
  const fd = openat(folder.fd, "file", O_RDONLY);
  const buffer = Buffer.alloc(1);
  await assert.rejects(pwrite(fd, buffer, 0n), { name: "FsError", code: "EBADF", message: "pwrite: EBADF" });
  await assert.rejects(pread(folder.fd, buffer, 0n), { name: "FsError", code: "EISDIR" });
  await assert.rejects(pread(-1, buffer, 0n), { code: "EBADF" });
  await assert.rejects(pread(fd, buffer, -1n), { code: "EINVAL" });
  await assert.rejects(pread(fd, buffer, 2n ** 63n - 1n), { code: "EINVAL" });
  await assert.rejects(pwrite(fd, buffer, 2n ** 64n), { code: "EINVAL" });
  await assert.rejects(fsync(-1, true), { code: "EBADF" });
  close(fd);
  await assert.rejects(fsync(fd, false), { name: "FsError", code: "EBADF", message: "fsync: EBADF" });
  const { readFd, writeFd } = pipe();
  await assert.rejects(pread(readFd, buffer, 0n), { code: "ESPIPE" });
  close(readFd);
  close(writeFd);
});

/** f_type of ext4, btrfs and xfs, which can read without waiting. Source: statfs(2). */
const canReadNowait = [0xef53, 0x9123683e, 0x58465342].includes(statfsSync(folder.path).type);
const withNowait = { ...asAnybody, skip: !canReadNowait && `needs ext4, btrfs or xfs at ${folder.path}` };

test("preadNowait reads what was just written, and 0 at the end", withNowait, () => {
  const fd = openat(folder.fd, "file", O_RDONLY);
  const buffer = Buffer.alloc(4);
  assert.equal(preadNowait(fd, buffer, 2n), 4);
  assert.equal(buffer.toString(), "2345");
  assert.equal(preadNowait(fd, buffer, 10n), 0);
  assert.equal(preadNowait(fd, buffer, 2n ** 60n), 0);
  close(fd);
});

test("preadNowait is undefined where it cannot tell, and throws what is an error", asAnybody, () => {
  const fd = openat(folder.fd, "file", O_RDONLY);
  const buffer = Buffer.alloc(4);
  assert.equal(preadNowait(fd, Buffer.alloc(0), 0n), undefined);
  assert.throws(() => preadNowait(fd, buffer, -1n), { code: "EINVAL" });
  assert.equal(preadNowait(folder.fd, buffer, 0n), undefined);
  close(fd);
  assert.throws(() => preadNowait(fd, buffer, 0n), { code: "EBADF" });
  const proc = openat(AT_FDCWD, "/proc/self/status", O_RDONLY);
  assert.equal(preadNowait(proc, buffer, 0n), undefined);
  close(proc);
});

test("warm resolves for any name, also for more calls than it makes at once", asAnybody, async () => {
  await warm(folder.fd, "file");
  await warm(folder.fd, "missing");
  await warm(-1, Buffer.from([0xff]));
  await warm(folder.fd, "a\0b");
  await Promise.all(Array.from({ length: warmCallsMax * 4 }, () => warm(folder.fd, "file")));
});
