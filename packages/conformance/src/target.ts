import type { Capability } from "./capabilities.ts";
import type { CaseApi, Identity } from "./case.ts";
import type { BeyondNode, FsPromises } from "./volume-api.ts";

/** One way to the file system: a mount, a session, a volume. */
export interface View {
  readonly fs: FsPromises;
  readonly raw: BeyondNode;
  /** Present with the capability "identities". */
  readonly as?: (identity: Identity) => CaseApi;
}

/** A place to run the cases in, as long as it stands. */
export interface ConformancePlace extends View {
  /** An existing directory that everyone may search; each case gets a directory of its own in it. */
  readonly dir: string;
  readonly self: Identity;
  readonly umask: number;
  readonly capabilities: ReadonlySet<Capability>;
  /** A second way to the same file system, with `dir` at the same path; the model check goes both in turns. */
  readonly second?: View;
  /** Takes everything away again. */
  teardown(): Promise<void>;
}

/** A file system that the cases run on. */
export interface ConformanceTarget {
  readonly name: string;
  /** The missing prerequisite, where the whole target can't be had on this machine. */
  readonly unavailable?: string | undefined;
  setup(): Promise<ConformancePlace>;
}
