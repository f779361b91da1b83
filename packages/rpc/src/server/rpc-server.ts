import type { AddressInfo } from "node:net";
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData, status } from "@grpc/grpc-js";
import { type Logger, limits, UserError } from "@kedgefs/core";
import type { AttachAnswer } from "../attach-answer.ts";
import { codecOfMessage } from "../codec.ts";
import type { AttachReply } from "../generated/kedge/v1/AttachReply.ts";
import type { AttachRequest__Output } from "../generated/kedge/v1/AttachRequest.ts";
import type { DetachReply } from "../generated/kedge/v1/DetachReply.ts";
import type { DetachRequest__Output } from "../generated/kedge/v1/DetachRequest.ts";
import { type LaneName, laneNames, metadataKeys, protocolVersion } from "../lane-name.ts";
import { Kedge } from "../proto.ts";
import type { TlsMaterial } from "../tls-material.ts";
import { raiseServerWindows } from "./flow-control.ts";
import { ServerLane, type SessionCall } from "./server-lane.ts";
import { createTlsGate } from "./tls-gate.ts";

/** Why an attach was refused; `kind` decides the gRPC status. */
export class AttachRefusal extends Error {
  readonly kind: "not-allowed" | "no-such-export" | "wrong-version" | "too-many" | "stopping";

  constructor(kind: AttachRefusal["kind"], message: string) {
    super(message);
    this.kind = kind;
  }
}

const statusOfRefusal: Record<AttachRefusal["kind"], status> = {
  "not-allowed": status.PERMISSION_DENIED,
  "no-such-export": status.NOT_FOUND,
  "wrong-version": status.FAILED_PRECONDITION,
  "too-many": status.RESOURCE_EXHAUSTED,
  stopping: status.UNAVAILABLE,
};

export interface AttachArguments {
  /** The subject's common name of the client's certificate. */
  readonly identity: string;
  readonly exportName: string;
  /** Empty for a new session. */
  readonly sessionId: Buffer;
  readonly clientDescription: string;
}

/** What the server does with who comes in. The identity is the certificate's; nobody without a good one gets here. */
export interface RpcHandlers {
  /** Rejects with AttachRefusal. */
  attach(request: AttachArguments): Promise<AttachAnswer>;
  detach(identity: string, sessionId: Buffer): Promise<void>;
  /** Takes a lane over, or returns false if there is no such session of this identity, or another epoch is current. */
  openLane(identity: string, sessionId: Buffer, epoch: number, name: LaneName, lane: ServerLane): boolean;
}

export interface RpcServerOptions {
  readonly tls: TlsMaterial;
  readonly listen: { readonly host: string; readonly port: number };
  readonly serverVersion: string;
  readonly logger: Logger;
  readonly handlers: RpcHandlers;
}

export interface RpcServer {
  readonly host: string;
  readonly port: number;
  reloadTls(tls: TlsMaterial): void;
  /** Takes no new connections and ends the standing ones. */
  stop(): Promise<void>;
}

/** Streams of one connection: a client needs one lane and a unary call beside it. */
const streamsMax = 64;

export async function startRpcServer({
  tls,
  listen,
  serverVersion,
  logger,
  handlers,
}: RpcServerOptions): Promise<RpcServer> {
  const lowerWindows = raiseServerWindows();
  const server = new Server({
    "grpc.max_receive_message_length": limits.frameBytesMax,
    "grpc.max_send_message_length": limits.frameBytesMax,
    "grpc.max_concurrent_streams": streamsMax,
    "grpc.keepalive_time_ms": 30_000,
    "grpc.keepalive_timeout_ms": 10_000,
  });
  server.addService(Kedge.service, {
    Attach(call: ServerUnaryCall<AttachRequest__Output, AttachReply>, callback: sendUnaryData<AttachReply>) {
      const request = call.request;
      void (async () => {
        if (request.protocolVersion !== protocolVersion) {
          throw new AttachRefusal(
            "wrong-version",
            `the client speaks protocol version ${request.protocolVersion}, this server ${protocolVersion}`,
          );
        }
        const answer = await handlers.attach({ ...request, identity: identityOf(call) });
        const root = codecOfMessage("Entry").encode(answer.root);
        return {
          ...answer,
          root,
          protocolVersion,
          requestsInFlightMax: limits.sessionRequestsInFlightMax,
          serverVersion,
        } as AttachReply;
      })().then(
        (reply) => callback(null, reply),
        (error: Error) => {
          if (error instanceof AttachRefusal) callback({ code: statusOfRefusal[error.kind], details: error.message });
          else {
            logger.error(`attach failed: ${error.stack ?? error.message}`);
            callback({ code: status.INTERNAL, details: `attach failed: ${error.message}` });
          }
        },
      );
    },
    Detach(call: ServerUnaryCall<DetachRequest__Output, DetachReply>, callback: sendUnaryData<DetachReply>) {
      handlers.detach(identityOf(call), call.request.sessionId).then(
        () => callback(null, {}),
        (error: Error) => callback({ code: status.INTERNAL, details: error.message }),
      );
    },
    Session(call: SessionCall) {
      const lane = new ServerLane(call, logger);
      const name = call.metadata.get(metadataKeys.lane)[0];
      const sessionId = call.metadata.get(metadataKeys.session)[0];
      const epoch = Number(call.metadata.get(metadataKeys.epoch)[0]);
      const isLane = laneNames.includes(name as LaneName) && Buffer.isBuffer(sessionId);
      if (!isLane || !handlers.openLane(identityOf(call), sessionId, epoch, name as LaneName, lane)) {
        lane.refuse(status.NOT_FOUND, "no such session, or a later attach took it over");
      }
    },
  });
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const gate = createTlsGate(tls, logger, (socket) => injector.injectConnection(socket));
  await new Promise<void>((resolve, reject) => {
    gate.tcpServer.once("error", (error: NodeJS.ErrnoException) => {
      lowerWindows();
      reject(listenProblem(error, listen));
    });
    gate.tcpServer.listen({ host: listen.host, port: listen.port, backlog: 512 }, resolve);
  });
  // A connection that could not be accepted (no descriptor was free) is no reason to end.
  gate.tcpServer.removeAllListeners("error");
  gate.tcpServer.on("error", (error) => logger.error(`a connection could not be accepted: ${error.message}`));
  const address = gate.tcpServer.address() as AddressInfo;
  return {
    host: address.address,
    port: address.port,
    reloadTls: gate.reloadTls,
    async stop() {
      const closed = new Promise<void>((resolve) => gate.tcpServer.close(() => resolve()));
      server.forceShutdown();
      gate.destroyConnections();
      await closed;
      lowerWindows();
    },
  };
}

type AnyCall = Pick<ServerUnaryCall<unknown, unknown>, "getAuthContext">;

function identityOf(call: AnyCall): string {
  const subject = call.getAuthContext().sslPeerCertificate?.subject.CN;
  if (typeof subject !== "string" || subject === "")
    throw new AttachRefusal("not-allowed", "the certificate names no identity (CN)");
  return subject;
}

function listenProblem(error: NodeJS.ErrnoException, { host, port }: RpcServerOptions["listen"]): UserError {
  const where = `${host}:${port}`;
  switch (error.code) {
    case "EADDRINUSE":
      return new UserError(`${where} is in use by another program`, "choose another address with --listen HOST:PORT");
    case "EACCES":
      return new UserError(
        `no permission to listen on ${where}`,
        "ports below 1024 need root; choose another with --listen",
      );
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return new UserError(`${host} is no address of this machine`, "choose one with --listen HOST:PORT");
    default:
      return new UserError(`cannot listen on ${where}: ${error.message}`);
  }
}
