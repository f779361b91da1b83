import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

export interface FoundProcess {
  readonly pid: number;
  /** Command line on one line, cut at 200 characters. */
  readonly command: string;
}

/**
 * Processes that inherited an environment variable with this value, this process left out. That finds daemons too, which have
 * left their process group and their parent; it misses those of other users, and those that were given a clean environment.
 */
export function markedProcesses(variable: string, value: string): FoundProcess[] {
  const entry = `${variable}=${value}`;
  const found: FoundProcess[] = [];
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid || !hasEntry(pid, entry)) continue;
    found.push({ pid, command: readProc(pid, "cmdline").split("\0").join(" ").trim().slice(0, 200) });
  }
  return found;
}

/** Waits until no marked process is left, at most `timeoutMs`. Returns those that are. */
export async function waitForMarkedProcesses(
  variable: string,
  value: string,
  timeoutMs: number,
): Promise<FoundProcess[]> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const found = markedProcesses(variable, value);
    if (found.length === 0 || performance.now() >= deadline) return found;
    // The end of a process that is not a child sends no event.
    await delay(50);
  }
}

/** Ends the marked processes: SIGTERM, and SIGKILL for those that are there after `graceMs`. Returns those that survive both. */
export async function stopMarkedProcesses(variable: string, value: string, graceMs: number): Promise<FoundProcess[]> {
  let left = markedProcesses(variable, value);
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    for (const { pid } of left) {
      // Looked at again: the number may be another process's by now.
      if (!hasEntry(pid, `${variable}=${value}`)) continue;
      try {
        process.kill(pid, signal);
      } catch {
        // It ended in this moment.
      }
    }
    left = await waitForMarkedProcesses(variable, value, graceMs);
    if (left.length === 0) break;
  }
  return left;
}

function hasEntry(pid: number, entry: string): boolean {
  return `\0${readProc(pid, "environ")}`.includes(`\0${entry}\0`);
}

/** Empty where the process is gone, is a zombie, or belongs to somebody else. */
function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "latin1");
  } catch {
    return "";
  }
}
