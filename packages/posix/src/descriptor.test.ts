import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { O_CLOEXEC, O_NONBLOCK } from "@kedgefs/core";
import { closeRange, dup, dup2, pipe, setNonblocking, umask } from "./descriptor.ts";
import { close } from "./open.ts";
import { fstatx } from "./stat.ts";
import { asAnybody } from "./testing/temporary-folder.ts";

const flags = (fd: number): number =>
  Number.parseInt(/^flags:\s+(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "latin1"))?.[1] ?? "", 8);

test("pipe gives two ends with O_CLOEXEC, and setNonblocking changes one of them", asAnybody, () => {
  const { readFd, writeFd } = pipe();
  for (const fd of [readFd, writeFd]) assert.equal(flags(fd) & (O_CLOEXEC | O_NONBLOCK), O_CLOEXEC);
  setNonblocking(readFd);
  assert.equal(flags(readFd) & O_NONBLOCK, O_NONBLOCK);
  assert.equal(flags(writeFd) & O_NONBLOCK, 0);
  close(readFd);
  close(writeFd);
  assert.throws(() => setNonblocking(readFd), { code: "EBADF" });
});

test("dup and dup2 lead to the same open file, with O_CLOEXEC", asAnybody, () => {
  const { readFd, writeFd } = pipe();
  const copy = dup(readFd);
  assert.equal(fstatx(copy).attr.ino, fstatx(readFd).attr.ino);
  assert.equal(flags(copy) & O_CLOEXEC, O_CLOEXEC);
  close(readFd);
  assert.equal(dup2(copy, writeFd), writeFd);
  assert.equal(flags(writeFd) & O_CLOEXEC, O_CLOEXEC);
  assert.equal(dup2(writeFd, writeFd), writeFd);
  close(copy);
  close(writeFd);
  assert.throws(() => dup(copy), { code: "EBADF" });
  assert.throws(() => dup2(copy, copy), { code: "EBADF" });
});

test("closeRange closes all of a range, and nothing beside it", asAnybody, async () => {
  const { readFd, writeFd } = pipe();
  // Numbers that nobody else uses in this process.
  const [before, first, last, after] = [900, 901, 903, 904];
  for (const fd of [before, first, last, after]) dup2(readFd, fd);
  await closeRange(first, last);
  assert.throws(() => fstatx(first), { code: "EBADF" });
  assert.throws(() => fstatx(last), { code: "EBADF" });
  for (const fd of [before, after, readFd, writeFd]) {
    fstatx(fd);
    close(fd);
  }
  await assert.rejects(closeRange(last, first), { code: "EINVAL" });
});

test("umask sets the mask and tells the one before", asAnybody, () => {
  const before = umask(0o027);
  try {
    assert.equal(process.umask(), 0o027);
  } finally {
    assert.equal(umask(before), 0o027);
  }
});
