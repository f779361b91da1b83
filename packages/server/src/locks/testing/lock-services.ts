import type { StateDirectory } from "../../state/state-directory.ts";
import { LapsedLocks } from "../lapsed-locks.ts";
import { LockGrace } from "../lock-grace.ts";
import { LockMarks } from "../lock-marks.ts";
import type { LockServices } from "../session-locks.ts";

/** What a server's sessions share for their locks, on a test's state directory. */
export function lockServices(state: StateDirectory, lockLeaseMs = 60_000): LockServices {
  const marks = new LockMarks(state.pathOf("locks"));
  return { marks, grace: new LockGrace(marks.sessions, lockLeaseMs), lapsed: new LapsedLocks(), lockLeaseMs };
}
