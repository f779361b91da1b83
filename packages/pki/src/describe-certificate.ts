import { X509Certificate } from "node:crypto";
import { UserError } from "@kedgefs/core";
import { subjectAltHosts } from "./hosts.ts";

export interface CertificateDescription {
  /** Distinguished name on one line, such as "CN=alice". */
  readonly subject: string;
  readonly issuer: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** DNS names and IP addresses of the subjectAltName extension. */
  readonly sans: readonly string[];
  /** SHA-256 of the certificate: 32 bytes in upper-case hex with colons, as openssl prints it. */
  readonly fingerprint: string;
}

/** What a person wants to know of a certificate. Throws UserError where `pem` holds none. */
export function describeCertificate(pem: string | Uint8Array): CertificateDescription {
  return describeX509(parseCertificate(pem, "the text"));
}

export function describeX509(certificate: X509Certificate): CertificateDescription {
  return {
    subject: oneLine(certificate.subject),
    issuer: oneLine(certificate.issuer),
    notBefore: certificate.validFromDate,
    notAfter: certificate.validToDate,
    sans: subjectAltHosts(certificate),
    fingerprint: certificate.fingerprint256,
  };
}

/** The first certificate in a PEM text. `where` names the text for the UserError thrown if there is none. */
export function parseCertificate(pem: string | Uint8Array, where: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw new UserError(
      `${where} holds no readable certificate`,
      'A certificate in PEM form begins with "-----BEGIN CERTIFICATE-----"; restore the file or issue it again.',
    );
  }
}

/** The one common name of the subject, which is a client's identity. Undefined where there is none or more than one. */
export function commonName(certificate: X509Certificate): string | undefined {
  const name: unknown = certificate.toLegacyObject().subject?.CN;
  return typeof name === "string" && name !== "" ? name : undefined;
}

export function dateText(date: Date): string {
  return date.toISOString().slice(0, 10);
}

// Node gives one attribute per line; an absent name is undefined at run time, whatever its types say.
function oneLine(name: string | undefined): string {
  return (name ?? "").split("\n").join(", ");
}
