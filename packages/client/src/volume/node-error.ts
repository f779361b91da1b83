import { getSystemErrorMap } from "node:util";
import { errnoNumberFromName, toFsError } from "@kedgefs/core";
import type { VolumePath } from "./types.ts";

export interface SystemCall {
  readonly syscall: string;
  readonly path?: VolumePath | undefined;
  readonly dest?: VolumePath | undefined;
}

/** An error as node's `fs` throws it. What has no errno is a bug behind the seam: it becomes EIO with the bug as its cause. */
export function nodeError(error: unknown, { syscall, path, dest }: SystemCall): NodeJS.ErrnoException {
  let cause: unknown;
  const { code } = toFsError(error, (unexpected) => {
    cause = unexpected;
  });
  const errno = -(errnoNumberFromName(code) ?? 0);
  const description = getSystemErrorMap().get(errno)?.[1] ?? "unknown error";
  const where = path === undefined ? "" : ` '${String(path)}'`;
  const whereTo = dest === undefined ? "" : ` -> '${String(dest)}'`;
  const made = new Error(`${code}: ${description}, ${syscall}${where}${whereTo}`, cause === undefined ? {} : { cause });
  return Object.assign(made, {
    code,
    errno,
    syscall,
    ...(path === undefined ? {} : { path: String(path) }),
    ...(dest === undefined ? {} : { dest: String(dest) }),
  });
}

/** Runs a call and gives its failures node's shape. */
export async function asNode<Result>(call: SystemCall, body: () => Promise<Result>): Promise<Result> {
  try {
    return await body();
  } catch (error) {
    throw nodeError(error, call);
  }
}
