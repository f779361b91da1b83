import { UserError } from "@kedgefs/core";
import { runProgram } from "../mount/run-program.ts";
import { busyHint, type UnmountOptions, unmountPath } from "../mount/unmount.ts";

/**
 * Unmounts as the kernel driver does, and where there is only libfuse 2 by its fusermount, which unmounts for ordinary users
 * just as fusermount3 does. UserError where the mount is in use.
 */
export async function detach(mountpoint: string, options: UnmountOptions): Promise<void> {
  if (process.geteuid?.() === 0 || !(await isOnlyLibfuse2())) return await unmountPath(mountpoint, options);
  const { code, output } = await runProgram("fusermount", [options.lazy ? "-uz" : "-u", "--", mountpoint]);
  if (code === 0) return;
  const words = output.replaceAll(/^fusermount: /gm, "");
  throw new UserError(`fusermount did not unmount ${mountpoint}: ${words}`, busyHint(mountpoint));
}

async function isOnlyLibfuse2(): Promise<boolean> {
  return !(await runs("fusermount3")) && (await runs("fusermount"));
}

/** Whether a program can be started: it is asked for its version, and what it answers does not matter. */
function runs(program: string): Promise<boolean> {
  return runProgram(program, ["-V"]).then(
    () => true,
    () => false,
  );
}
