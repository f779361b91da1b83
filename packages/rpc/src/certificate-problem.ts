import type { TLSSocket } from "node:tls";

/**
 * Why a peer's certificate was refused, in plain words, from OpenSSL's verification code (Node's `authorizationError`, see
 * "X509 certificate error codes" in Node's tls documentation).
 */
export function certificateProblem(code: string): string {
  switch (code) {
    case "CERT_HAS_EXPIRED":
      return "the certificate has expired";
    case "CERT_NOT_YET_VALID":
      return "the certificate is not valid yet (or a clock is wrong)";
    case "UNABLE_TO_GET_ISSUER_CERT":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
    case "SELF_SIGNED_CERT_IN_CHAIN":
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
    case "CERT_SIGNATURE_FAILURE":
      return "the certificate was signed by another CA";
    case "INVALID_PURPOSE":
      return "the certificate was made for another purpose (a server's shown by a client, or the other way round)";
    case "CERT_REVOKED":
      return "the certificate was revoked";
    default:
      return `the certificate was refused (${code})`;
  }
}

/** Undefined for a client whose certificate is good; else why not. */
export function clientCertificateProblem(socket: TLSSocket): string | undefined {
  if (socket.authorized) return undefined;
  if (socket.getPeerX509Certificate() === undefined) return "no client certificate was shown";
  const error = socket.authorizationError as unknown;
  return certificateProblem(
    error instanceof Error ? ((error as { code?: string }).code ?? error.message) : String(error),
  );
}
