import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { timesFromFrame } from "./utimens-frame.ts";

const utimens = 12;

function frameOf(atimeMs: bigint, mtimeMs: bigint): Buffer {
  const frame = Buffer.alloc(300);
  frame.writeUInt32LE(utimens, 8);
  frame.writeBigUInt64LE(BigInt.asUintN(64, atimeMs), 104);
  frame.writeBigUInt64LE(BigInt.asUintN(64, mtimeMs), 112);
  return frame;
}
const halves = (ms: bigint): [number, number] => [
  Number(BigInt.asUintN(32, ms)),
  Number(BigInt.asUintN(64, ms) >> 32n),
];

describe("the times of a utimens call", () => {
  it("come from the arguments and the frame", () => {
    const times = timesFromFrame(frameOf(1_500n, 1_700_000_000_123n), utimens, ...halves(1_500n));
    assert.deepEqual(times.atime, { sec: 1, nsec: 500_000_000 });
    assert.deepEqual(times.mtime, { sec: 1_700_000_000, nsec: 123_000_000 });
  });

  it("may lie before 1970", () => {
    const times = timesFromFrame(frameOf(-1n, -1_000n), utimens, ...halves(-1n));
    assert.deepEqual(times.atime, { sec: -1, nsec: 999_000_000 });
    assert.deepEqual(times.mtime, { sec: -1, nsec: 0 });
  });

  it("are refused where the frame does not hold what is known", () => {
    assert.throws(() => timesFromFrame(frameOf(1n, 2n), utimens, ...halves(3n)), /unknown way/);
    assert.throws(() => timesFromFrame(frameOf(1n, 2n), utimens + 1, ...halves(1n)), /unknown way/);
    assert.throws(() => timesFromFrame(Buffer.alloc(100), utimens, 0, 0), /unknown way/);
  });
});
