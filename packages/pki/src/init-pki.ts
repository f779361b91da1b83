import type { X509Certificate } from "node:crypto";
import { mkdir, stat } from "node:fs/promises";
import { type Logger, UserError } from "@kedgefs/core";
import { createAuthority, loadCaCertificate } from "./authority.ts";
import { type CertificateDescription, dateText, describeX509, parseCertificate } from "./describe-certificate.ts";
import { coversHost, hostsWithDefaults, subjectAltHosts } from "./hosts.ts";
import { issueServer } from "./issue-server.ts";
import { loadKeyPair } from "./key-pair.ts";
import { exists, readPemFile, userErrorFromFs } from "./pki-files.ts";
import { dayMs, pkiLimits } from "./pki-limits.ts";
import { caPaths, serverPaths } from "./pki-paths.ts";

export interface InitPkiOptions {
  readonly dir: string;
  /** Host names and IP addresses besides localhost, 127.0.0.1, ::1 and this machine's name. */
  readonly hosts?: readonly string[];
  /** Of the server's certificate, 825 by default. The CA's is ten years. */
  readonly validityDays?: number;
  readonly logger?: Logger;
}

export interface PkiSummary {
  readonly dir: string;
  readonly ca: CertificateDescription;
  readonly server: CertificateDescription;
  /** Whether this call made the CA; false means that it was there and was kept. */
  readonly caCreated: boolean;
  /** Whether this call issued the server's certificate. */
  readonly serverIssued: boolean;
  /** What was done and what was found, one sentence each, for a person. */
  readonly messages: readonly string[];
}

/**
 * Makes a CA and a server certificate in DIR, which is created (0700) where it is missing. Safe to run again: the CA is kept,
 * and the server's certificate is issued anew only where it is missing, unusable, about to expire or lacks a wanted host; it
 * keeps the hosts that it had. Throws UserError.
 */
export async function initPki(options: InitPkiOptions): Promise<PkiSummary> {
  const { dir, logger } = options;
  const wanted = hostsWithDefaults(options.hosts ?? []);
  await makeFolder(dir, logger);
  const caCreated = await ensureAuthority(dir);
  const ca = loadCaCertificate(dir);
  const messages = [
    caCreated
      ? `Made a certificate authority: ${caPaths(dir).cert}, valid until ${dateText(ca.validToDate)}.`
      : `Kept the certificate authority ${caPaths(dir).cert}, valid until ${dateText(ca.validToDate)}.`,
  ];

  const present = await inspectServer(dir, wanted);
  let server = present.certificate === undefined ? undefined : describeX509(present.certificate);
  const serverIssued = present.flaw !== undefined || server === undefined;
  if (serverIssued) {
    const issued = await issueServer({
      dir,
      hosts: [...wanted, ...(present.certificate === undefined ? [] : subjectAltHosts(present.certificate))],
      ...(options.validityDays === undefined ? {} : { validityDays: options.validityDays }),
    });
    server = issued.certificate;
  }
  if (server === undefined) throw new Error("no server certificate after it was issued");
  const path = serverPaths(dir).cert;
  const facts = `valid until ${dateText(server.notAfter)} for ${server.sans.join(", ")}`;
  messages.push(
    serverIssued
      ? `Issued the server certificate ${path}${present.flaw ? `, because ${present.flaw}` : ""}: ${facts}.`
      : `Kept the server certificate ${path}: ${facts}.`,
  );
  for (const message of messages) logger?.info(message);
  return { dir, ca: describeX509(ca), server, caCreated, serverIssued, messages };
}

async function makeFolder(dir: string, logger: Logger | undefined): Promise<void> {
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    const { mode } = await stat(dir);
    if ((mode & 0o022) !== 0) {
      logger?.warn(`Others than its owner can write to ${dir} and so exchange certificates; use: chmod 700 ${dir}`);
    }
  } catch (error) {
    throw userErrorFromFs(error, "make the folder", dir);
  }
}

/** Makes the CA if nothing of it is there. Returns whether it did. UserError for halves: nothing is ever overwritten. */
async function ensureAuthority(dir: string): Promise<boolean> {
  const ca = caPaths(dir);
  if (await exists(ca.cert)) return false;
  const rests = [ca.key, serverPaths(dir).cert, serverPaths(dir).key];
  for (const path of rests) {
    if (await exists(path)) {
      throw new UserError(
        `${path} is there, but the certificate of its CA, ${ca.cert}, is missing`,
        `Bring ${ca.cert} back from a backup, or start afresh in an empty folder.`,
      );
    }
  }
  await createAuthority(dir);
  return true;
}

interface ServerFinding {
  readonly certificate?: X509Certificate;
  /** Why the certificate that is there will not do, as the end of a sentence that begins with "because". */
  readonly flaw?: string;
}

async function inspectServer(dir: string, wanted: readonly string[]): Promise<ServerFinding> {
  const paths = serverPaths(dir);
  if (!(await exists(paths.cert)) && !(await exists(paths.key))) return {};
  let certificate: X509Certificate | undefined;
  try {
    // Read by itself first: its hosts are worth keeping even if it has expired or lost its key.
    certificate = parseCertificate(readPemFile(paths.cert, "certificate of the server", "").pem, paths.cert);
    loadKeyPair(paths, caPaths(dir).cert, "server", "");
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return certificate === undefined ? { flaw: error.message } : { certificate, flaw: error.message };
  }
  const found = certificate;
  const missing = wanted.filter((host) => !coversHost(found, host));
  if (missing.length > 0) return { certificate, flaw: `the one there lacked ${missing.join(", ")}` };
  if (certificate.validToDate.getTime() - Date.now() < pkiLimits.expiryWarningDays * dayMs) {
    return { certificate, flaw: `the one there expires on ${dateText(certificate.validToDate)}` };
  }
  return { certificate };
}
