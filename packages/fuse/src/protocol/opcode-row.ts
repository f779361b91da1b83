import type { Entry, ErrnoName, HandleId, NodeId, OperationName, ReplyOf, RequestOf } from "@kedgefs/core";
import { errnoNumberFromName } from "@kedgefs/core";
import type { Believe } from "../beliefs.ts";
import type { Taking } from "../coherence.ts";
import type { Opened } from "../open-handles.ts";
import type { Decode } from "./decode.ts";
import type { ReplyEncoder } from "./encode.ts";

/** A reply's body: the length of what the encoder wrote, or data that goes behind the header as it is. */
export type EncodedBody = number | Uint8Array;

/** How one opcode becomes a call of one operation, and its answer a reply. */
export interface OperationHandling<Op extends OperationName, Request extends RequestOf<Op> = RequestOf<Op>> {
  /** `Request` may say more than the operation needs, for `encode`. */
  readonly decode: Decode<Request>;
  /** `believe` says for how long the kernel may believe what the row calls believable. */
  readonly encode: (reply: ReplyOf<Op>, request: Request, out: ReplyEncoder, believe: Believe) => EncodedBody;
  /** The kernel takes attributes from the answer only if no invalidation overtook it. */
  readonly attrBelievable?: boolean;
  /** The directory whose names the answer tells. */
  readonly namesIn?: (request: Request) => NodeId;
  /** Directories in which names change; of two, one moves from the first to the second. */
  readonly changesIn?: (request: Request) => readonly NodeId[];
  /** The node of which the request changes what is permitted. */
  readonly permits?: (request: Request) => NodeId | undefined;
  /** The node whose attributes change, though the kernel does not take them for changed. */
  readonly changesUnseen?: (request: Request) => NodeId;
  /** The operation checks permission, so the caller's supplementary groups are looked up. */
  readonly checksPermission?: boolean;
  /** Nodes that the answer leads to, in the order in which the encoder grants them; it may not reach all. */
  readonly leadsTo?: (reply: ReplyOf<Op>) => readonly Entry[];
  /** Nodes and attributes that the reply tells the kernel. */
  readonly tells?: (reply: ReplyOf<Op>, request: Request) => readonly Entry[];
  /** How the kernel takes the attributes that are told; `compared` unless stated. */
  readonly taking?: (request: Request) => Taking;
  /** The handle that the answer opened. */
  readonly opens?: (reply: ReplyOf<Op>, request: Request) => Opened;
  /** The open directory that the request lists. */
  readonly lists?: (request: Request) => HandleId;
  /** The handle that the request closes. */
  readonly closes?: (request: Request) => HandleId;
  /** Settles when the request's data is not needed any more, where that is after the answer. */
  readonly dataNeeded?: (reply: ReplyOf<Op>) => Promise<void> | undefined;
  /** What remains to be asked before the kernel is answered, if anything. */
  readonly rest?: (reply: ReplyOf<Op>, request: Request) => Request | undefined;
  /** The file of which the kernel's pages must be of now by the answer. */
  readonly looksAgainAt?: (request: Request) => NodeId | undefined;
  /** The kernel makes the request again after a signal, unless the program has asked to be told of that one (ERESTARTSYS). */
  readonly restartable?: boolean;
}

/** A row whose operation is forwarded. What its functions take from each other is checked where `forward` makes it. */
export interface ForwardedRow {
  readonly kind: "forwarded";
  readonly operation: OperationName;
  readonly decode: Decode<unknown>;
  readonly encode: (reply: unknown, request: unknown, out: ReplyEncoder, believe: Believe) => EncodedBody;
  readonly attrBelievable: boolean;
  readonly namesIn: ((request: unknown) => NodeId) | undefined;
  readonly changesIn: ((request: unknown) => readonly NodeId[]) | undefined;
  readonly permits: ((request: unknown) => NodeId | undefined) | undefined;
  readonly changesUnseen: ((request: unknown) => NodeId) | undefined;
  readonly checksPermission: boolean;
  readonly leadsTo: ((reply: unknown) => readonly Entry[]) | undefined;
  readonly tells: ((reply: unknown, request: unknown) => readonly Entry[]) | undefined;
  readonly taking: ((request: unknown) => Taking) | undefined;
  readonly opens: ((reply: unknown, request: unknown) => Opened) | undefined;
  readonly lists: ((request: unknown) => HandleId) | undefined;
  readonly closes: ((request: unknown) => HandleId) | undefined;
  readonly dataNeeded: ((reply: unknown) => Promise<void> | undefined) | undefined;
  readonly rest: ((reply: unknown, request: unknown) => unknown) | undefined;
  readonly looksAgainAt: ((request: unknown) => NodeId | undefined) | undefined;
  readonly restartable: boolean;
}

/** A row that the driver itself answers, in its method of this name. */
export interface DriverRow {
  readonly kind: "driver";
  readonly handler: "init" | "destroy" | "interrupt" | "forget" | "batchForget" | "ignore";
}

/** A row that is always answered with this error, a literal: ENOSYS is said only here, never for an error of the FileSystem. */
export interface RefusedRow {
  readonly kind: "refused";
  readonly errno: number;
}

/** What becomes of one request. */
export type RequestRow = ForwardedRow | DriverRow | RefusedRow;

/** A row whose requests are told apart by the command that they carry (ioctl). */
export interface CommandRow {
  readonly kind: "byCommand";
  readonly rows: Readonly<Record<number, ForwardedRow>>;
  readonly others: RefusedRow;
}

export type OpcodeRow = RequestRow | CommandRow;

/** A row whose opcode becomes a call of `operation`. */
export function forward<Op extends OperationName, Request extends RequestOf<Op>>(
  operation: Op,
  handling: OperationHandling<Op, Request>,
) {
  const whole = {
    checksPermission: false,
    attrBelievable: false,
    namesIn: undefined,
    changesIn: undefined,
    permits: undefined,
    changesUnseen: undefined,
    leadsTo: undefined,
    tells: undefined,
    taking: undefined,
    opens: undefined,
    lists: undefined,
    closes: undefined,
    dataNeeded: undefined,
    rest: undefined,
    looksAgainAt: undefined,
    restartable: false,
  };
  return { ...whole, ...handling, kind: "forwarded", operation } as unknown as ForwardedRow & {
    readonly operation: Op;
  };
}

/** A row that the driver answers. */
export function driver(handler: DriverRow["handler"]): DriverRow {
  return { kind: "driver", handler };
}

/** A row whose commands have rows of their own; any other command is answered with the error of this name. */
export function byCommand<Rows extends Readonly<Record<number, ForwardedRow>>>(rows: Rows, others: ErrnoName) {
  return { kind: "byCommand", rows, others: refuse(others) } as const;
}

/** A row that is always answered with the error of this name. */
export function refuse(code: ErrnoName): RefusedRow {
  const errno = errnoNumberFromName(code);
  if (errno === undefined) throw new Error(`no number for ${code}`);
  return { kind: "refused", errno };
}
