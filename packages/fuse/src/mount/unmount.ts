import { UserError } from "@kedgefs/core";
import { MNT_DETACH, UMOUNT_NOFOLLOW } from "@kedgefs/posix";
import { runFusermount } from "./mount-user.ts";
import { runProgram } from "./run-program.ts";

export interface UnmountOptions {
  /** Takes it out of the tree at once; what is open stays usable until it is closed (MNT_DETACH of umount(2)). */
  readonly lazy?: boolean;
}

/**
 * Unmounts what is on `mountpoint` (an absolute path), whoever serves it. UserError where it is in use, or is not mounted.
 *
 * umount2(2) waits in the kernel for dirty pages to be written, and so for answers of whoever serves the mount. That may be
 * this very thread, so the call is made in a child process, as root directly and otherwise by fusermount3.
 */
export async function unmountPath(mountpoint: string, { lazy = false }: UnmountOptions = {}): Promise<void> {
  if (process.geteuid?.() === 0) await unmountAsRoot(mountpoint, lazy);
  else await unmountAsUser(mountpoint, lazy);
}

/** Run by a Node of its own: prints the errno name of what umount2 threw. */
const childProgram = `
const [posix, mountpoint, flags] = process.argv.slice(1);
const { umount2 } = await import(posix);
try {
  umount2(mountpoint, Number(flags));
} catch (error) {
  process.stdout.write(error.code ?? String(error));
  process.exitCode = 1;
}`;

async function unmountAsRoot(mountpoint: string, lazy: boolean): Promise<void> {
  const flags = UMOUNT_NOFOLLOW | (lazy ? MNT_DETACH : 0);
  const posix = import.meta.resolve("@kedgefs/posix");
  const args = ["--no-warnings", "--input-type=module", "--eval", childProgram, posix, mountpoint, String(flags)];
  const { code, output } = await runProgram(process.execPath, args);
  if (code === 0) return;
  switch (output) {
    case "EBUSY":
      throw busyError(mountpoint);
    case "EINVAL":
    case "ENOENT":
      throw new UserError(`nothing is mounted on ${mountpoint}`);
    case "EPERM":
      throw new UserError("the kernel does not let this process unmount", "it takes root with CAP_SYS_ADMIN");
    default:
      throw new UserError(`unmounting ${mountpoint} failed: ${output}`);
  }
}

async function unmountAsUser(mountpoint: string, lazy: boolean): Promise<void> {
  const { code, output } = await runFusermount([lazy ? "-uz" : "-u", "--", mountpoint]);
  if (code === 0) return;
  const words = output.replaceAll(/^fusermount3: /gm, "");
  throw new UserError(`fusermount3 did not unmount ${mountpoint}: ${words}`, busyHint(mountpoint));
}

function busyError(mountpoint: string): UserError {
  return new UserError(
    `a program uses ${mountpoint}: it has a file open there or its working directory`,
    busyHint(mountpoint),
  );
}

export function busyHint(mountpoint: string): string {
  const lazily = `kedge umount --lazy ${mountpoint}`;
  return `fuser -vm ${mountpoint} shows which; ${lazily} takes the mount away without waiting for them`;
}
