export type { AttachAnswer } from "./attach-answer.ts";
export { ClientLane, type ClientLaneEvents } from "./client/client-lane.ts";
export { connectionPhrase } from "./client/connection-phrase.ts";
export { connectionProblem } from "./client/connection-problem.ts";
export { type Attached, type AttachQuery, dial, type ServerAddress, type Transport } from "./client/transport.ts";
export { type LaneName, laneNames, protocolVersion } from "./lane-name.ts";
export {
  type AttachArguments,
  AttachRefusal,
  type RpcHandlers,
  type RpcServer,
  type RpcServerOptions,
  startRpcServer,
} from "./server/rpc-server.ts";
export { type LaneEvents, ServerLane } from "./server/server-lane.ts";
export type { TlsMaterial } from "./tls-material.ts";
export {
  isRecovery,
  type ReceivedReply,
  type RecoveryOperation,
  type WireOperation,
  type WireReply,
  type WireRequest,
} from "./wire.ts";
