import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { UserError } from "@kedgefs/core";
import { deviceError } from "../mount/mount-root.ts";

/**
 * UserError where /dev/fuse cannot be opened, or where an ordinary user has no fusermount. libfuse would print as much on
 * stderr and say "fuse failed".
 */
export async function checkFuse(asRoot: boolean): Promise<void> {
  await access("/dev/fuse", constants.R_OK | constants.W_OK).catch((error: NodeJS.ErrnoException) => {
    throw deviceError(error);
  });
  // Root mounts by mount(2), so that it needs no program of either libfuse.
  if (asRoot || (await isThere("fusermount"))) return;
  throw new UserError(
    "libfuse 2 mounts through the program fusermount, which is missing",
    "apt-get install fuse3, which has fusermount as a link to fusermount3, or use --driver kernel",
  );
}

/** libfuse looks where it was told when it was built (its npm copy: /usr/local/bin; Debian's: /bin), and then on PATH. */
async function isThere(program: string): Promise<boolean> {
  const folders = ["/usr/local/bin", "/bin", ...(process.env.PATH ?? "").split(delimiter)];
  for (const folder of folders) {
    const found = await access(join(folder, program), constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return true;
  }
  return false;
}
