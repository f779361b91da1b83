import { constants, ftruncateSync } from "node:fs";
import { release } from "node:os";
import { close, fstatx, O_TMPFILE, openat } from "@kedgefs/posix";

/** The first Linux whose ext4, xfs, btrfs and tmpfs take a finer time stamp once the last one was looked at. */
const multigrainLinux = [6, 13] as const;

/**
 * Whether two changes of a file can leave it with the same times, because the file system stamps them with the tick of a
 * clock. Then a client must not keep data on the word of the times.
 *
 * Tried with an unnamed file where the export can be written. Where it can't, the kernel's version has to answer.
 */
export function hasCoarseTimes(rootFd: number): boolean {
  let fd: number;
  try {
    fd = openat(rootFd, ".", O_TMPFILE | constants.O_RDWR, 0o600);
  } catch {
    const [major = 0, minor = 0] = release().split(".").map(Number);
    return major < multigrainLinux[0] || (major === multigrainLinux[0] && minor < multigrainLinux[1]);
  }
  try {
    for (let size = 1; size <= 8; size++) {
      const before = fstatx(fd).attr.ctime;
      ftruncateSync(fd, size);
      const after = fstatx(fd).attr.ctime;
      if (before.sec === after.sec && before.nsec === after.nsec) return true;
    }
    return false;
  } finally {
    close(fd);
  }
}
