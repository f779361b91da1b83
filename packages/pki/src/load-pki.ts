import { readdirSync } from "node:fs";
import { UserError } from "@kedgefs/core";
import { commonName } from "./describe-certificate.ts";
import { type LoadedPair, loadKeyPair } from "./key-pair.ts";
import { userErrorFromFs } from "./pki-files.ts";
import { pkiLimits } from "./pki-limits.ts";
import { caPaths, clientPaths, isClientName, serverPaths } from "./pki-paths.ts";

/** PEM buffers as node:tls and grpc-js take them, with the moment from which they are worth nothing. */
export interface ServerPki {
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly expires: Date;
  /** Sentences to print or log; empty when all is well. */
  readonly warnings: readonly string[];
}

export interface ClientPki extends ServerPki {
  /** The certificate's common name: who the server takes this client for. */
  readonly identity: string;
}

/** The server's certificate, key and CA in DIR, checked against each other and the clock. UserError with the path otherwise. */
export function loadServerPki(dir: string): ServerPki {
  return toPki(loadKeyPair(serverPaths(dir), caPaths(dir).cert, "server", `kedge pki init --dir ${dir}`));
}

/**
 * The client certificate NAME in DIR with its key and CA, or the only one that DIR holds. UserError where it cannot be used,
 * where there is none, and, with a list, where there are several.
 */
export function loadClientPki(dir: string, name?: string): ClientPki {
  const chosen = name ?? onlyClient(dir);
  const paths = clientPaths(dir, chosen);
  const pair = loadKeyPair(paths, caPaths(dir).cert, "client", `kedge pki issue ${chosen} --dir ${dir} --renew`);
  const identity = commonName(pair.x509);
  if (identity === undefined)
    throw new UserError(`${paths.cert} names no identity: its subject has not one common name`);
  return { ...toPki(pair), identity };
}

/** Names of the client certificates in DIR that have their key beside them, in alphabetical order. */
export function listClients(dir: string): string[] {
  const names = new Set(readFolder(dir));
  return certificateNames(names).filter((name) => names.has(`${name}.key`));
}

function onlyClient(dir: string): string {
  const clients = listClients(dir);
  const [first] = clients;
  if (first !== undefined && clients.length === 1) return first;
  if (first === undefined) {
    const keyless = certificateNames(new Set(readFolder(dir)));
    const detail = keyless.length > 0 ? ` (${listed(keyless)}: without its key)` : "";
    throw new UserError(
      `${dir} holds no client certificate with its key${detail}`,
      `Issue one with: kedge pki issue NAME --dir ${dir}, or say which with --cert NAME.`,
    );
  }
  throw new UserError(
    `${dir} holds ${clients.length} client certificates: ${listed(clients)}`,
    "Say which with --cert NAME.",
  );
}

function certificateNames(files: ReadonlySet<string>): string[] {
  const names = [...files].filter((file) => file.endsWith(".crt")).map((file) => file.slice(0, -".crt".length));
  return names.filter(isClientName).sort();
}

function readFolder(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch (error) {
    throw userErrorFromFs(error, "list certificates", dir);
  }
}

function listed(names: readonly string[]): string {
  const more = names.length - pkiLimits.namesListedMax;
  return names.slice(0, pkiLimits.namesListedMax).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

function toPki({ ca, cert, key, expires, warnings }: LoadedPair): ServerPki {
  return { ca, cert, key, expires, warnings };
}
