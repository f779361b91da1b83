import type { Capability } from "./capabilities.ts";
import type { CaseApi, Identity } from "./case.ts";
import type { BeyondNode, FsPromises } from "./volume-api.ts";

/** One way to the file system: a mount, a session, a volume. */
export interface View {
  readonly fs: FsPromises;
  readonly raw: BeyondNode;
  /** The path of an existing directory, the same one in all views. Everyone may search it. */
  readonly dir: string;
  /** Present with the capability "identities". */
  readonly as?: (identity: Identity) => CaseApi;
}

/** A place to run the cases in, as long as it stands: each gets a directory of its own in `dir`. */
export interface ConformancePlace extends View {
  readonly self: Identity;
  readonly umask: number;
  readonly capabilities: ReadonlySet<Capability>;
  /** A second way to the same file system: what is done through one must be seen at once through the other. */
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
