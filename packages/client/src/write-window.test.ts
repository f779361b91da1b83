import assert from "node:assert/strict";
import { test } from "node:test";
import { WriteWindow } from "./write-window.ts";

const mib = 1 << 20;

/** A link that carries `bytesPerMs` and answers after `roundTripMs` more, always kept full. Returns the window in the end, bytes. */
function settled(bytesPerMs: number, roundTripMs: number, writes = 2_000): number {
  const window = new WriteWindow();
  const sent: { bytes: number; atMs: number; doneMs: number }[] = [];
  let nowMs = 0;
  let freeMs = 0;
  for (let count = 0; count < writes; ) {
    if (window.hasRoomFor(mib)) {
      window.sent(mib);
      freeMs = Math.max(freeMs, nowMs) + mib / bytesPerMs;
      sent.push({ bytes: mib, atMs: nowMs, doneMs: freeMs + roundTripMs });
      count++;
    } else {
      const first = sent.shift();
      assert.ok(first !== undefined);
      nowMs = Math.max(nowMs, first.doneMs);
      window.answered(first.bytes, nowMs - first.atMs);
    }
  }
  return window.windowBytes;
}

test("a fast link is given a few writes at a time", () => {
  const window = settled(500_000, 0.3);
  assert.ok(window >= 2 * mib && window <= 12 * mib, `${window / mib} MiB`);
});

test("a long link is given as much as it carries in a round trip", () => {
  const window = settled(100_000, 50);
  assert.ok(window >= 5_000_000, `${window / mib} MiB`);
});

test("a slow link is given little, so that nobody waits long for it", () => {
  const window = settled(1_000, 20);
  assert.ok(window <= 2 * mib, `${window / mib} MiB`);
});

test("one write always has room, and those that wait for room are told of each answer", async () => {
  const window = new WriteWindow();
  assert.ok(window.hasRoomFor(64 * mib));
  window.sent(64 * mib);
  assert.ok(!window.hasRoomFor(1));
  const room = Promise.all([window.room(), window.room()]);
  window.answered(64 * mib, 1);
  await room;
  assert.equal(window.bytes, 0);
});
