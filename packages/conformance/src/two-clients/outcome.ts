import { createHash } from "node:crypto";
import { type Attr, S_IFDIR, S_IFMT, type Timespec } from "@kedgefs/core";

/** What a stat showed. Directories have no size of their own here. Times are nanoseconds since the epoch. */
export interface Seen {
  readonly ino: string;
  readonly mode: number;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: string | undefined;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  /** Of the model: whether the last call that may have changed the times did, is the file system's choice. */
  readonly areTimesFree?: boolean;
}

/** What came of a call: the name of an errno, or a value in a form that can be compared, and attributes where it told some. */
export interface Outcome {
  readonly error?: string;
  readonly value?: unknown;
  readonly seen?: Seen;
  /** Of the model: where data is and where holes are is the file system's choice here, so any answer will do. */
  readonly isFree?: boolean;
  /** Of the model: something that the call was about had no name any more. */
  readonly isGone?: boolean;
}

const nsOf = ({ sec, nsec }: Timespec): bigint => BigInt(sec) * 1_000_000_000n + BigInt(nsec);

export function seenOf({ ino, mode, nlink, uid, gid, size, mtime, ctime }: Attr): Seen {
  const isDirectory = (mode & S_IFMT) === S_IFDIR;
  return {
    ...{ ino: String(ino), mode, nlink, uid, gid, size: isDirectory ? undefined : String(size) },
    ...{ mtimeNs: nsOf(mtime), ctimeNs: nsOf(ctime) },
  };
}

/** Bytes in short. */
export function digest(bytes: Uint8Array): string {
  return `${bytes.length} bytes ${createHash("sha256").update(bytes).digest("hex").slice(0, 12)}`;
}

export function textOfOutcome({ error, value, seen }: Outcome): string {
  if (error !== undefined) return error;
  const { areTimesFree: _, ...attributes } = seen ?? ({} as Partial<Seen>);
  const told = seen === undefined ? {} : { ...attributes, mode: `0${seen.mode.toString(8)}` };
  const all = { ...(value === undefined || value === null ? {} : { value }), ...told };
  if (Object.keys(all).length === 0) return "success";
  return JSON.stringify(all, (__, each: unknown) => (typeof each === "bigint" ? String(each) : each));
}
