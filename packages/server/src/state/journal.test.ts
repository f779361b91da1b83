import assert from "node:assert/strict";
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { type Logger, limits, type NodeId, silentLogger } from "@kedgefs/core";
import { Journal } from "./journal.ts";

const dir = fs.mkdtempSync(join(tmpdir(), "kedge-journal-"));
after(() => fs.rmSync(dir, { recursive: true }));

let count = 0;
const freshPath = (): string => join(dir, String(++count));
const open = (path: string, logger: Logger = silentLogger): Journal => Journal.open(path, logger).journal;
const reopened = (journal: Journal, path: string): Journal => {
  journal.close();
  return open(path);
};

/** Runs `body` while every write(2) of the process fails as on a full disk, after `bytesMax` bytes. */
function onFullDisk(bytesMax: number, body: () => void): void {
  const { writeSync } = fs;
  let left = bytesMax;
  fs.writeSync = ((fd: number, data: Buffer, offset: number) => {
    if (left === 0) throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
    const end = Math.min(data.length, offset + left);
    left -= end - offset;
    return writeSync(fd, data, offset, end - offset);
  }) as typeof writeSync;
  syncBuiltinESMExports();
  try {
    body();
  } finally {
    fs.writeSync = writeSync;
    syncBuiltinESMExports();
  }
}

test("sessions, intents and outcomes are there again, what was acknowledged or ended is not", () => {
  const path = freshPath();
  const journal = open(path);
  journal.beginSession("a", "me", "x");
  journal.beginSession("b", "you", "y");
  journal.endSession("b");
  journal.intent("a", 1, ["n" as NodeId, null]);
  journal.outcome("a", 1, { node: "m" as NodeId });
  journal.intent("a", 2, [], 2n ** 60n);
  const next = reopened(journal, path);
  assert.deepEqual([...next.sessions.keys()], ["a"]);
  const entries = next.sessions.get("a")?.entries;
  assert.deepEqual(entries?.get(1)?.outcome, { node: "m" });
  assert.deepEqual(entries?.get(1)?.witness, ["n", null]);
  assert.equal(entries?.get(2)?.outcome, undefined);
  assert.equal(entries?.get(2)?.end, 2n ** 60n);
  next.acked("a", 2);
  assert.deepEqual([...(next.sessions.get("a")?.entries.keys() ?? [])], [2]);
  next.close();
});

test("an outcome is written with the next record, or a moment later", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const path = freshPath();
  const journal = open(path);
  journal.beginSession("a", "me", "x");
  journal.intent("a", 1, []);
  const bytes = (): number => fs.statSync(path).size;
  const before = bytes();
  journal.outcome("a", 1, {});
  assert.equal(bytes(), before);
  journal.intent("a", 2, []);
  const withBoth = bytes();
  journal.outcome("a", 2, { errno: "EEXIST" });
  assert.equal(bytes(), withBoth);
  t.mock.timers.tick(1);
  assert.ok(bytes() > withBoth);
  // As a server that is killed now would leave it.
  const next = open(path);
  const entries = next.sessions.get("a")?.entries;
  assert.deepEqual(entries?.get(1)?.outcome, {});
  assert.deepEqual(entries?.get(2)?.outcome, { errno: "EEXIST" });
  next.close();
  journal.close();
});

test("a record that met a full disk takes none of the later ones with it", () => {
  const path = freshPath();
  const journal = open(path);
  journal.beginSession("a", "me", "x");
  onFullDisk(10, () => assert.throws(() => journal.intent("a", 1, []), { code: "ENOSPC" }));
  journal.intent("a", 2, []);
  journal.outcome("a", 2, { errno: "EEXIST" });
  const next = reopened(journal, path);
  assert.deepEqual([...(next.sessions.get("a")?.entries.keys() ?? [])], [2]);
  next.close();
});

test("an outcome that meets a full disk is logged, and its operation answered", () => {
  const path = freshPath();
  const errors: string[] = [];
  const journal = open(path, { ...silentLogger, error: (message) => errors.push(message) });
  journal.beginSession("a", "me", "x");
  journal.intent("a", 1, []);
  journal.outcome("a", 1, {});
  onFullDisk(0, () => journal.flush());
  assert.equal(errors.length, 1);
  const next = reopened(journal, path);
  assert.deepEqual(next.sessions.get("a")?.entries.get(1)?.outcome, {}, "it is written when there is room again");
  next.close();
});

test("a journal that can't be rewritten goes on as it is, and is rewritten later", () => {
  const path = freshPath();
  const errors: string[] = [];
  const journal = open(path, { ...silentLogger, error: (message) => errors.push(message) });
  journal.beginSession("a", "me", "x");
  const message = "m".repeat(500_000);
  let id = 0;
  const grow = (): void => {
    id++;
    journal.intent("a", id, []);
    journal.outcome("a", id, { errno: "EIO", message });
    journal.acked("a", id + 1);
  };
  const { fsyncSync } = fs;
  fs.fsyncSync = () => {
    throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
  };
  syncBuiltinESMExports();
  try {
    while (errors.length === 0) grow();
  } finally {
    fs.fsyncSync = fsyncSync;
    syncBuiltinESMExports();
  }
  assert.ok(!fs.existsSync(`${path}.new`));
  const large = fs.statSync(path).size;
  while (fs.statSync(path).size >= large) grow();
  const next = reopened(journal, path);
  assert.ok(next.sessions.has("a"));
  next.close();
});

test("entries that nobody acknowledges are bounded, and the newest kept", () => {
  const path = freshPath();
  const journal = open(path);
  journal.beginSession("a", "me", "x");
  journal.intent("a", 1, []);
  const last = limits.sessionRepliesKeptMax + 100;
  for (let id = 2; id <= last; id++) {
    journal.intent("a", id, []);
    journal.outcome("a", id, {});
  }
  const entries = journal.sessions.get("a")?.entries;
  assert.equal(entries?.size, limits.sessionRepliesKeptMax);
  assert.ok(entries?.has(1), "what still runs is kept");
  assert.ok(entries?.has(last));
  assert.ok(!entries?.has(2));
  journal.close();
});
