import http2 from "node:http2";
import { createServer as createTcpServer, isIPv6, type Socket, type Server as TcpServer } from "node:net";
import { createServer as createTlsServer, type TLSSocket } from "node:tls";
import type { Logger } from "@kedgefs/core";
import { clientCertificateProblem } from "../certificate-problem.ts";
import type { TlsMaterial } from "../tls-material.ts";

const tlsHandshakeRecord = 0x16;
const handshakeTimeoutMs = 10_000;
/** Connections that may exist at once, the refused and the half-open ones included. */
const connectionsMax = 4096;
/** How long a refused client has to read why. */
const refusalTimeoutMs = 2_000;

export interface TlsGate {
  readonly tcpServer: TcpServer;
  /** Ends every connection, those included that have not shown a certificate yet. */
  destroyConnections(): void;
  /** New connections use the new certificate and CA; standing ones are not touched. */
  reloadTls(tls: TlsMaterial): void;
}

/**
 * Lets in whoever shows a good client certificate over TLS 1.3, and tells all others why not.
 *
 * OpenSSL would end the handshake of a refused client with an alert that reaches its user as "socket hang up". So the
 * handshake is completed, and a client without a good certificate meets nothing but a handler that answers every request with
 * UNAUTHENTICATED and the reason; no gRPC code ever sees its connection.
 */
export function createTlsGate(tls: TlsMaterial, logger: Logger, admit: (socket: TLSSocket) => void): TlsGate {
  const options = (material: TlsMaterial) => ({ ca: material.ca, cert: material.cert, key: material.key });
  const tlsServer = createTlsServer({
    ...options(tls),
    minVersion: "TLSv1.3",
    requestCert: true,
    rejectUnauthorized: false,
    ALPNProtocols: ["h2"],
    handshakeTimeout: handshakeTimeoutMs,
  });
  tlsServer.on("secureConnection", (socket) => {
    socket.on("error", (error) => logger.debug(`connection of ${peerOf(socket)} broke: ${error.message}`));
    const problem = clientCertificateProblem(socket);
    if (problem === undefined) {
      admit(socket);
      return;
    }
    logger.warn(`refused ${peerOf(socket)}: ${problem}`);
    refuse(socket, `refused by the server: ${problem}`);
  });
  tlsServer.on("tlsClientError", (error, socket) => {
    logger.warn(`refused ${peerOf(socket)}: TLS handshake failed: ${error.message}`);
  });

  const sockets = new Set<Socket>();
  const tcpServer = createTcpServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    socket.setTimeout(handshakeTimeoutMs, () => socket.destroy());
    // The first byte decides, so that a client without TLS gets words and not silence.
    socket.once("readable", () => {
      const chunk = socket.read(1) as Buffer | null;
      socket.setTimeout(0);
      if (chunk === null) return;
      if (chunk[0] !== tlsHandshakeRecord) {
        logger.warn(`refused ${peerOf(socket)}: a connection without TLS`);
        refusePlaintext(socket);
        return;
      }
      socket.unshift(chunk);
      tlsServer.emit("connection", socket);
    });
  });
  tcpServer.maxConnections = connectionsMax;
  return {
    tcpServer,
    destroyConnections() {
      for (const socket of sockets) socket.destroy();
    },
    reloadTls: (material) => tlsServer.setSecureContext({ ...options(material), minVersion: "TLSv1.3" }),
  };
}

function peerOf({ remoteAddress, remotePort }: Socket): string {
  if (remoteAddress === undefined) return "a client that is gone";
  return isIPv6(remoteAddress) ? `[${remoteAddress}]:${remotePort}` : `${remoteAddress}:${remotePort}`;
}

/** Answers as gRPC does when it has only a status to tell ("Trailers-Only" in gRPC over HTTP/2). */
function refuse(socket: TLSSocket, reason: string): void {
  const session = http2.performServerHandshake(socket);
  const timer = setTimeout(() => session.destroy(), refusalTimeoutMs);
  session.on("close", () => clearTimeout(timer));
  session.on("error", () => session.destroy());
  session.on("stream", (stream) => {
    stream.on("error", () => {});
    stream.respond(
      {
        ":status": 200,
        "content-type": "application/grpc",
        "grpc-status": "16",
        "grpc-message": encodeURI(reason),
      },
      { endStream: true },
    );
  });
}

function refusePlaintext(socket: Socket): void {
  const text = "This port speaks TLS 1.3 with a client certificate only.\n";
  socket.end(
    `HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: ${text.length}\r\nConnection: close\r\n\r\n${text}`,
  );
  setTimeout(() => socket.destroy(), refusalTimeoutMs).unref();
}
