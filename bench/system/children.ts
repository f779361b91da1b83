/** Process groups of everything that this process started and that has not ended, so that nothing outlives it. */
const groups = new Set<number>();

export function groupStarted(pid: number): void {
  groups.add(pid);
}

export function groupEnded(pid: number): void {
  groups.delete(pid);
}

/** Sends a signal to a process and all its descendants that stayed in its group. Nothing happens if they are gone. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** The last resort of a process that is about to end. */
export function killAllGroups(): void {
  for (const pid of groups) signalGroup(pid, "SIGKILL");
  groups.clear();
}
