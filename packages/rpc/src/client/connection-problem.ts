import { connect } from "node:tls";
import { type ServiceError, status } from "@grpc/grpc-js";
import { UserError } from "@kedgefs/core";
import { certificateProblem } from "../certificate-problem.ts";
import type { TlsMaterial } from "../tls-material.ts";
import { troubleOfCode } from "./connection-trouble.ts";
import type { ServerAddress } from "./transport.ts";

const probeTimeoutMs = 5_000;

/**
 * Turns the failure of an attach into words for the user.
 *
 * gRPC folds every trouble on the way into UNAVAILABLE with a text. Rather than reading that text, the way is tried once more
 * without gRPC, where each trouble has a code.
 */
export async function connectionProblem(
  error: ServiceError,
  server: ServerAddress,
  tls: TlsMaterial,
): Promise<UserError> {
  switch (error.code) {
    case status.UNAUTHENTICATED:
      return new UserError(
        error.details,
        "show a certificate that this server's CA has signed: kedge pki issue NAME --dir DIR",
      );
    case status.PERMISSION_DENIED:
    case status.NOT_FOUND:
    case status.FAILED_PRECONDITION:
    case status.RESOURCE_EXHAUSTED:
      return new UserError(error.details);
    case status.UNAVAILABLE:
    case status.DEADLINE_EXCEEDED:
      return await probe(server, tls, error.details);
    default:
      return new UserError(`the server refused: ${error.details || error.message}`);
  }
}

function probe({ host, port }: ServerAddress, tls: TlsMaterial, otherwise: string): Promise<UserError> {
  const where = `${host}:${port}`;
  return new Promise((resolve) => {
    const socket = connect({
      host,
      port,
      ca: tls.ca,
      cert: tls.cert,
      key: tls.key,
      minVersion: "TLSv1.3",
      ALPNProtocols: ["h2"],
    });
    const done = (problem: UserError): void => {
      socket.destroy();
      resolve(problem);
    };
    socket.setTimeout(probeTimeoutMs, () =>
      done(new UserError(`${where} does not answer`, "check the address, the network and any firewall between")),
    );
    socket.on("error", (error: NodeJS.ErrnoException) => done(problemOfCode(error, where)));
    socket.on("secureConnect", () => done(new UserError(`cannot attach to ${where}: ${otherwise}`)));
  });
}

function problemOfCode(error: NodeJS.ErrnoException, where: string): UserError {
  const code = error.code ?? "";
  switch (troubleOfCode(code)) {
    case "refused":
      return new UserError(`nothing listens on ${where}`, "start the server there: kedge serve …");
    case "no-address":
      return new UserError(`no address is known for the host of ${where}`, "check the name, or use an IP address");
    case "no-route":
      return new UserError(`no route to ${where}`, "check the network");
    case "silent":
      return new UserError(`${where} does not answer`, "check the address, the network and any firewall between");
    case "broken-off":
    case "not-tls":
      return new UserError(`${where} does not speak TLS as a kedge server does`, "check the port");
    case "wrong-name":
      return new UserError(
        `the server's certificate was not made for this name: ${error.message}`,
        "use a name that it was made for, or on the server: kedge pki init --dir DIR --host NAME",
      );
    default:
      return new UserError(
        `the certificate of the server ${where} was refused: ${certificateProblem(code || error.message)}`,
        "use the ca.crt of the server's own --pki folder",
      );
  }
}
