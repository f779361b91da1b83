import { readFile } from "node:fs/promises";

/**
 * When a process began, in clock ticks since boot, which tells it from a later one with the same id. undefined if there is
 * none, or only a zombie that waits for its parent. Source: proc_pid_stat(5), fields 3 and 22.
 */
export async function processStartTicks(pid: number): Promise<string | undefined> {
  let stat: string;
  try {
    stat = await readFile(`/proc/${pid}/stat`, "latin1");
  } catch {
    return undefined;
  }
  // The second field is the program's name in parentheses and may have spaces and parentheses in it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const state = fields[0];
  return state === "Z" || state === "X" ? undefined : fields[19];
}
