import type { Timespec } from "@kedgefs/core";

const nsPerMs = 1_000_000n;
const nsPerSec = 1_000_000_000n;

/** Answers the time of day, each time later than before by at least one nanosecond, so that every change is visible. */
export type Clock = () => Timespec;

export function createClock(): Clock {
  let last = 0n;
  return () => {
    const now = BigInt(Date.now()) * nsPerMs;
    last = now > last ? now : last + 1n;
    return { sec: Number(last / nsPerSec), nsec: Number(last % nsPerSec) };
  };
}
