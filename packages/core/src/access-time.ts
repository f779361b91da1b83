import type { Attr, Timespec } from "./types.ts";

/** An access time this young is left alone by a read (relatime, mount(8)): a day, less what two clocks may differ by. */
const relatimeMs = 23 * 3_600_000;

/** Whether a read may move the access time of what has these attributes. `strict`: every read does, see AttachReply. */
export function readMovesAtime({ atime, mtime, ctime }: Attr, strict: boolean): boolean {
  if (strict) return true;
  return !isLater(atime, mtime) || !isLater(atime, ctime) || Date.now() - atime.sec * 1000 > relatimeMs;
}

const isLater = (a: Timespec, b: Timespec): boolean => a.sec > b.sec || (a.sec === b.sec && a.nsec > b.nsec);
