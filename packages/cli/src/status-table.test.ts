import assert from "node:assert/strict";
import { test } from "node:test";
import { describeState, formatDuration, renderStatusTable } from "./status-table.ts";
import { connectedStatus as connected } from "./test-record.ts";

test("no mounts are said to be none", () => {
  assert.equal(renderStatusTable([]), "no mounts\n");
});

test("columns are as wide as their widest cell, and calls stand below their mount", () => {
  const table = renderStatusTable([
    { ...connected, readOnly: true },
    {
      ...connected,
      mountpoint: "/mnt/a-longer-one",
      state: "reconnecting",
      stateMs: 12_345,
      attempts: 3,
      lastError: "connection refused",
      inFlightCount: 13,
      inFlight: Array.from({ length: 12 }, (_, index) => ({ operation: "read", pid: index, ageMs: 9_400 })),
    },
  ]);
  assert.equal(
    table,
    [
      "MOUNTPOINT         EXPORT     SERVER    DRIVER  STATE",
      "/mnt/docs          docs (ro)  nas:7440  kernel  connected",
      "/mnt/a-longer-one  docs       nas:7440  kernel  reconnecting for 12 s (3 attempts): connection refused",
      "  read, waiting for 9.4 s",
      ...Array.from({ length: 9 }, (_, index) => `  read of process ${index + 1}, waiting for 9.4 s`),
      "  and 3 more calls",
      "",
    ].join("\n"),
  );
});

test("every state is told in words", () => {
  assert.equal(describeState(connected), "connected");
  assert.equal(
    describeState({ ...connected, state: "reconnecting", stateMs: 400, attempts: 1 }),
    "reconnecting for 0.4 s (1 attempt)",
  );
  assert.match(describeState({ ...connected, state: "dead" }), /^dead .*kedge umount \/mnt\/docs/);
  assert.match(describeState({ ...connected, state: "silent" }), /process 12 does not answer/);
  assert.match(describeState({ ...connected, state: "unknown" }), /another user/);
  assert.equal(describeState({ ...connected, state: "closed" }), "closed");
});

test("what a server or file name brings cannot write on the terminal", () => {
  const table = renderStatusTable([
    { ...connected, mountpoint: "/mnt/\u001b[2J\n", state: "reconnecting", lastError: "a\u001b]0;x\u0007\nb" },
  ]);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that none is left is the point.
  assert.doesNotMatch(table.replaceAll("\n", ""), /[\u0000-\u001f]/);
  assert.equal(table.split("\n").length, 3);
});

test("durations have at most two units", () => {
  assert.equal(formatDuration(0), "0.0 s");
  assert.equal(formatDuration(9_940), "9.9 s");
  assert.equal(formatDuration(59_999), "59 s");
  assert.equal(formatDuration(185_000), "3 min 5 s");
  assert.equal(formatDuration(3_600_000), "1 h");
  assert.equal(formatDuration(3_600_000 + 61_000), "1 h 1 min");
  assert.equal(formatDuration(4 * 86_400_000 + 3 * 3_600_000 + 5_000), "4 d 3 h");
});
