import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { O_PATH, O_RDWR } from "@kedgefs/core";
import { ftruncate } from "./attributes.ts";
import { pipe } from "./descriptor.ts";
import { pwrite } from "./io.ts";
import { close, openat } from "./open.ts";
import { seekData, seekHole } from "./seek-data.ts";
import { asAnybody, temporaryFolder } from "./testing/temporary-folder.ts";

const folder = temporaryFolder();

function newFile(name: string): number {
  writeFileSync(join(folder.path, name), "");
  return openat(folder.fd, name, O_RDWR);
}

test("data and holes are found past 2^32, and the end counts as a hole", asAnybody, async (t) => {
  const fd = newFile("sparse");
  const dataAt = 2n ** 33n;
  await pwrite(fd, Buffer.alloc(65_536, 1), dataAt);
  ftruncate(fd, 2n ** 34n);
  if (seekData(fd, 0n) === 0n) {
    t.skip(`needs a file system with holes at ${folder.path}`);
  } else {
    assert.equal(seekData(fd, 0n), dataAt);
    assert.equal(seekData(fd, dataAt + 5n), dataAt + 5n);
    assert.equal(seekHole(fd, 0n), 0n);
    assert.equal(seekHole(fd, dataAt), dataAt + 65_536n);
    assert.throws(() => seekData(fd, dataAt + 65_536n), { code: "ENXIO", message: "lseek: ENXIO" });
    ftruncate(fd, dataAt + 65_536n);
    assert.equal(seekHole(fd, dataAt), dataAt + 65_536n);
  }
  close(fd);
});

test("at the end and past it both are ENXIO", asAnybody, async () => {
  const fd = newFile("short");
  assert.throws(() => seekData(fd, 0n), { code: "ENXIO" });
  assert.throws(() => seekHole(fd, 0n), { code: "ENXIO" });
  await pwrite(fd, Buffer.from("data"), 0n);
  assert.equal(seekHole(fd, 3n), 4n);
  for (const offset of [4n, 5n, 2n ** 63n - 1n]) {
    assert.throws(() => seekData(fd, offset), { code: "ENXIO" });
    assert.throws(() => seekHole(fd, offset), { code: "ENXIO" });
  }
  assert.throws(() => seekData(fd, 2n ** 63n), { code: "EINVAL" });
  close(fd);
});

test("a pipe is ESPIPE, an O_PATH descriptor EBADF", asAnybody, () => {
  const { readFd, writeFd } = pipe();
  assert.throws(() => seekData(readFd, 0n), { code: "ESPIPE" });
  close(newFile("path"));
  const path = openat(folder.fd, "path", O_PATH);
  assert.throws(() => seekHole(path, 0n), { code: "EBADF" });
  for (const fd of [readFd, writeFd, path]) close(fd);
});
