import { FsError } from "./errno.ts";
import { limits } from "./limits.ts";
import type { Name } from "./types.ts";

const slash = 0x2f;
const dot = 0x2e;

/** Rejects what is not one component of a path (path_resolution(7)): EINVAL, or ENAMETOOLONG over 255 bytes. */
export function checkName(name: Name): void {
  const length = name.length;
  if (length > limits.nameBytesMax)
    throw new FsError("ENAMETOOLONG", `a name has ${length} bytes, at most 255 are possible`);
  if (length === 0) throw new FsError("EINVAL", "a name is empty");
  if (name[0] === dot && (length === 1 || (length === 2 && name[1] === dot))) {
    throw new FsError("EINVAL", 'the names "." and ".." lead nowhere here');
  }
  if (name.includes(slash) || name.includes(0)) throw new FsError("EINVAL", "a name contains a slash or a NUL byte");
}
