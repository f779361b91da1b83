import { hash, randomBytes, timingSafeEqual } from "node:crypto";
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "@kedgefs/core";
import { flock } from "@kedgefs/posix";

const secretBytes = 32;
const sealBytes = 16;

/** Proves to the server itself that it made some bytes: a node identity, a ticket of an open. */
export interface Sealer {
  /** 16 bytes of a MAC over `purpose` and `bytes`. */
  seal(purpose: string, bytes: Uint8Array): Buffer;
  verify(purpose: string, bytes: Uint8Array, seal: Uint8Array): boolean;
}

/** What the server keeps between two of its lives. One server at a time has it; a lock that dies with the process sees to it. */
export interface StateDirectory extends Sealer {
  pathOf(name: string): string;
  close(): void;
}

/**
 * Opens (and makes, 0700) a server's state directory. UserError if another server has it, or it cannot be used.
 *
 * The secret in it keys every node identity: without it clients' identities from before cannot be verified and are ESTALE.
 */
export function openStateDirectory(dir: string): StateDirectory {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new UserError(
      `the state directory ${dir} cannot be made: ${(error as Error).message}`,
      "choose another with --state DIR",
    );
  }
  let lockFd: number;
  try {
    lockFd = openSync(join(dir, "lock"), "a+", 0o600);
  } catch (error) {
    throw new UserError(
      `the state directory ${dir} cannot be used: ${(error as Error).message}`,
      "choose another with --state DIR",
    );
  }
  if (!flock(lockFd, { exclusive: true, nonblocking: true })) {
    closeSync(lockFd);
    throw new UserError(
      `another server is running on the state directory ${dir}`,
      "stop it, or give this one a directory of its own with --state DIR",
    );
  }
  let secret: Buffer;
  try {
    secret = loadSecret(join(dir, "secret"));
  } catch (error) {
    closeSync(lockFd);
    throw error;
  }
  // SHA-512/256 can't be extended, so a secret put before the text makes a MAC of it, at a tenth of what an Hmac object costs.
  const seal = (purpose: string, bytes: Uint8Array): Buffer =>
    hash("sha512-256", Buffer.concat([secret, Buffer.from(`${purpose}\0`), bytes]), "buffer").subarray(0, sealBytes);
  return {
    seal,
    verify: (purpose, bytes, given) => given.length === sealBytes && timingSafeEqual(seal(purpose, bytes), given),
    pathOf: (name) => join(dir, name),
    close: () => closeSync(lockFd),
  };
}

function loadSecret(path: string): Buffer {
  try {
    const secret = readFileSync(path);
    if (secret.length !== secretBytes) {
      throw new UserError(
        `${path} is damaged (${secret.length} bytes, not ${secretBytes})`,
        "restore it from a backup, or remove it: clients must then mount again",
      );
    }
    return secret;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  const secret = randomBytes(secretBytes);
  const fresh = `${path}.new`;
  rmSync(fresh, { force: true });
  writeFileSync(fresh, secret, { mode: 0o600, flag: "wx", flush: true });
  renameSync(fresh, path);
  return secret;
}
