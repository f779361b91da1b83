import assert from "node:assert/strict";
import { writeSync } from "node:fs";
import { test } from "node:test";
import { pipe, setNonblocking } from "./descriptor.ts";
import { close } from "./open.ts";
import { readNow } from "./read-now.ts";
import { asAnybody } from "./testing/temporary-folder.ts";

test("readNow gives what is there, and undefined where there is nothing now", asAnybody, () => {
  const { readFd, writeFd } = pipe();
  setNonblocking(readFd);
  const buffer = Buffer.alloc(4);
  assert.equal(readNow(readFd, buffer), undefined);
  writeSync(writeFd, "abcdef");
  assert.equal(readNow(readFd, buffer), 4);
  assert.equal(buffer.toString(), "abcd");
  assert.equal(readNow(readFd, buffer), 2);
  close(writeFd);
  assert.equal(readNow(readFd, buffer), 0);
  close(readFd);
  assert.throws(() => readNow(readFd, buffer), { code: "EBADF" });
});
