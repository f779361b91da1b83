import { type NodeId, nodeIdFromBytes, nodeIdToBytes } from "@kedgefs/core";
import { fieldsOfMessage } from "./proto.ts";

/**
 * Converts between the seam's objects and protobuf's, by the conventions at the head of kedge.proto. A plan per message lists
 * the fields that need converting, so that an operation added to the proto file needs no code here.
 */
export interface MessageCodec {
  /** A copy with bigint → Long, NodeId → bytes. */
  encode(value: object): object;
  /** Converts a decoded protobuf object in place, and returns it. Absent messages, and those without fields, become undefined. */
  decode(value: object): object | undefined;
}

type Convert = (value: never) => unknown;
interface FieldPlan {
  readonly name: string;
  readonly encode: Convert;
  readonly decode: Convert;
}

interface LongLike {
  readonly low: number;
  readonly high: number;
  readonly unsigned: boolean;
}

const twoPow32 = 0x1_0000_0000;

function longFromBigint(value: bigint): LongLike {
  return { low: Number(value & 0xffff_ffffn) | 0, high: Number((value >> 32n) & 0xffff_ffffn) | 0, unsigned: true };
}

function bigintFromLong(value: LongLike): bigint {
  const low = value.low >>> 0;
  const high = value.high >>> 0;
  return high < 0x20_0000 ? BigInt(high * twoPow32 + low) : (BigInt(high) << 32n) | BigInt(low);
}

/** Throws RangeError where a peer sends a count past 2^53: no honest one does. */
function numberFromLong(value: LongLike): number {
  const number = value.high * twoPow32 + (value.low >>> 0);
  if (!Number.isSafeInteger(number)) throw new RangeError("an int64 of a frame is past 2^53");
  return number;
}

const nodeFields: ReadonlySet<string> = new Set(["node", "newNode", "parent", "newParent"]);
const codecs = new Map<string, MessageCodec>();

function planField(name: string, type: string, typeName: string): FieldPlan | undefined {
  switch (type) {
    case "TYPE_UINT64":
      return { name, encode: longFromBigint as Convert, decode: bigintFromLong as Convert };
    case "TYPE_INT64":
      return { name, encode: (value: never) => value, decode: numberFromLong as Convert };
    case "TYPE_BYTES":
      if (!nodeFields.has(name)) return undefined;
      return {
        name,
        encode: nodeIdToBytes as (node: NodeId) => unknown as Convert,
        decode: nodeIdFromBytes as Convert,
      };
    case "TYPE_MESSAGE": {
      const codec = codecOfMessage(typeName);
      return { name, encode: codec.encode as Convert, decode: codec.decode as Convert };
    }
    default:
      return undefined;
  }
}

function each(convert: Convert): Convert {
  return ((values: readonly never[]) => values.map(convert)) as Convert;
}

/** The codec of a message of package kedge.v1, by its short name. */
export function codecOfMessage(message: string): MessageCodec {
  const known = codecs.get(message);
  if (known !== undefined) return known;
  const plans: FieldPlan[] = [];
  const fields = fieldsOfMessage(message);
  for (const field of fields) {
    const plan = planField(field.name, field.type, field.typeName);
    if (plan === undefined) continue;
    const repeated = field.label === "LABEL_REPEATED";
    plans.push(repeated ? { name: plan.name, encode: each(plan.encode), decode: each(plan.decode) } : plan);
  }
  const codec: MessageCodec = {
    encode(value) {
      const wire: Record<string, unknown> = { ...value };
      for (const { name, encode } of plans) {
        const field = wire[name];
        if (field !== undefined) wire[name] = encode(field as never);
      }
      return wire;
    },
    decode(value) {
      if (fields.length === 0) return undefined;
      const seam = value as Record<string, unknown>;
      for (const { name, decode } of plans) {
        const field = seam[name];
        if (field === null) seam[name] = undefined;
        else if (field !== undefined) seam[name] = decode(field as never);
      }
      return seam;
    },
  };
  codecs.set(message, codec);
  return codec;
}
