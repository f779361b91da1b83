import { readFileSync, writeFileSync } from "node:fs";

/**
 * Writes down how long clients of this life of the server may believe an answer, milliseconds, and returns what the life before
 * had written: its clients may believe for as long what it told them. This life's own where there was none.
 */
export function exchangeLeaseMs(path: string, leaseMs: number): number {
  const before = read(path);
  if (before !== leaseMs) writeFileSync(path, String(leaseMs), { mode: 0o600 });
  return before ?? leaseMs;
}

function read(path: string): number | undefined {
  try {
    const text = readFileSync(path, "utf8");
    return /^\d+(\.\d+)?$/.test(text) ? Number(text) : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
