import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import { RecordLog } from "./record-log.ts";

const dir = mkdtempSync(join(tmpdir(), "kedge-log-"));
after(() => rmSync(dir, { recursive: true }));
let files = 0;
const freshPath = (): string => join(dir, `log-${files++}`);

function write(path: string, items: readonly unknown[]): void {
  const { log } = RecordLog.open<unknown>(path);
  for (const item of items) log.append([item]);
  log.close();
}

test("what was appended is read back in order", () => {
  const path = freshPath();
  write(path, [{ a: 1 }, "zwei", [3]]);
  write(path, ["more"]);
  assert.deepEqual(RecordLog.open(path).records, [{ a: 1 }, "zwei", [3], "more"]);
});

test("a tail torn at any byte costs the torn record and no other", () => {
  const path = freshPath();
  write(path, ["one", "two"]);
  const whole = readFileSync(path).length;
  write(path, ["three"]);
  const content = readFileSync(path);
  for (let length = whole; length < content.length; length++) {
    writeFileSync(path, content.subarray(0, length));
    const { log, records, tornBytes } = RecordLog.open<string>(path);
    assert.deepEqual(records, ["one", "two"]);
    assert.equal(tornBytes, length - whole);
    log.append(["after"]);
    log.close();
    assert.deepEqual(RecordLog.open(path).records, ["one", "two", "after"]);
  }
});

test("bytes that are no record are never taken for one", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
      const path = freshPath();
      write(path, ["good"]);
      appendFileSync(path, noise);
      assert.deepEqual(RecordLog.open(path).records.slice(0, 1), ["good"]);
      truncateSync(path);
    }),
    { numRuns: 50 },
  );
});

test("a rewrite replaces the content and appending goes on", () => {
  const path = freshPath();
  const { log } = RecordLog.open<number>(path);
  for (let i = 0; i < 100; i++) log.append([i]);
  const before = log.bytes;
  log.rewrite([98, 99]);
  log.append([100]);
  assert.ok(log.bytes < before);
  log.close();
  assert.deepEqual(RecordLog.open(path).records, [98, 99, 100]);
});
