import { closeSync, constants } from "node:fs";
import { access } from "node:fs/promises";
import { UserError } from "@kedgefs/core";
import { receiveFd, socketpair } from "@kedgefs/posix";
import { deviceError, type MountCall } from "./mount-root.ts";
import type { MountOptions } from "./options.ts";
import { type ProgramResult, runProgram } from "./run-program.ts";

/**
 * Mounts as an ordinary user, through the set-uid program fusermount3: it opens /dev/fuse, mounts, and passes the descriptor
 * over the socket that _FUSE_COMMFD names. Returns the descriptor. UserError where it refuses, with its own words.
 */
export async function mountAsUser(call: MountCall): Promise<number> {
  const { a: ours, b: theirs } = socketpair();
  try {
    const result = await runFusermount(["-o", optionsFrom(call), "--", call.mountpoint], theirs);
    if (result.code !== 0) throw await refusal(call, result.output);
    // It has sent the descriptor before it ended, so this doesn't wait.
    return receiveFd(ours);
  } finally {
    closeSync(ours);
    closeSync(theirs);
  }
}

/** Runs fusermount3. UserError where it is not installed. */
export async function runFusermount(args: readonly string[], commFd?: number): Promise<ProgramResult> {
  try {
    if (commFd === undefined) return await runProgram("fusermount3", args);
    return await runProgram("fusermount3", args, { env: { ...process.env, _FUSE_COMMFD: "3" }, fd3: commFd });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new UserError("the program fusermount3 is missing, which mounts for ordinary users", "apt-get install fuse3");
  }
}

async function refusal({ mountpoint, options }: MountCall, output: string): Promise<UserError> {
  const words = output.replaceAll(/^(fusermount3|fuse): /gm, "") || "it gave no reason";
  return new UserError(`fusermount3 did not mount on ${mountpoint}: ${words}`, await hintAfterRefusal(options));
}

/** fusermount3 says what it did not like in words alone; these are the two reasons that somebody can do something about. */
async function hintAfterRefusal({ allowOther }: MountOptions): Promise<string | undefined> {
  const denied = await access("/dev/fuse", constants.R_OK | constants.W_OK).then(
    () => undefined,
    (error: NodeJS.ErrnoException) => error,
  );
  if (denied !== undefined) return deviceError(denied).hint;
  return allowOther ? "allow_other needs the line user_allow_other in /etc/fuse.conf" : undefined;
}

function optionsFrom({ source, subtype, options }: MountCall): string {
  const words = [`fsname=${escaped(source)}`, `subtype=${escaped(subtype)}`, `max_read=${options.maxReadBytes}`];
  return [...words, ...flagWords(options)].join(",");
}

/** fusermount3 sets nosuid and nodev for users itself, and refuses suid and dev with a warning. */
function flagWords(options: MountOptions): readonly string[] {
  const words: readonly [boolean | undefined, string][] = [
    [options.readOnly, "ro"],
    [options.noexec, "noexec"],
    [options.noatime, "noatime"],
    [options.allowOther, "allow_other"],
    [options.defaultPermissions, "default_permissions"],
  ];
  return words.flatMap(([isSet, word]) => (isSet ? [word] : []));
}

function escaped(value: string): string {
  return value.replaceAll(/[\\,]/g, "\\$&");
}
