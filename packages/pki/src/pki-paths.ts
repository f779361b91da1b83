import { join } from "node:path";
import { UserError } from "@kedgefs/core";

export interface KeyPairPaths {
  readonly cert: string;
  readonly key: string;
}

export const caPaths = (dir: string): KeyPairPaths => pathsOf(dir, "ca");
export const serverPaths = (dir: string): KeyPairPaths => pathsOf(dir, "server");

/** Paths of a client's certificate and key. Throws UserError for a name that cannot be one. */
export function clientPaths(dir: string, name: string): KeyPairPaths {
  checkClientName(name);
  return pathsOf(dir, name);
}

export function isClientName(name: string): boolean {
  return /^[A-Za-z0-9._@-]{1,64}$/.test(name) && !/^(ca|server)$/i.test(name);
}

/** A client's name is a file name and an X.509 common name at once; 64 characters is the latter's bound (RFC 5280, ub-common-name). */
export function checkClientName(name: string): void {
  if (isClientName(name)) return;
  throw new UserError(
    `${JSON.stringify(name)} cannot be the name of a client`,
    'A name has 1 to 64 of the characters A-Z a-z 0-9 . _ @ - and is neither "ca" nor "server".',
  );
}

function pathsOf(dir: string, name: string): KeyPairPaths {
  return { cert: join(dir, `${name}.crt`), key: join(dir, `${name}.key`) };
}
