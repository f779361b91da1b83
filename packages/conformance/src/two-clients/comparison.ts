import { isDeepStrictEqual } from "node:util";
import { S_IFDIR, S_IFMT } from "@kedgefs/core";
import type { Outcome, Seen } from "./outcome.ts";

/** Times that scripts set lie before this, nanoseconds; the present lies after it. */
const presentNs = 1_000_000_000_000_000_000n;

const isDirectory = ({ mode }: Seen): boolean => (mode & S_IFMT) === S_IFDIR;

/** How outcomes may differ that mean the same. */
export interface Tolerance {
  /** ESTALE is an answer too, where what the call was about has no name any more. */
  readonly staleWhereGone: boolean;
  /** Links of directories are counted. */
  readonly directoryLinks: boolean;
  /** Links of files are: not where calls overlap, for the answer to one that makes a name may tell what is so after the others too. */
  readonly fileLinks: boolean;
}

/** Whether an outcome is what the model says, but for inode numbers and when exactly something happened. */
export function isAlike(real: Outcome, model: Outcome, tolerance: Tolerance): boolean {
  if (model.isFree) return true;
  if (tolerance.staleWhereGone && model.isGone && real.error === "ESTALE") return true;
  if (real.error !== model.error || !isDeepStrictEqual(real.value, model.value)) return false;
  if (real.seen === undefined || model.seen === undefined) return true;
  const { areTimesFree } = model.seen;
  const [one, other] = [real.seen, model.seen].map((seen) => {
    const { mode, uid, gid, size, mtimeNs } = seen;
    const isCounted = isDirectory(seen) ? tolerance.directoryLinks : tolerance.fileLinks;
    const nlink = isCounted ? seen.nlink : undefined;
    return { mode, uid, gid, size, nlink, mtime: areTimesFree ? "any" : mtimeNs < presentNs ? mtimeNs : "present" };
  });
  return isDeepStrictEqual(one, other);
}

/**
 * Follows inode numbers and times, which the model has others of: two that are the same there are the same here, and what is later
 * there is not earlier here.
 */
export class Identities {
  readonly #isThere: (ino: string) => Promise<boolean>;
  /** By the model's inode number. */
  readonly #last = new Map<string, { readonly real: Seen; readonly model: Seen }>();
  readonly #inoOf = new Map<string, string>();

  /** `isThere`: whether the model still has an inode. */
  constructor(isThere: (ino: string) => Promise<boolean>) {
    this.#isThere = isThere;
  }

  /** What is wrong, or undefined. Remembers what was seen where nothing is. */
  async wrong({ seen: real }: Outcome, { seen: model }: Outcome): Promise<string | undefined> {
    if (real === undefined || model === undefined) return undefined;
    const meant = this.#inoOf.get(real.ino);
    // A number is used again once its inode is gone.
    if (meant !== undefined && meant !== model.ino && (await this.#isThere(meant)))
      return `the inode number ${real.ino} is that of another file`;
    const last = this.#last.get(model.ino);
    if (last !== undefined) {
      if (last.real.ino !== real.ino) return `the inode number was ${last.real.ino}`;
      for (const time of ["mtimeNs", "ctimeNs"] as const) {
        if (model.areTimesFree) continue;
        if (model[time] === last.model[time] && real[time] !== last.real[time])
          return `${time} was ${last.real[time]} and nothing has changed it`;
        if (time === "ctimeNs" && real[time] < last.real[time]) return `ctime was ${last.real[time]}, which is later`;
      }
    }
    this.#inoOf.set(real.ino, model.ino);
    this.#last.set(model.ino, { real, model });
    return undefined;
  }
}
