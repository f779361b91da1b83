import type { Sizes } from "./sizes.ts";

export const workloadNames = [
  "seq-write",
  "seq-read-cold",
  "seq-read-warm",
  "random-read",
  "random-write",
  "stat-cold",
  "stat-warm",
  "untar",
  "read-small",
  "cp-a",
  "git-status",
  "git-status-again",
  "rm-rf",
] as const;
export type WorkloadName = (typeof workloadNames)[number];

/**
 * What a row of the result is about. All rows but the warm ones begin with a mount that has just been made.
 * - sequential: one large file
 * - cold: reads what this mount has not seen yet
 * - writing: changes things
 * - warm: repeats what was just done through the same mount
 */
export type WorkloadKind = "sequential" | "cold" | "writing" | "warm";

export interface Workload {
  readonly name: WorkloadName;
  readonly title: string;
  readonly kind: WorkloadKind;
  /** What is done and to how much, for the report. */
  readonly describe: (sizes: Sizes) => string;
  /**
   * The measured program, for sh. In the environment: M, the exported folder as the peer shows it; L, the folder with local
   * sources; NODE and RANDOM_IO; the sizes.
   */
  readonly script: string;
  /** Run before the peer is mounted, on the exported folder itself: B. `$B/out` is empty when it starts. */
  readonly before?: string;
  /** Whether the script is run once before, unmeasured, through the same mount. */
  readonly again?: true;
  /**
   * Run on the exported folder at the moment when the program has ended. Prints what is there and, after a slash, what there
   * should be; so it shows who says "done" before it is.
   */
  readonly stored?: string;
}
