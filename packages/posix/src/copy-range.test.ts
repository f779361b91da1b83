import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { O_APPEND, O_PATH, O_RDONLY, O_RDWR, O_WRONLY } from "@kedgefs/core";
import { ftruncate } from "./attributes.ts";
import { copyFileRange } from "./copy-range.ts";
import { pipe } from "./descriptor.ts";
import { lseek, SEEK_CUR } from "./directory.ts";
import { pread, pwrite } from "./io.ts";
import { close, openat } from "./open.ts";
import { asAnybody, temporaryFolder } from "./testing/temporary-folder.ts";

const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);

function newFile(name: string, content: string | Buffer): number {
  writeFileSync(at(name), content);
  return openat(folder.fd, name, O_RDWR);
}

test("a range is copied to its place, and the positions stay", asAnybody, async () => {
  const [from, to] = [newFile("from", "0123456789"), newFile("to", "----------")];
  assert.equal(await copyFileRange(from, 2n, to, 5n, 4n), 4);
  assert.equal(readFileSync(at("to"), "latin1"), "-----2345-");
  assert.equal(lseek(from, 0n, SEEK_CUR), 0n);
  assert.equal(lseek(to, 0n, SEEK_CUR), 0n);
  close(from);
  close(to);
});

test("the end of the file makes the count shorter, and 0 past it", asAnybody, async () => {
  const [from, to] = [newFile("from-short", "0123456789"), newFile("to-short", "")];
  assert.equal(await copyFileRange(from, 6n, to, 0n, 2n ** 40n), 4);
  assert.equal(readFileSync(at("to-short"), "latin1"), "6789");
  assert.equal(await copyFileRange(from, 10n, to, 0n, 1n), 0);
  for (const far of [2n ** 40n, 2n ** 63n - 1n]) assert.equal(await copyFileRange(from, far, to, 0n, 4n), 0);
  assert.equal(await copyFileRange(from, 0n, to, 0n, 0n), 0);
  close(from);
  close(to);
});

test("offsets past 2^32 are exact, on both sides", asAnybody, async () => {
  const [from, to] = [newFile("from-far", ""), newFile("to-far", "")];
  await pwrite(from, Buffer.from("far away"), 2n ** 33n + 1n);
  assert.equal(await copyFileRange(from, 2n ** 33n + 1n, to, 2n ** 34n + 3n, 100n), 8);
  const back = Buffer.alloc(10);
  assert.equal(await pread(to, back, 2n ** 34n + 2n), 9);
  assert.equal(back.toString("latin1", 0, 9), "\0far away");
  ftruncate(from, 0n);
  ftruncate(to, 0n);
  close(from);
  close(to);
});

test("many copies at once, more than koffi runs, keep their offsets apart", asAnybody, async () => {
  const content = Buffer.from(Array.from({ length: 400 }, (_, index) => index % 251));
  const [from, to] = [newFile("from-many", content), newFile("to-many", Buffer.alloc(400, 0xff))];
  const counts = await Promise.all(
    Array.from({ length: 400 }, (_, index) => copyFileRange(from, BigInt(index), to, BigInt(399 - index), 1n)),
  );
  assert.ok(counts.every((count) => count === 1));
  assert.deepEqual(readFileSync(at("to-many")), Buffer.from(content).reverse());
  close(from);
  close(to);
});

test("within one file, where the ranges don't overlap", asAnybody, async () => {
  const fd = newFile("one", "0123456789");
  assert.equal(await copyFileRange(fd, 0n, fd, 5n, 5n), 5);
  assert.equal(readFileSync(at("one"), "latin1"), "0123401234");
  await assert.rejects(copyFileRange(fd, 0n, fd, 4n, 5n), { code: "EINVAL" });
  close(fd);
});

test("copy_file_range tells its errors by their errno names", asAnybody, async () => {
  const [from, to] = [newFile("from-errors", "data"), newFile("to-errors", "")];
  const reading = openat(folder.fd, "to-errors", O_RDONLY);
  const writing = openat(folder.fd, "from-errors", O_WRONLY);
  const appending = openat(folder.fd, "to-errors", O_WRONLY | O_APPEND);
  const path = openat(folder.fd, "from-errors", O_PATH);
  const { readFd, writeFd } = pipe();
  const copy = (fdIn: number, fdOut: number): Promise<number> => copyFileRange(fdIn, 0n, fdOut, 0n, 4n);
  await assert.rejects(copy(from, reading), { name: "FsError", code: "EBADF", message: "copy_file_range: EBADF" });
  for (const bad of [writing, path, -1]) await assert.rejects(copy(bad, to), { code: "EBADF" });
  await assert.rejects(copy(from, appending), { code: "EBADF" });
  await assert.rejects(copy(folder.fd, to), { code: "EISDIR" });
  await assert.rejects(copy(readFd, to), (error: { code?: string }) => /^(EINVAL|ESPIPE)$/.test(error.code ?? ""));
  await assert.rejects(copyFileRange(from, 0n, to, 0n, 4n, 1), { code: "EINVAL" });
  await assert.rejects(copyFileRange(from, -1n, to, 0n, 4n), { code: "EINVAL" });
  await assert.rejects(copyFileRange(from, 0n, to, 2n ** 64n, 4n), { code: "EINVAL" });
  await assert.rejects(copyFileRange(from, 0n, to, 0n, -1n), { code: "EINVAL" });
  await assert.rejects(copyFileRange(from, 0n, to, 2n ** 63n - 1n, 4n), { code: "EFBIG" });
  for (const fd of [from, to, reading, writing, appending, path, readFd, writeFd]) close(fd);
});
