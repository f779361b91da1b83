import { randomBytes, type X509Certificate } from "node:crypto";
import { UserError } from "@kedgefs/core";
import forge from "node-forge";
import {
  buildCertificate,
  type CertificateParts,
  caExtensions,
  generateRsaKeys,
  type Issuer,
  privateKeyPem,
} from "./build-certificate.ts";
import { parseCertificate } from "./describe-certificate.ts";
import { checkValidity, parsePrivateKey } from "./key-pair.ts";
import { readPemFile, writePkiFiles } from "./pki-files.ts";
import { dayMs, pkiLimits } from "./pki-limits.ts";
import { caPaths, type KeyPairPaths } from "./pki-paths.ts";

/** A CA that can sign: its certificate and its key. */
export interface Authority extends Issuer {
  readonly x509: X509Certificate;
}

/** Makes a CA in DIR. UserError where ca.crt or ca.key exists: a CA is never overwritten. */
export async function createAuthority(dir: string): Promise<void> {
  const paths = caPaths(dir);
  const keys = await generateRsaKeys();
  const notBefore = new Date(Date.now() - pkiLimits.clockSkewMs);
  const certificate = buildCertificate(
    {
      // A name of its own for each CA, so that "signed by another CA" can be told from "badly signed".
      subject: `KedgeFS CA ${randomBytes(4).toString("hex")}`,
      publicKey: keys.publicKey,
      notBefore,
      notAfter: new Date(notBefore.getTime() + pkiLimits.caValidityDays * dayMs),
      extensions: caExtensions,
    },
    keys.privateKey,
  );
  await writePkiFiles(
    [
      { path: paths.key, data: privateKeyPem(keys.privateKey), mode: 0o600 },
      { path: paths.cert, data: certificate, mode: 0o644 },
    ],
    false,
  );
}

/** The CA's certificate in DIR, valid at present. UserError otherwise. */
export function loadCaCertificate(dir: string): X509Certificate {
  const path = caPaths(dir).cert;
  const { pem } = readPemFile(path, "the certificate of the CA", `Make a CA with: kedge pki init --dir ${dir}`);
  const x509 = parseCertificate(pem, path);
  if (!x509.ca)
    throw new UserError(`${path} is not the certificate of a CA`, "It may have been overwritten; restore it.");
  checkValidity(x509, path, "Make a new CA in an empty folder with kedge pki init, and issue every certificate again.");
  return x509;
}

/** The CA in DIR with its key. UserError, with a hint, where anything about it would make what it signs worthless. */
export function loadAuthority(dir: string): Authority {
  const paths = caPaths(dir);
  const x509 = loadCaCertificate(dir);
  const { pem } = readPemFile(
    paths.key,
    "the key of the CA",
    `Certificates are issued where the CA's key is kept. Bring ${paths.key} back from there or from a backup.`,
  );
  const nativeKey = parsePrivateKey(pem, paths.key);
  if (nativeKey.asymmetricKeyType !== "rsa") {
    throw new UserError(
      `${paths.key} is not an RSA key`,
      "This CA was made by another tool: issue certificates with that tool, and put them into the folder.",
    );
  }
  if (!x509.checkPrivateKey(nativeKey)) {
    throw new UserError(
      `${paths.key} is not the key of ${paths.cert}`,
      "Bring back the two files that belong together from a backup.",
    );
  }
  return {
    x509,
    certificate: forge.pki.certificateFromPem(x509.toString()),
    key: forge.pki.privateKeyFromPem(nativeKey.export({ format: "pem", type: "pkcs8" }).toString()),
  };
}

export interface LeafOptions {
  readonly subject: string;
  readonly extensions: CertificateParts["extensions"];
  readonly validityDays: number | undefined;
  readonly notBefore: Date | undefined;
  readonly replace: boolean;
}

/** Generates a key, signs a certificate for it and writes both. A leaf never outlives its CA. */
export async function issueLeaf(authority: Authority, paths: KeyPairPaths, options: LeafOptions): Promise<void> {
  const days = options.validityDays ?? pkiLimits.leafValidityDays;
  if (!(days > 0 && days <= pkiLimits.validityDaysMax)) {
    throw new UserError(
      `a certificate cannot be valid for ${days} days`,
      `Give 1 to ${pkiLimits.validityDaysMax} days.`,
    );
  }
  const keys = await generateRsaKeys();
  const notBefore = options.notBefore ?? new Date(Date.now() - pkiLimits.clockSkewMs);
  const wantedEnd = notBefore.getTime() + days * dayMs;
  const certificate = buildCertificate(
    {
      subject: options.subject,
      publicKey: keys.publicKey,
      notBefore,
      notAfter: new Date(Math.min(wantedEnd, authority.x509.validToDate.getTime())),
      extensions: options.extensions,
    },
    authority,
  );
  await writePkiFiles(
    [
      { path: paths.key, data: privateKeyPem(keys.privateKey), mode: 0o600 },
      { path: paths.cert, data: certificate, mode: 0o644 },
    ],
    options.replace,
  );
}
