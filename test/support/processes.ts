import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

/** Waits until a process that need not be a child has ended. */
export async function waitForEnd(pid: number, timeoutMs = 20_000): Promise<void> {
  const until = performance.now() + timeoutMs;
  while (lives(pid)) {
    if (performance.now() >= until) throw new Error(`process ${pid} has not ended within ${timeoutMs} ms`);
    // The end of somebody else's child sends no event.
    await delay(20);
  }
}

function lives(pid: number): boolean {
  try {
    // The third field of proc_pid_stat(5); the name before it may hold anything.
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false;
  }
}
