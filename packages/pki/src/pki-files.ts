import { randomBytes } from "node:crypto";
import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { link, lstat, open, rename, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { UserError } from "@kedgefs/core";
import { pkiLimits } from "./pki-limits.ts";

export interface PkiFile {
  readonly path: string;
  readonly data: string;
  /** Permission bits that the file gets whatever the umask is. */
  readonly mode: number;
}

/**
 * Reads a PEM file. `what` names its content for the error, `missingHint` says what to do where the file does not exist.
 * Throws UserError, with the path, for every reason why it cannot be read.
 */
export function readPemFile(path: string, what: string, missingHint: string): { pem: Buffer; mode: number } {
  try {
    const descriptor = openSync(path, "r");
    try {
      const { size, mode } = fstatSync(descriptor);
      if (size > pkiLimits.pemBytesMax) throw new UserError(`${path} is too large (${size} bytes) to be ${what}`);
      return { pem: readFileSync(descriptor), mode: mode & 0o7777 };
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    if (errnoOf(error) === "ENOENT") throw new UserError(`${path} is missing, which should be ${what}`, missingHint);
    throw userErrorFromFs(error, `read ${what}`, path);
  }
}

/**
 * Writes files that belong together, in their order. Each appears whole or not at all: it is written and synced under a
 * temporary name first. With `replace` false nothing that exists is touched: UserError, with none of the files written.
 */
export async function writePkiFiles(files: readonly PkiFile[], replace: boolean): Promise<void> {
  const temporary: string[] = [];
  const placed: string[] = [];
  try {
    for (const file of files) {
      const name = join(dirname(file.path), `.${randomBytes(8).toString("hex")}.tmp`);
      const handle = await open(name, "wx", 0o600);
      temporary.push(name);
      try {
        await handle.writeFile(file.data);
        await handle.chmod(file.mode);
        await handle.sync();
      } finally {
        await handle.close();
      }
    }
    for (const [index, file] of files.entries()) {
      const from = temporary[index];
      if (from === undefined) throw new Error(`no temporary file for ${file.path}`);
      if (replace) await rename(from, file.path);
      else await placeNew(from, file.path);
      placed.push(file.path);
    }
  } catch (error) {
    if (!replace) for (const path of placed) await unlink(path);
    throw userErrorFromFs(error, "write", files[placed.length]?.path ?? "");
  } finally {
    // Those that were renamed are gone already.
    for (const path of temporary) await unlink(path).catch(() => undefined);
  }
}

/** rename(2) would replace a file that somebody else made in this moment; link(2) refuses with EEXIST. */
async function placeNew(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    // File systems without hard links (vfat, exfat): the check has a gap there, which costs nothing but a lost race.
    const code = errnoOf(error);
    if (code !== "EPERM" && code !== "EOPNOTSUPP" && code !== "ENOTSUP") throw error;
    if (await exists(to)) throw Object.assign(new Error(`${to} exists`), { code: "EEXIST" });
    await rename(from, to);
  }
}

export async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return false;
    throw userErrorFromFs(error, "look at", path);
  }
}

/** The error of a system call in the words of the person who has to do something about it. A UserError stays what it is. */
export function userErrorFromFs(error: unknown, action: string, path: string): UserError {
  if (error instanceof UserError) return error;
  const subject = `cannot ${action}: ${path}`;
  switch (errnoOf(error)) {
    case "EACCES":
    case "EPERM":
      return new UserError(
        `${subject}: no permission`,
        `Run as the owner of ${path}, or have its permissions changed.`,
      );
    case "EEXIST":
      return new UserError(`${subject}: it exists already`);
    case "ENOENT":
      return new UserError(
        `${subject}: it does not exist`,
        `Make the folder with: kedge pki init --dir ${dirname(path)}`,
      );
    case "ENOTDIR":
      return new UserError(`${subject}: a part of this path is not a folder`);
    case "EISDIR":
      return new UserError(`${subject}: it is a folder`);
    default:
      return new UserError(`${subject}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function errnoOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" ? code : undefined;
}
