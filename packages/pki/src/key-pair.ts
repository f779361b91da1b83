import { createPrivateKey, type KeyObject, type X509Certificate } from "node:crypto";
import { UserError } from "@kedgefs/core";
import { dateText, parseCertificate } from "./describe-certificate.ts";
import { readPemFile } from "./pki-files.ts";
import { dayMs, pkiLimits } from "./pki-limits.ts";
import type { KeyPairPaths } from "./pki-paths.ts";

/** What a server and a client have in common: PEM buffers as node:tls and grpc-js take them. */
export interface LoadedPair {
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly x509: X509Certificate;
  readonly expires: Date;
  /** Sentences for the person who runs the program: what works today and will not for ever, or is not as safe as it should be. */
  readonly warnings: readonly string[];
}

/** Object identifiers of the extended key usages (RFC 5280, 4.2.1.12) as X509Certificate.keyUsage gives them. */
const purposes = { server: "1.3.6.1.5.5.7.3.1", client: "1.3.6.1.5.5.7.3.2" } as const;

/**
 * Reads a certificate, its key and the CA's certificate, and checks that they fit together and are valid now. UserError, with
 * the path and what to do, otherwise. `renewHint` is the command that issues this certificate again.
 */
export function loadKeyPair(
  paths: KeyPairPaths,
  caPath: string,
  purpose: keyof typeof purposes,
  renewHint: string,
): LoadedPair {
  const caHint = "Copy ca.crt from the folder in which the certificates were issued.";
  const ca = readPemFile(caPath, "certificate of the CA", caHint);
  const cert = readPemFile(paths.cert, `certificate of the ${purpose}`, renewHint);
  const key = readPemFile(paths.key, `key of the ${purpose}`, renewHint);
  const authorities = splitCertificates(ca.pem, caPath);
  const chain = splitCertificates(cert.pem, paths.cert);
  const [x509] = chain;
  if (x509 === undefined) throw new UserError(`${paths.cert} holds no certificate`, renewHint);

  if (!x509.checkPrivateKey(parsePrivateKey(key.pem, paths.key))) {
    throw new UserError(`${paths.key} is not the key of ${paths.cert}`, `Bring back the right one, or: ${renewHint}`);
  }
  const usages = x509.keyUsage as readonly string[] | undefined;
  if (usages !== undefined && !usages.includes(purposes[purpose])) {
    throw new UserError(`${paths.cert} is not the certificate of a ${purpose}`, renewHint);
  }
  // With intermediates in the file, building the chain is left to TLS.
  const issuer = authorities.find((authority) => x509.checkIssued(authority) && x509.verify(authority.publicKey));
  if (chain.length === 1 && issuer === undefined) {
    throw new UserError(`${paths.cert} was not issued by the CA in ${caPath}`, caHint);
  }
  checkValidity(x509, paths.cert, renewHint);
  if (issuer !== undefined) {
    checkValidity(
      issuer,
      caPath,
      "Make a new CA in an empty folder with kedge pki init, and issue every certificate again.",
    );
  }

  const warnings: string[] = [];
  for (const [certificate, path] of [[x509, paths.cert] as const, [issuer ?? x509, caPath] as const]) {
    const daysLeft = (certificate.validToDate.getTime() - Date.now()) / dayMs;
    if (daysLeft < pkiLimits.expiryWarningDays) {
      const hint = path === caPath ? "" : ` ${renewHint}`;
      warnings.push(`${path} expires on ${dateText(certificate.validToDate)}, in ${Math.floor(daysLeft)} days.${hint}`);
      break;
    }
  }
  if ((key.mode & 0o077) !== 0) {
    warnings.push(`${paths.key} can be read by others than its owner; change that with: chmod 600 ${paths.key}`);
  }
  return { ca: ca.pem, cert: cert.pem, key: key.pem, x509, expires: x509.validToDate, warnings };
}

/** UserError where the certificate is not valid at this moment by this machine's clock. */
export function checkValidity(certificate: X509Certificate, path: string, expiredHint: string): void {
  const now = Date.now();
  if (certificate.validToDate.getTime() <= now) {
    throw new UserError(`${path} expired on ${dateText(certificate.validToDate)}`, expiredHint);
  }
  if (certificate.validFromDate.getTime() > now) {
    const from = certificate.validFromDate.toISOString();
    throw new UserError(`${path} is valid only from ${from}`, `The clock here says ${new Date(now).toISOString()}.`);
  }
}

export function parsePrivateKey(pem: Buffer, path: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    const encrypted = pem.includes("ENCRYPTED");
    throw new UserError(
      encrypted ? `${path} is encrypted with a passphrase` : `${path} holds no readable private key`,
      encrypted
        ? `Keys are read without asking. Decrypt it with: openssl pkey -in ${path} -out NEW.key`
        : `Restore the file, or issue it again (${error instanceof Error ? error.message : String(error)}).`,
    );
  }
}

function splitCertificates(pem: Buffer, path: string): X509Certificate[] {
  const blocks = pem.toString("latin1").match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g);
  if (blocks === null) return [parseCertificate(pem, path)];
  return blocks.map((block) => parseCertificate(block, path));
}
