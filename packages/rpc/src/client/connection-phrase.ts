import { type ServiceError, status } from "@grpc/grpc-js";
import { certificateProblem } from "../certificate-problem.ts";
import { type ConnectionTrouble, troubleOfCode } from "./connection-trouble.ts";

const phrases: Record<ConnectionTrouble, string> = {
  refused: "connection refused",
  "no-address": "no address is known for the server's name",
  "no-route": "no route to the server",
  silent: "timed out: the server does not answer",
  "broken-off": "the connection broke off",
  "not-tls": "what listens there does not speak TLS as a kedge server does",
  "wrong-name": "the server's certificate was refused: it was not made for this name",
};

const streamClosed = "the server closed the stream";

/** With these the server itself says what is the matter, and its words are shown as they are. */
const serverSays: ReadonlySet<unknown> = new Set([
  status.UNAUTHENTICATED,
  status.PERMISSION_DENIED,
  status.NOT_FOUND,
  status.FAILED_PRECONDITION,
  status.RESOURCE_EXHAUSTED,
]);

/** Beginnings of texts of grpc-js and Node that hold no code. */
const knownTexts: readonly (readonly [beginning: string, phrase: string])[] = [
  ["Name resolution failed", phrases["no-address"]],
  ["No addresses resolved", phrases["no-address"]],
  ["Deadline exceeded", phrases.silent],
  ["Connection dropped", phrases["broken-off"]],
  ["Connection closed before", phrases["broken-off"]],
  ["Client network socket disconnected before", phrases["broken-off"]],
  ["Failed to connect", phrases["broken-off"]],
  ["Socket closed", phrases["broken-off"]],
  ["socket hang up", phrases["broken-off"]],
  ["Received RST_STREAM", streamClosed],
  ["Stream refused by server", streamClosed],
  ["Call cancelled", streamClosed],
];

/** The codes of OpenSSL's words for a bad certificate (X509_verify_cert_error_string(3)), which are all that we get. */
const certificateCodes: ReadonlyMap<string, string> = new Map([
  ["certificate has expired", "CERT_HAS_EXPIRED"],
  ["certificate is not yet valid", "CERT_NOT_YET_VALID"],
  ["unable to get issuer certificate", "UNABLE_TO_GET_ISSUER_CERT"],
  ["unable to get local issuer certificate", "UNABLE_TO_GET_ISSUER_CERT_LOCALLY"],
  ["unable to verify the first certificate", "UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
  ["self-signed certificate in certificate chain", "SELF_SIGNED_CERT_IN_CHAIN"],
  ["self-signed certificate", "DEPTH_ZERO_SELF_SIGNED_CERT"],
  ["certificate signature failure", "CERT_SIGNATURE_FAILURE"],
  ["unsuitable certificate purpose", "INVALID_PURPOSE"],
  ["certificate revoked", "CERT_REVOKED"],
]);

/**
 * Why there is no connection, in a few plain words for people who know which server is meant: "connection refused".
 *
 * grpc-js folds every trouble on the way into UNAVAILABLE with a text. `connectionProblem` tries the way once more
 * without it. Where attempts follow each other there is no time for that, so here the text is led back to the code that
 * it was made from. That is for people to read: nothing may be decided by the phrase.
 *
 * @param error - A ServiceError, or an Error with the text of one, such as the reason of a lane's end. What is not
 * known, the server's own words among it, is returned as it is, less what grpc-js puts around it.
 */
export function connectionPhrase(error: Error): string {
  const { code, details } = error as Partial<ServiceError>;
  const text = details || error.message.replace(/^\d+ [A-Z_]+: /, "");
  if (serverSays.has(code)) return text;
  const { reason, reasonCode } = innermostReason(text);
  const trouble = troubleOfCode(reasonCode ?? codeIn(reason) ?? "");
  if (trouble !== undefined) return phrases[trouble];
  // Node appends advice of its own to some.
  const certificateCode = certificateCodes.get(reason.replace(/;.*/s, ""));
  if (certificateCode !== undefined) {
    return `the server's certificate was refused: ${certificateProblem(certificateCode)}`;
  }
  const tlsReason = tlsReasonIn(reason);
  if (tlsReason !== undefined) return `the TLS handshake failed: ${tlsReason}`;
  return knownTexts.find(([beginning]) => reason.startsWith(beginning))?.[1] ?? reason;
}

/** Less the words and the time that grpc-js puts around what Node said, and the name of the class of Node's error. */
function innermostReason(text: string): { reason: string; reasonCode: string | undefined } {
  const [, wrapped = text] = /^No connection established\. Last error: (.*)\. Resolution note: /s.exec(text) ?? [];
  const untimed = wrapped.replace(/ \(\d{4}-\d\d-\d\dT[\d:.]+Z\)$/, "");
  const [, reasonCode, reason = untimed] = /^\w*Error(?: \[(\w+)\])?: (.*)$/s.exec(untimed) ?? [];
  return { reason: reason.trim(), reasonCode };
}

/** Node's code: the second word of "connect ECONNREFUSED 127.0.0.1:7440", or what Node makes of OpenSSL's reason. */
function codeIn(reason: string): string | undefined {
  const [, errno] = /^[a-z]+ (E[A-Z_]+)\b/.exec(reason) ?? [];
  if (errno !== undefined) return errno;
  const tlsReason = tlsReasonIn(reason);
  return tlsReason === undefined ? undefined : `ERR_SSL_${tlsReason.toUpperCase().replaceAll(" ", "_")}`;
}

/** OpenSSL's reason: "wrong version number" in "…:error:CODE:SSL routines:FUNCTION:wrong version number:FILE:LINE:". */
function tlsReasonIn(reason: string): string | undefined {
  return /:SSL routines:[^:]*:([^:]+):/.exec(reason)?.[1];
}
