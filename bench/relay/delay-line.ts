import type { Socket } from "node:net";
import { performance } from "node:perf_hooks";

interface Parcel {
  readonly dueMs: number;
  /** Undefined stands for the end of the stream. */
  readonly bytes: Buffer | undefined;
}

/** Data of one direction of one connection that waits; past it the sender is not read from. 64 MiB in 10 ms are 6.7 GB/s. */
const waitingBytesMax = 64 << 20;
/** Timers count whole milliseconds. What is due within this time is sent now, so that the mean is right. */
const earlyMs = 0.5;

/**
 * Carries what one socket receives to another, each piece the same time after it came in. Pieces wait side by side, so the
 * delay limits no bandwidth.
 */
export function delayLine(from: Socket, to: Socket, delayMs: number): void {
  const parcels: Parcel[] = [];
  let waitingBytes = 0;
  let timer: NodeJS.Timeout | undefined;

  const schedule = (): void => {
    const [first] = parcels;
    if (first === undefined || timer !== undefined) return;
    timer = setTimeout(deliver, Math.max(1, Math.floor(first.dueMs - performance.now())));
  };
  const deliver = (): void => {
    timer = undefined;
    const nowMs = performance.now();
    let count = 0;
    for (const { dueMs, bytes } of parcels) {
      if (dueMs > nowMs + earlyMs) break;
      count++;
      if (bytes === undefined) to.end();
      else {
        waitingBytes -= bytes.length;
        to.write(bytes);
      }
    }
    parcels.splice(0, count);
    updateFlow();
    schedule();
  };
  const add = (bytes: Buffer | undefined): void => {
    parcels.push({ dueMs: performance.now() + delayMs, bytes });
    waitingBytes += bytes?.length ?? 0;
    updateFlow();
    schedule();
  };
  const updateFlow = (): void => {
    if (waitingBytes + to.writableLength > waitingBytesMax) from.pause();
    else if (from.isPaused()) from.resume();
  };

  from.on("data", add);
  from.on("end", () => add(undefined));
  from.on("close", () => {
    if (!from.readableEnded) add(undefined);
  });
  to.on("drain", updateFlow);
  to.on("close", () => {
    // It went away with data still to come. After an orderly end, what waits for the other direction must still arrive.
    if (!to.writableFinished) from.destroy();
  });
}
