import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { succeed } from "./run.ts";

/** The user "nobody", who owns nothing and has no rights. */
export const nobody = 65_534;

/** What this machine lacks for mounting as the user who runs the tests, or false: for a test's `skip`. */
export function lacksMounts(): string | false {
  try {
    accessSync("/dev/fuse", constants.R_OK | constants.W_OK);
  } catch {
    return "takes a /dev/fuse that may be opened";
  }
  return process.getuid?.() === 0 ? false : lacksPrograms("fusermount3");
}

/** Which of these programs are not on PATH, or false. */
export function lacksPrograms(...programs: readonly string[]): string | false {
  const missing = programs.filter((program) => !isOnPath(program));
  return missing.length > 0 && `takes ${missing.join(", ")}`;
}

/** Why nothing can be done here in other users' names, or false. */
export function lacksRoot(): string | false {
  return process.getuid?.() !== 0 && "takes root";
}

/** What is missing for running things as `nobody`, or false. */
export async function lacksUserNobody(): Promise<string | false> {
  const lacking = lacksRoot();
  if (lacking) return lacking;
  return await succeed(process.execPath, ["--version"], { uid: nobody, gid: nobody, cwd: "/" }).then(
    () => false as const,
    () => "takes a Node that ordinary users may run",
  );
}

/** Why fuse-native can't mount here, or false. */
export async function lacksFuseNative(): Promise<string | false> {
  return await import("fuse-native/package.json", { with: { type: "json" } }).then(
    () => lacksMounts(),
    () => "takes the package fuse-native, which is optional",
  );
}

function isOnPath(program: string): boolean {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
