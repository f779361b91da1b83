import { isIP } from "node:net";
import { checkServerIdentity, type PeerCertificate } from "node:tls";
import { type ClientOptions, credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import { type Entry, limits } from "@kedgefs/core";
import type { AttachAnswer } from "../attach-answer.ts";
import { codecOfMessage } from "../codec.ts";
import type { AttachReply__Output } from "../generated/kedge/v1/AttachReply.ts";
import type { KedgeClient } from "../generated/kedge/v1/Kedge.ts";
import { type LaneName, metadataKeys, protocolVersion } from "../lane-name.ts";
import { Kedge } from "../proto.ts";
import type { TlsMaterial } from "../tls-material.ts";
import { ClientLane, type ClientLaneEvents } from "./client-lane.ts";

export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

export interface AttachQuery {
  readonly exportName: string;
  /** Empty for a new session. */
  readonly sessionId: Buffer;
  readonly clientDescription: string;
}

export interface Attached extends AttachAnswer {
  readonly requestsInFlightMax: number;
  readonly serverVersion: string;
}

/** One attempt at a server: connections for each lane, made anew by every attempt so that no back-off of grpc-js adds to ours. */
export interface Transport {
  /** Rejects with a grpc-js ServiceError. */
  attach(query: AttachQuery): Promise<Attached>;
  openLane(name: LaneName, attached: Attached, events: ClientLaneEvents): ClientLane;
  detach(sessionId: Buffer): Promise<void>;
  close(): void;
}

/** How long an attach may take before the attempt counts as failed. */
const attachTimeoutMs = 10_000;
const detachTimeoutMs = 5_000;

// A dead peer that sent no FIN is noticed after at most keepalive time + timeout: 10 s.
const baseOptions: ClientOptions = {
  "grpc.keepalive_time_ms": 5_000,
  "grpc.keepalive_timeout_ms": 5_000,
  "grpc.keepalive_permit_without_calls": 1,
  "grpc.max_receive_message_length": limits.frameBytesMax,
  "grpc.max_send_message_length": limits.frameBytesMax,
  "grpc-node.flow_control_window": limits.flowControlWindowBytes,
  "grpc.use_local_subchannel_pool": 1,
  "grpc.enable_retries": 0,
  "grpc.service_config_disable_resolution": 1,
  "grpc.enable_http_proxy": 0,
};

export function dial({ host, port }: ServerAddress, tls: TlsMaterial): Transport {
  const target = host.includes(":") ? `ipv6:[${host}]:${port}` : `dns:${host}:${port}`;
  // A name for the handshake that is no IP address, which TLS forbids there; what is verified is the host that was asked for.
  const secure = credentials.createSsl(tls.ca, tls.key, tls.cert, {
    checkServerIdentity: (_, certificate) => checkServerIdentity(host, certificate as PeerCertificate),
  });
  const options = isIP(host) === 0 ? baseOptions : { ...baseOptions, "grpc.ssl_target_name_override": "kedge.invalid" };
  const clients = new Map<LaneName, KedgeClient>();
  const clientOf = (lane: LaneName): KedgeClient => {
    let client = clients.get(lane);
    if (client === undefined) {
      client = new Kedge(target, secure, options);
      clients.set(lane, client);
    }
    return client;
  };
  return {
    attach(query) {
      return new Promise((resolve, reject) => {
        clientOf("control").attach(
          { ...query, protocolVersion },
          { deadline: Date.now() + attachTimeoutMs },
          (error: ServiceError | null, reply?: AttachReply__Output) => {
            if (error !== null || reply === undefined) {
              reject(error ?? new Error("an attach without an answer"));
              return;
            }
            // grpc-js calls back outside of the promise: what is thrown here would end the process.
            try {
              resolve(toAttached(reply));
            } catch (cause) {
              reject(new Error("the server's answer to the attach makes no sense", { cause }));
            }
          },
        );
      });
    },
    openLane(name, { sessionId, epoch }, events) {
      const metadata = new Metadata();
      metadata.set(metadataKeys.session, sessionId);
      metadata.set(metadataKeys.epoch, String(epoch));
      metadata.set(metadataKeys.lane, name);
      return new ClientLane(clientOf(name).session(metadata), events);
    },
    detach(sessionId) {
      return new Promise((resolve, reject) => {
        clientOf("control").detach(
          { sessionId },
          { deadline: Date.now() + detachTimeoutMs },
          (error: ServiceError | null) => {
            if (error === null) resolve();
            else reject(error);
          },
        );
      });
    },
    close() {
      for (const client of clients.values()) client.close();
    },
  };
}

function toAttached(reply: AttachReply__Output): Attached {
  const { root } = codecOfMessage("AttachReply").decode(reply) as { root: Entry | undefined };
  if (root?.attr === undefined) throw new Error("an attach without a root");
  return { ...(reply as unknown as Attached), root };
}
