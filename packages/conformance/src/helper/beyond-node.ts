import { O_PATH, type SetTime } from "@kedgefs/core";
import { AT_FDCWD, close, mknodat, O_NOFOLLOW, openat, renameat2, utimensFd } from "@kedgefs/posix";
import type { BeyondNode, ExactTime } from "../volume-api.ts";

const nsPerSec = 1_000_000_000n;

/** The calls that node lacks, on real paths. They are synchronous, so this belongs in a process that serves no mount. */
export const beyondNode: BeyondNode = {
  async mknod(path, mode, rdev = 0) {
    mknodat(AT_FDCWD, path, mode, rdev);
  },
  async renameat2(oldPath, newPath, flags) {
    renameat2(AT_FDCWD, oldPath, AT_FDCWD, newPath, flags);
  },
  async utimensat(path, atime, mtime, options) {
    const fd = openat(AT_FDCWD, path, O_PATH | (options?.nofollow ? O_NOFOLLOW : 0));
    try {
      utimensFd(fd, setTimeFrom(atime), setTimeFrom(mtime));
    } finally {
      close(fd);
    }
  },
};

function setTimeFrom(time: ExactTime): SetTime | undefined {
  if (time === "omit") return undefined;
  if (time === "now") return { sec: 0, nsec: 0, now: true };
  const nsec = ((time % nsPerSec) + nsPerSec) % nsPerSec;
  return { sec: Number((time - nsec) / nsPerSec), nsec: Number(nsec), now: false };
}
