import { O_PATH, O_RDONLY, O_RDWR, type SetTime } from "@kedgefs/core";
import {
  AT_FDCWD,
  close,
  copyFileRange,
  fallocate,
  getInodeFlags,
  getxattr,
  linkFd,
  listxattr,
  lseek,
  mknodat,
  O_NOFOLLOW,
  O_TMPFILE,
  openat,
  parseXattrNames,
  pwrite,
  removexattr,
  renameat2,
  setInodeFlags,
  setxattr,
  utimensFd,
  xattrListBytesMax,
  xattrValueBytesMax,
} from "@kedgefs/posix";
import type { BeyondNode, ExactTime, VolumePath } from "../volume-api.ts";

const nsPerSec = 1_000_000_000n;

/** The calls that node lacks, on real paths. They are synchronous, so this belongs in a process that serves no mount. */
export const beyondNode: BeyondNode = {
  async mknod(path, mode, rdev = 0) {
    mknodat(AT_FDCWD, path, mode, rdev);
  },
  async renameat2(oldPath, newPath, flags) {
    renameat2(AT_FDCWD, oldPath, AT_FDCWD, newPath, flags);
  },
  async getxattr(path, name, options) {
    const value = Buffer.alloc(xattrValueBytesMax);
    return withPath(path, options, (fd) => Buffer.from(value.subarray(0, getxattr(fd, name, value))));
  },
  async setxattr(path, name, value, flags = 0, options) {
    withPath(path, options, (fd) => setxattr(fd, name, value, flags));
  },
  async listxattr(path, options) {
    const list = Buffer.alloc(xattrListBytesMax);
    return withPath(path, options, (fd) => parseXattrNames(list, listxattr(fd, list)).map(String));
  },
  async removexattr(path, name, options) {
    withPath(path, options, (fd) => removexattr(fd, name));
  },
  async fallocate(path, mode, offset, length) {
    await withFile(path, O_RDWR, (fd) => fallocate(fd, mode, offset, length));
  },
  async lseek(path, offset, whence) {
    return withFile(path, O_RDONLY, async (fd) => lseek(fd, offset, whence));
  },
  async copyFileRange(path, offset, newPath, newOffset, length) {
    return withFile(path, O_RDONLY, (fd) =>
      withFile(newPath, O_RDWR, (newFd) => copyFileRange(fd, offset, newFd, newOffset, length)),
    );
  },
  async getInodeFlags(path) {
    return withFile(path, O_RDONLY, async (fd) => getInodeFlags(fd));
  },
  async setInodeFlags(path, flags) {
    await withFile(path, O_RDONLY, async (fd) => setInodeFlags(fd, flags));
  },
  async nameUnnamed(directory, data, newPath, flags = 0) {
    await withFile(directory, O_TMPFILE | O_RDWR | flags, async (fd) => {
      await pwrite(fd, Buffer.from(data), 0n);
      linkFd(fd, AT_FDCWD, newPath);
    });
  },
  async utimensat(path, atime, mtime, options) {
    withPath(path, options, (fd) => utimensFd(fd, setTimeFrom(atime), setTimeFrom(mtime)));
  },
};

function withPath<Result>(
  path: VolumePath,
  options: { nofollow?: boolean } | undefined,
  body: (fd: number) => Result,
): Result {
  const fd = openat(AT_FDCWD, path, O_PATH | (options?.nofollow ? O_NOFOLLOW : 0));
  try {
    return body(fd);
  } finally {
    close(fd);
  }
}

async function withFile<Result>(
  path: VolumePath,
  flags: number,
  body: (fd: number) => Promise<Result>,
): Promise<Result> {
  const fd = openat(AT_FDCWD, path, flags, 0o666);
  try {
    return await body(fd);
  } finally {
    close(fd);
  }
}

function setTimeFrom(time: ExactTime): SetTime | undefined {
  if (time === "omit") return undefined;
  if (time === "now") return { sec: 0, nsec: 0, now: true };
  const nsec = ((time % nsPerSec) + nsPerSec) % nsPerSec;
  return { sec: Number((time - nsec) / nsPerSec), nsec: Number(nsec), now: false };
}
