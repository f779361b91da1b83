import assert from "node:assert/strict";
import { mkdirSync, readdirSync, rmdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { O_RDONLY, O_RDWR } from "@kedgefs/core";
import { ftruncate } from "./attributes.ts";
import { type Dent, getdents64, lseek, parseDents, SEEK_CUR, SEEK_DATA, SEEK_END, SEEK_SET } from "./directory.ts";
import { close, O_DIRECTORY, openat } from "./open.ts";
import { asAnybody, temporaryFolder } from "./testing/temporary-folder.ts";

const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);

function readAll(fd: number, buffer: Buffer): Dent[] {
  const dents: Dent[] = [];
  for (let length = getdents64(fd, buffer); length > 0; length = getdents64(fd, buffer)) {
    dents.push(...parseDents(buffer, length));
    // What is copied out must not change with the buffer.
    buffer.fill(0xaa);
  }
  return dents;
}

test("a listing has every entry once, with its inode, type and name of any length", asAnybody, () => {
  mkdirSync(at("types/dir"), { recursive: true });
  symlinkSync("x", at("types/link"));
  // Every length, so that a NUL falls on each place within the last eight bytes of a record.
  for (let length = 1; length <= 255; length++) writeFileSync(at(`types/${"n".repeat(length)}`), "");
  const raw = Buffer.from([0xff, 0xfe]);
  writeFileSync(Buffer.concat([Buffer.from(`${at("types")}/`), raw]), "");
  const fd = openat(folder.fd, "types", O_RDONLY | O_DIRECTORY);
  const dents = readAll(fd, Buffer.alloc(4096));
  close(fd);
  const names = dents.map((dent) => dent.name.toString("latin1")).sort();
  const expected = readdirSync(at("types"), { encoding: "latin1" });
  assert.deepEqual(names, [".", "..", ...expected].sort());
  const type = (name: string): number | undefined => dents.find((dent) => dent.name.toString("latin1") === name)?.type;
  assert.deepEqual([type("."), type("dir"), type("link"), type("n")], [4, 4, 10, 8]);
  assert.ok(dents.some((dent) => dent.name.equals(raw)));
  const link = dents.find((dent) => dent.name.toString() === "dir");
  assert.equal(link?.ino, statSync(at("types/dir"), { bigint: true }).ino);
});

test("a listing of 1,000 entries goes on after any of them", asAnybody, () => {
  mkdirSync(at("many"));
  for (let index = 0; index < 1000; index++) writeFileSync(at(`many/entry-${index}`), "");
  const fd = openat(folder.fd, "many", O_RDONLY | O_DIRECTORY);
  const all = readAll(fd, Buffer.alloc(2048));
  assert.equal(all.length, 1002);
  assert.equal(new Set(all.map((dent) => dent.name.toString())).size, 1002);
  for (const place of [0, 1, 499, 1000, 1001]) {
    const dent = all[place];
    assert.ok(dent);
    assert.equal(lseek(fd, dent.offset, SEEK_SET), dent.offset);
    const rest = readAll(fd, Buffer.alloc(65536));
    assert.deepEqual(
      rest.map((entry) => entry.name.toString()),
      all.slice(place + 1).map((entry) => entry.name.toString()),
    );
  }
  lseek(fd, 0n, SEEK_SET);
  assert.deepEqual(readAll(fd, Buffer.alloc(1024)), all);
  close(fd);
});

test("getdents64 says EINVAL for a small buffer, ENOTDIR for a file, ENOENT for a removed directory", asAnybody, () => {
  const file = at("file");
  writeFileSync(file, "");
  const fileFd = openat(folder.fd, "file", O_RDONLY);
  assert.throws(() => getdents64(fileFd, Buffer.alloc(1024)), { code: "ENOTDIR" });
  close(fileFd);
  assert.throws(() => getdents64(folder.fd, Buffer.alloc(8)), { code: "EINVAL" });
  mkdirSync(at("removed"));
  const fd = openat(folder.fd, "removed", O_RDONLY | O_DIRECTORY);
  rmdirSync(at("removed"));
  assert.throws(() => getdents64(fd, Buffer.alloc(1024)), { code: "ENOENT" });
  close(fd);
  assert.deepEqual(parseDents(Buffer.alloc(16), 0), []);
});

test("lseek counts past 2^32 exactly and tells its errors", asAnybody, () => {
  writeFileSync(at("sparse"), "data");
  const fd = openat(folder.fd, "sparse", O_RDWR);
  ftruncate(fd, 2n ** 40n);
  assert.equal(lseek(fd, 0n, SEEK_END), 2n ** 40n);
  assert.equal(lseek(fd, -1n, SEEK_CUR), 2n ** 40n - 1n);
  assert.equal(lseek(fd, 0n, SEEK_DATA), 0n);
  assert.throws(() => lseek(fd, 2n ** 40n, SEEK_DATA), { code: "ENXIO" });
  assert.throws(() => lseek(fd, -5n, SEEK_SET), { code: "EINVAL" });
  assert.throws(() => lseek(fd, 2n ** 64n, SEEK_SET), { code: "EINVAL" });
  close(fd);
  assert.throws(() => lseek(fd, 0n, SEEK_SET), { code: "EBADF" });
});
