/** What keeps a connection from being made, or ends it. What may be wrong with a certificate: certificateProblem. */
export type ConnectionTrouble =
  | "refused"
  | "no-address"
  | "no-route"
  | "silent"
  | "broken-off"
  | "not-tls"
  | "wrong-name";

/**
 * The trouble that the code of a socket's error stands for: an errno name (connect(2), tcp(7)), one of getaddrinfo(3),
 * or one of Node's own for TLS (see "Errors" in Node's documentation). Undefined for all others.
 */
export function troubleOfCode(code: string): ConnectionTrouble | undefined {
  switch (code) {
    case "ECONNREFUSED":
      return "refused";
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "no-address";
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    // This machine has no address from which the server's could be reached, as where there is no IPv6.
    case "EADDRNOTAVAIL":
      return "no-route";
    case "ETIMEDOUT":
      return "silent";
    case "ECONNRESET":
    case "EPIPE":
      return "broken-off";
    case "EPROTO":
    case "ERR_SSL_WRONG_VERSION_NUMBER":
    case "ERR_SSL_PACKET_LENGTH_TOO_LONG":
      return "not-tls";
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return "wrong-name";
    default:
      return undefined;
  }
}
