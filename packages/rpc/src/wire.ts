import {
  type Caller,
  type Entry,
  type ErrnoName,
  errnoNumberFromName,
  FsError,
  limits,
  type NodeId,
  type OperationName,
} from "@kedgefs/core";
import { codecOfMessage, type MessageCodec } from "./codec.ts";
import type { ClientFrame__Output } from "./generated/kedge/v1/ClientFrame.ts";
import type { Recall__Output } from "./generated/kedge/v1/Recall.ts";
import type { Reply__Output } from "./generated/kedge/v1/Reply.ts";
import type { Request__Output } from "./generated/kedge/v1/Request.ts";
import type { ServerFrame__Output } from "./generated/kedge/v1/ServerFrame.ts";
import { fieldsOfMessage } from "./proto.ts";

/** What a client that is back asks before anything else: see Request in kedge.proto. */
export type RecoveryOperation = "reopen" | "reclaim" | "reclaimed";

/** What a request of a session may ask: the operations that leave the client, and those of its recovery. */
export type WireOperation = Exclude<OperationName, "forget"> | RecoveryOperation;

const recovery: ReadonlySet<string> = new Set<RecoveryOperation>(["reopen", "reclaim", "reclaimed"]);
export const isRecovery = (operation: WireOperation): operation is RecoveryOperation => recovery.has(operation);

/** A request on its way; `body` has the shape of the operation's request at the seam, plus the handle's number in an open. */
export interface WireRequest {
  readonly id: number;
  readonly caller: Caller;
  readonly operation: WireOperation;
  readonly body: object;
  /** Nobody waits for the answer. Not sent. */
  readonly lazy?: boolean;
}

/** An answer on its way: an error, or a body of the shape of the operation's reply. */
export interface WireReply {
  readonly id: number;
  readonly operation: WireOperation;
  readonly error?: FsError | undefined;
  readonly body?: object | undefined;
  /** See Reply in kedge.proto; false where absent. */
  readonly leased?: boolean | undefined;
  readonly after?: readonly Entry[] | undefined;
}

/** See Recall in kedge.proto. */
export interface WireRecall {
  readonly id: number;
  /** Undefined: every node. */
  readonly node: NodeId | undefined;
}

// A proto file that lacks an operation of the table, or the other way round, fails the type check here.
type RequestField = NonNullable<Request__Output["operation"]>;
type ReplyField = NonNullable<Reply__Output["result"]>;
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;
const protoMatchesTable: [Same<WireOperation, RequestField>, Same<WireOperation, ReplyField>] = [true, true];
void protoMatchesTable;

function codecsByField(message: string): ReadonlyMap<string, MessageCodec> {
  const byField = new Map<string, MessageCodec>();
  for (const field of fieldsOfMessage(message)) {
    if (field.type === "TYPE_MESSAGE") byField.set(field.name, codecOfMessage(field.typeName));
  }
  return byField;
}

const requestCodecs = codecsByField("Request");
const replyCodecs = codecsByField("Reply");
const callerCodec = codecOfMessage("Caller");
const entryCodec = codecOfMessage("Entry");
const recallCodec = codecOfMessage("Recall");

function codecFor(codecs: ReadonlyMap<string, MessageCodec>, operation: string): MessageCodec {
  const codec = codecs.get(operation);
  if (codec === undefined) throw new RangeError(`no message for the operation ${operation}`);
  return codec;
}

export function toClientFrame(
  requests: readonly WireRequest[],
  ackedBelow: number,
  recalled: number,
  interrupted: readonly number[] = [],
): object {
  return {
    ackedBelow,
    recalled,
    interrupted,
    requests: requests.map(({ id, caller, operation, body }) => ({
      id,
      caller,
      [operation]: codecFor(requestCodecs, operation).encode(body),
    })),
  };
}

export interface ReceivedClientFrame {
  readonly requests: WireRequest[];
  readonly ackedBelow: number;
  readonly recalled: number;
  readonly interrupted: readonly number[];
}

/** Throws RangeError on a frame that no honest client sends; what it asks of files is checked further in. */
export function fromClientFrame(frame: ClientFrame__Output): ReceivedClientFrame {
  const requests = frame.requests.map((request): WireRequest => {
    const operation = request.operation;
    const body = operation === undefined ? undefined : request[operation];
    if (operation === undefined || !body) throw new RangeError("a request without an operation");
    if (request.caller === null) throw new RangeError("a request without a caller");
    if (request.caller.groups.length > limits.callerGroupsMax) throw new RangeError("a caller with too many groups");
    return {
      id: toSafe(request.id),
      caller: callerCodec.decode(request.caller) as Caller,
      operation,
      body: codecFor(requestCodecs, operation).decode(body) ?? {},
    };
  });
  const interrupted = frame.interrupted.map(toSafe);
  return { requests, ackedBelow: toSafe(frame.ackedBelow), recalled: toSafe(frame.recalled), interrupted };
}

export function toServerFrame(replies: readonly WireReply[], recalls: readonly WireRecall[]): object {
  return {
    replies: replies.map(({ id, operation, error, body, leased = false, after = [] }) =>
      error === undefined
        ? {
            id,
            leased,
            after: after.map((entry) => entryCodec.encode(entry)),
            [operation]: codecFor(replyCodecs, operation).encode(body ?? {}),
          }
        : { id, leased, error: { errno: error.code, message: error.message } },
    ),
    recalls: recalls.map(({ id, node }) => recallCodec.encode(node === undefined ? { id } : { id, node })),
  };
}

export interface ReceivedReply {
  readonly id: number;
  /** Which operation it answers; undefined for an error, which may answer any. */
  readonly operation?: WireOperation;
  readonly error?: FsError;
  /** Undefined where the operation answers nothing. */
  readonly body: object | undefined;
  readonly leased: boolean;
  readonly after: readonly Entry[];
}

export interface ReceivedServerFrame {
  readonly replies: ReceivedReply[];
  readonly recalls: WireRecall[];
}

/** Throws RangeError on a frame that no honest server sends. An errno that this machine has no number for becomes EIO. */
export function fromServerFrame(frame: ServerFrame__Output): ReceivedServerFrame {
  return { replies: frame.replies.map(fromReply), recalls: frame.recalls.map(fromRecall) };
}

function fromReply(reply: Reply__Output): ReceivedReply {
  const id = toSafe(reply.id);
  const { leased } = reply;
  if (reply.error) {
    const { errno, message } = reply.error;
    const known = errnoNumberFromName(errno) !== undefined && errno !== "ENOSYS";
    const error = known ? new FsError(errno as ErrnoName, message) : new FsError("EIO", `${errno}: ${message}`);
    return { id, body: undefined, error, leased, after: [] };
  }
  const result = reply.result;
  const body = result === undefined ? undefined : reply[result];
  if (result === undefined || !body) throw new RangeError("a reply without a result");
  const after = reply.after.map((entry) => entryCodec.decode(entry) as unknown as Entry);
  if (after.some(({ attr }) => attr === undefined)) throw new RangeError("attributes are missing");
  return { id, operation: result, body: codecFor(replyCodecs, result).decode(body), leased, after };
}

function fromRecall(recall: Recall__Output): WireRecall {
  const { id, node } = recallCodec.decode(recall) as { id: number; node: NodeId };
  return { id, node: node === "" ? undefined : node };
}

/** What the fixed fields of a request or reply take on the wire at most, bytes. */
const fixedBytes = 192;
/** A group id on the wire, at most: a varint of 32 bits. */
const groupBytes = 5;

/** Nobody waits for the closes of handles, nor for their replies. */
export const isUrgent = ({
  operation,
  lazy,
}: {
  readonly operation: WireOperation;
  readonly lazy?: boolean;
}): boolean => lazy !== true && operation !== "release" && operation !== "releasedir";

/** About how many bytes a request takes on the wire: never much less than it does, so that a frame can be kept in bounds. */
export function requestBytes({ caller, body }: WireRequest): number {
  return fixedBytes + caller.groups.length * groupBytes + fieldBytes(body);
}

/** The same for a reply. */
export function replyBytes({ error, body, after }: WireReply): number {
  if (error !== undefined) return fixedBytes + 3 * error.message.length;
  return fixedBytes + fieldBytes(body ?? {}) + fieldBytes(after ?? []);
}

/** The same for a recall. */
export function recallBytes({ node }: WireRecall): number {
  return 16 + (node?.length ?? 0);
}

function fieldBytes(body: object): number {
  let bytes = 0;
  for (const value of Object.values(body) as unknown[]) {
    // A string is a node identity, one char a byte.
    if (typeof value === "string" || value instanceof Uint8Array) bytes += value.length;
    else if (Array.isArray(value)) for (const item of value as object[]) bytes += fixedBytes + fieldBytes(item);
    else if (typeof value === "object" && value !== null) bytes += fieldBytes(value);
  }
  return bytes;
}

function toSafe(long: { low: number; high: number }): number {
  const number = long.high * 0x1_0000_0000 + (long.low >>> 0);
  if (!Number.isSafeInteger(number)) throw new RangeError("an id of a frame is past 2^53");
  return number;
}
