import assert from "node:assert/strict";
import { test } from "node:test";
import { callerFrom, parseGroups, readProcStatus, statusLine } from "./caller.ts";
import { frameOf, struct } from "./test/request-bytes.ts";

test("groups are the numbers of the line Groups", () => {
  assert.deepEqual(
    parseGroups("Name:\tls\nGid:\t5\t5\t5\t5\nGroups:\t4 24 4294967294 \nVmPeak:\t1 kB\n"),
    [4, 24, 4294967294],
  );
  assert.deepEqual(parseGroups("Name:\tls\nGroups:\t \nVmPeak:\t1 kB\n"), []);
  assert.deepEqual(parseGroups("Name:\tls\n"), []);
});

test("a program can't give itself groups by its name", () => {
  assert.deepEqual(parseGroups("Name:\tGroups:\t0\\nGroups:\t0\nGroups:\t7 \n"), [7]);
});

test("a line is found by its whole key", () => {
  assert.equal(statusLine("Name:\tx\nTgid:\t8\nGid:\t5 5\n", "Gid"), "5 5");
});

test("groups of this process are read for others than root only, and only when asked", () => {
  const frame = frameOf("LOOKUP", struct(), { uid: 1000, gid: 6, pid: process.pid });
  const own = parseGroups(readProcStatus(process.pid) ?? "");
  assert.deepEqual(callerFrom(frame, true), { uid: 1000, gid: 6, pid: process.pid, groups: own });
  assert.deepEqual(callerFrom(frame, false).groups, []);
  assert.deepEqual(callerFrom(frameOf("LOOKUP", struct(), { uid: 0, pid: process.pid }), true).groups, []);
});

test("a caller that is gone or unseen has no groups", () => {
  assert.deepEqual(callerFrom(frameOf("LOOKUP", struct(), { uid: 1000, pid: 4_194_305 }), true).groups, []);
  assert.deepEqual(callerFrom(frameOf("LOOKUP", struct(), { uid: 1000, pid: 0 }), true).groups, []);
});
