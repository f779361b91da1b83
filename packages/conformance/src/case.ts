import type { Capability } from "./capabilities.ts";
import type { BeyondNode, FsPromises, VolumeFileHandle, VolumePath } from "./volume-api.ts";

/** Both halves of the API that cases use: what node:fs has, and what Linux has beyond it. */
export type CaseApi = FsPromises & BeyondNode;

/** Who a case acts as. */
export interface Identity {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
}

/** What a case gets: the file system, a fresh directory of its own, and ways to look at the outcome. */
export interface CaseContext {
  /** The file system as the one that the tests run as (root, where the target has the capability "root"). */
  readonly fs: FsPromises;
  readonly raw: BeyondNode;
  /** An absolute path of an empty directory, 0755, of the one that the tests run as. */
  readonly dir: string;
  /** Permission bits that new files do not get. */
  readonly umask: number;
  /** Whom `fs` acts as. */
  readonly self: Identity;

  /** A path below `dir`. */
  path(...names: string[]): string;
  /** A path below `dir` whose last component is these bytes. */
  bytePath(name: Uint8Array): Buffer;
  /** The same file system as someone else. Takes the capability "identities". */
  as(identity: Identity): CaseApi;
  /** Opens a file, as `fs` unless another is given; the handle is closed at the end of the case if it still is open. */
  open(path: VolumePath, flags?: string | number, mode?: number, api?: FsPromises): Promise<VolumeFileHandle>;
  /** Asserts that a call fails with this errno name. */
  rejects(call: Promise<unknown>, code: string): Promise<void>;
  /** Whether the file system has what a case can do with or without, and answers otherwise. */
  has(capability: Capability): boolean;
  /**
   * Runs a Python program in `dir` and returns the value that it leaves in `answer`. `attempt(call)` is there, which answers an errno's
   * name for an OSError, and the modules of files and processes. Takes the capability "programs".
   */
  python(program: string): Promise<unknown>;
  /** Waits until the file system's clock has moved on, so that a change from now on shows in a time. */
  tick(): Promise<void>;
}

/** One behaviour of POSIX or Linux. `name` says it in words; `needs` are the capabilities that it takes to try it. */
export interface ConformanceCase {
  readonly name: string;
  readonly needs?: readonly Capability[];
  run(context: CaseContext): Promise<void>;
}
