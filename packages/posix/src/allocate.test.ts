import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { FsError, O_PATH, O_RDONLY, O_RDWR } from "@kedgefs/core";
import {
  FALLOC_FL_COLLAPSE_RANGE,
  FALLOC_FL_INSERT_RANGE,
  FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_PUNCH_HOLE,
  FALLOC_FL_ZERO_RANGE,
  fallocate,
} from "./allocate.ts";
import { pipe } from "./descriptor.ts";
import { close, openat } from "./open.ts";
import { seekHole } from "./seek-data.ts";
import { fstatx } from "./stat.ts";
import { asAnybody, temporaryFolder } from "./testing/temporary-folder.ts";

const folder = temporaryFolder();
const at = (name: string): string => join(folder.path, name);

function newFile(name: string, content: string | Buffer): number {
  writeFileSync(at(name), content);
  return openat(folder.fd, name, O_RDWR);
}

/** False where the file system has no such mode: the test is skipped then. */
async function can(t: TestContext, what: string, done: Promise<void>): Promise<boolean> {
  try {
    await done;
    return true;
  } catch (error) {
    if (!(error instanceof FsError) || error.code !== "EOPNOTSUPP") throw error;
    t.skip(`needs a file system that can ${what} at ${folder.path}`);
    return false;
  }
}

test("mode 0 makes the file larger, and keeps what is in it", asAnybody, async (t) => {
  const fd = newFile("plain", "data");
  if (await can(t, "allocate", fallocate(fd, 0, 2n, 98_302n))) {
    assert.equal(fstatx(fd).attr.size, 98_304n);
    assert.ok(fstatx(fd).attr.blocks >= 192n);
    assert.equal(readFileSync(at("plain"), "latin1").slice(0, 5), "data\0");
    await fallocate(fd, 0, 0n, 1n);
    assert.equal(fstatx(fd).attr.size, 98_304n);
  }
  close(fd);
});

test("FALLOC_FL_KEEP_SIZE takes space past the end, also at a large offset", asAnybody, async (t) => {
  const fd = newFile("kept", "data");
  if (await can(t, "allocate past the end", fallocate(fd, FALLOC_FL_KEEP_SIZE, 2n ** 33n, 65_536n))) {
    assert.equal(fstatx(fd).attr.size, 4n);
    assert.ok(fstatx(fd).attr.blocks >= 128n);
  }
  close(fd);
});

test("FALLOC_FL_PUNCH_HOLE leaves a hole and the size", asAnybody, async (t) => {
  const fd = newFile("punched", Buffer.alloc(4 * 65_536, 1));
  if (await can(t, "punch holes", fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 65_536n, 65_536n))) {
    assert.equal(fstatx(fd).attr.size, 4n * 65_536n);
    assert.equal(seekHole(fd, 0n), 65_536n);
    const content = readFileSync(at("punched"));
    assert.ok(content.subarray(65_536, 131_072).every((byte) => byte === 0));
    assert.ok(content.subarray(131_072).every((byte) => byte === 1));
    await assert.rejects(fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0n, 1n), { code: "EOPNOTSUPP" });
  }
  close(fd);
});

test("ranges are zeroed, taken out and put in", asAnybody, async (t) => {
  const fd = newFile("ranges", Buffer.concat([1, 2, 3, 4].map((byte) => Buffer.alloc(65_536, byte))));
  const blocks = (): number[] => {
    const content = readFileSync(at("ranges"));
    return Array.from({ length: content.length / 65_536 }, (_, index) => content[index * 65_536] as number);
  };
  if (await can(t, "zero ranges", fallocate(fd, FALLOC_FL_ZERO_RANGE, 65_536n, 65_536n))) {
    assert.deepEqual(blocks(), [1, 0, 3, 4]);
    if (await can(t, "collapse ranges", fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 0n, 65_536n))) {
      assert.deepEqual(blocks(), [0, 3, 4]);
      await fallocate(fd, FALLOC_FL_INSERT_RANGE, 65_536n, 65_536n);
      assert.deepEqual(blocks(), [0, 0, 3, 4]);
      await assert.rejects(fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 1n, 65_536n), { code: "EINVAL" });
    }
  }
  close(fd);
});

test("fallocate tells its errors by their errno names", asAnybody, async () => {
  const fd = newFile("errors", "");
  const reading = openat(folder.fd, "errors", O_RDONLY);
  const path = openat(folder.fd, "errors", O_PATH);
  const { readFd, writeFd } = pipe();
  await assert.rejects(fallocate(fd, 0, 0n, 0n), { name: "FsError", code: "EINVAL", message: "fallocate: EINVAL" });
  await assert.rejects(fallocate(fd, 0, -1n, 1n), { code: "EINVAL" });
  await assert.rejects(fallocate(fd, 0, 0n, -1n), { code: "EINVAL" });
  await assert.rejects(fallocate(fd, 0, 0n, 2n ** 64n + 1n), { code: "EINVAL" });
  await assert.rejects(fallocate(fd, 0, 2n ** 63n - 1n, 1n), { code: "EFBIG" });
  await assert.rejects(fallocate(fd, 0x4000, 0n, 1n), { code: "EOPNOTSUPP" });
  for (const bad of [reading, path, folder.fd, -1]) await assert.rejects(fallocate(bad, 0, 0n, 1n), { code: "EBADF" });
  await assert.rejects(fallocate(writeFd, 0, 0n, 1n), { code: "ESPIPE" });
  assert.equal(fstatx(fd).attr.size, 0n);
  for (const each of [fd, reading, path, readFd, writeFd]) close(each);
});
