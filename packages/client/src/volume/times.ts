import { FsError, type SetTime, type Timespec } from "@kedgefs/core";
import type { ExactTime, VolumeTime } from "./types.ts";

const nsPerSec = 1_000_000_000n;

/** Seconds as node's `utimes` takes them, with libuv's conversion of the fraction (uv__fs_to_timespec). */
export function setTimeFrom(time: VolumeTime): SetTime {
  const seconds = time instanceof Date ? time.getTime() / 1000 : Number(time);
  if (!Number.isFinite(seconds)) throw new FsError("EINVAL");
  let sec = Math.trunc(seconds);
  let nsec = Math.trunc((seconds - sec) * 1e9);
  if (nsec < 0) {
    nsec += 1e9;
    sec -= 1;
  }
  return { sec, nsec, now: false };
}

/** An exact time as the seam takes it; undefined stands for UTIME_OMIT. */
export function setTimeFromExact(time: ExactTime): SetTime | undefined {
  if (time === "omit") return undefined;
  if (time === "now") return { sec: 0, nsec: 0, now: true };
  return { ...timespecFromNs(time), now: false };
}

function timespecFromNs(ns: bigint): Timespec {
  const rest = ((ns % nsPerSec) + nsPerSec) % nsPerSec;
  return { sec: Number((ns - rest) / nsPerSec), nsec: Number(rest) };
}
