import { readFileSync } from "node:fs";
import type { Caller } from "@kedgefs/core";
import { limits } from "@kedgefs/core";
import type { RequestFrame } from "./protocol/request-frame.ts";

const noGroups: readonly number[] = [];

/**
 * Who makes a request. The kernel tells uid, gid and the thread's id; supplementary groups are in /proc/PID/status and are
 * read only `withGroups`, since that costs as much as a whole stat. Root needs none.
 */
export function callerFrom(frame: RequestFrame, withGroups: boolean): Caller {
  const { uid, gid, pid } = frame;
  return { uid, gid, pid, groups: withGroups && uid !== 0 && pid !== 0 ? readGroups(pid) : noGroups };
}

function readGroups(pid: number): readonly number[] {
  const status = readProcStatus(pid);
  return status === undefined ? noGroups : parseGroups(status);
}

/** The text of /proc/PID/status, or undefined where the process is gone or hidden. /proc is never served by us: it can't block. */
export function readProcStatus(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/status`, "utf8");
  } catch {
    return undefined;
  }
}

/** The "Groups:" line of /proc/PID/status: numbers between spaces. Source: proc_pid_status(5). */
export function parseGroups(status: string): readonly number[] {
  const line = statusLine(status, "Groups");
  if (line === undefined || line === "") return noGroups;
  return line.split(" ").slice(0, limits.callerGroupsMax).map(Number);
}

/** The value of one line of /proc/PID/status. The first line, Name, is the program's choice, but it can't hold a newline. */
export function statusLine(status: string, key: string): string | undefined {
  const start = status.indexOf(`\n${key}:`);
  if (start < 0) return undefined;
  const end = status.indexOf("\n", start + 1);
  return status.slice(start + key.length + 2, end < 0 ? undefined : end).trim();
}
