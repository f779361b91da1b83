import type { AnyOperation, AttrReply, FileSystem, Logger, NodeId, OperationName } from "@kedgefs/core";
import {
  CallContext,
  errnoNumberFromName,
  operationNames,
  type ReportUnexpected,
  rootContext,
  toFsError,
  UserError,
} from "@kedgefs/core";
import { Beliefs } from "./beliefs.ts";
import type { RequestBuffer } from "./buffer-pool.ts";
import { callerFrom } from "./caller.ts";
import { type Call, Calls, type InFlightRequest } from "./calls.ts";
import { Coherence } from "./coherence.ts";
import { Delivery } from "./delivery.ts";
import type { ReplyPort } from "./device.ts";
import { NodeTable } from "./node-table.ts";
import { OpenHandles, releaseOpened } from "./open-handles.ts";
import { type EncodeOptions, ReplyEncoder } from "./protocol/encode.ts";
import { answerInit, decodeInit, type InitOptions } from "./protocol/init.ts";
import type { DriverRow, ForwardedRow } from "./protocol/opcode-row.ts";
import { rowOfOpcode } from "./protocol/opcodes.ts";
import { RequestFrame } from "./protocol/request-frame.ts";

export interface DriverOptions extends EncodeOptions, InitOptions {}

export interface DriverParts {
  readonly fileSystem: FileSystem;
  /** The FileSystem's root. */
  readonly root: NodeId;
  readonly port: ReplyPort;
  /** Drops the kernel's cached pages of a node (FUSE_NOTIFY_INVAL_INODE); settles when they are gone. */
  readonly dropPages: (nodeid: number) => Promise<void>;
  /** Makes the kernel drop a node's attributes; whether it knew the node. */
  readonly dropAttributes: (nodeid: number) => Promise<boolean>;
  /** Makes the kernel look up again every name that it knows. False where that would do harm. */
  readonly dropNames: () => Promise<boolean>;
  /** Called when the driver holds as much as it may (true), and when there is room again (false). */
  readonly full: (isFull: boolean) => void;
  readonly options: DriverOptions;
  readonly logger: Logger;
}

type BoundOperation = (request: unknown, context: CallContext) => Promise<unknown>;

/** No answer comes from another process within this time, milliseconds. */
const atOnceMs = 0.1;

const EIO = 5;
const EPROTO = 71;

/**
 * Takes requests of the kernel, calls the FileSystem, replies. One request is one call: its row in the table of opcodes
 * decodes it and says which operation it is, Delivery brings the answer back.
 */
export class Driver {
  /** Settles once the kernel and the driver agreed on INIT; rejects with a UserError where they can't. */
  readonly ready: Promise<void>;
  readonly #ready = Promise.withResolvers<void>();
  readonly #fileSystem: FileSystem;
  readonly #operations: Readonly<Record<string, BoundOperation>>;
  readonly #port: ReplyPort;
  readonly #options: DriverOptions;
  readonly #logger: Logger;
  readonly #calls: Calls;
  readonly #nodes: NodeTable;
  readonly #handles: OpenHandles;
  readonly #encoder: ReplyEncoder;
  readonly #delivery: Delivery;
  readonly #beliefs: Beliefs;

  constructor(parts: DriverParts) {
    const { fileSystem, port, options, logger } = parts;
    this.ready = this.#ready.promise;
    this.ready.catch(() => {});
    this.#fileSystem = fileSystem;
    this.#operations = boundOperations(fileSystem);
    this.#port = port;
    this.#options = options;
    this.#logger = logger;
    this.#calls = new Calls(parts.full);
    const nodes = new NodeTable(parts.root, (node, nlookup) => this.#forget(node, nlookup));
    const handles = new OpenHandles(nodes);
    const encoder = new ReplyEncoder(nodes, options);
    this.#nodes = nodes;
    this.#handles = handles;
    this.#encoder = encoder;
    this.#beliefs = new Beliefs({
      ...parts,
      nodes,
      kernelChecks: options.defaultPermissions === true,
      ask: (node) => this.#ask(node),
    });
    this.#delivery = new Delivery({
      fileSystem,
      port,
      nodes,
      handles,
      coherence: new Coherence((record) => parts.dropPages(record.nodeid)),
      beliefs: this.#beliefs,
      encoder,
      done: (call, error) => this.#done(call, error),
      inBackground: (work, failure) => this.#inBackground(work, failure),
    });
  }

  inFlight(): readonly InFlightRequest[] {
    return this.#calls.list();
  }

  /** What was said of a node, or with undefined of all, under a lease is taken back; settles when the kernel has dropped it. */
  recall(node: NodeId | undefined): Promise<unknown> | undefined {
    return this.#beliefs.recall(node);
  }

  /** The kernel's number for a node, if the kernel knows it. */
  nodeidOf(node: NodeId): number | undefined {
    return this.#nodes.find(node)?.nodeid;
  }

  /** Takes one request; never throws. True if it keeps the buffer. This is the device's RequestHandler. */
  readonly receive = (buffer: RequestBuffer, length: number): boolean => {
    let frame: RequestFrame | undefined;
    try {
      frame = new RequestFrame(buffer, length);
      const { name, row } = rowOfOpcode(frame.opcode);
      if (row.kind === "forwarded") return this.#forward(frame, name, row);
      if (row.kind === "driver") this.#handlers[row.handler](frame);
      else this.#delivery.replyErrno(frame.unique, row.errno);
    } catch (error) {
      // Without a header there is nobody to answer.
      if (frame === undefined) this.#unexpected("a request of the kernel could not be read")(error);
      else this.#replyError(frame.unique, rowOfOpcode(frame.opcode).name, error);
    }
    return false;
  };

  /**
   * The connection has ended: calls in flight are aborted, and what the kernel held is given back. Nobody waits for that,
   * since a server that is away may never answer.
   */
  end(): void {
    this.#ready.reject(new UserError("the mount was undone before it was ready"));
    this.#calls.abortAll();
    for (const opened of this.#handles.takeAll()) {
      this.#inBackground(
        () => releaseOpened(this.#fileSystem, opened, rootContext()),
        "a handle could not be released",
      );
    }
    this.#nodes.forgetAll();
  }

  readonly #handlers: Readonly<Record<DriverRow["handler"], (frame: RequestFrame) => void>> = {
    init: (frame) => {
      const answer = answerInit(decodeInit(frame), this.#options);
      if (answer.kind === "refused") {
        this.#delivery.replyErrno(frame.unique, EPROTO);
        this.#ready.reject(new UserError(answer.message));
        return;
      }
      this.#delivery.reply(frame.unique, this.#encoder.copy(answer.body));
      if (answer.kind !== "agreed") return;
      this.#beliefs.believesNames = answer.believesNames;
      this.#ready.resolve();
    },
    // The connection is about to end; what is left is done in `end`.
    destroy: (frame) => void this.#delivery.reply(frame.unique, 0),
    // struct fuse_interrupt_in: unique. No reply.
    interrupt: (frame) => this.#calls.interrupt(frame.u64(0)),
    // struct fuse_forget_in: nlookup. No reply.
    forget: (frame) => this.#nodes.forget(frame.nodeid, Number(frame.u64(0))),
    // struct fuse_batch_forget_in: count, dummy; then count times struct fuse_forget_one: nodeid, nlookup. No reply.
    batchForget: (frame) => {
      const end = 8 + frame.u32(0) * 16;
      for (let at = 8; at < end; at += 16) this.#nodes.forget(frame.integer64(at), Number(frame.u64(at + 8)));
    },
    ignore: () => {},
  };

  #forward(frame: RequestFrame, opcode: string, row: ForwardedRow): boolean {
    const request = row.decode(frame, this.#nodes.nodeOf);
    const call: Call = {
      unique: frame.unique,
      opcode,
      pid: frame.pid,
      startedMs: performance.now(),
      context: new CallContext(callerFrom(frame, row.checksPermission)),
      stamp: this.#beliefs.stamp(),
      row,
      request,
      buffer: frame.keepsBuffer ? frame.buffer : undefined,
      heldBytes: frame.heldBytes,
    };
    if (row.closes !== undefined) this.#handles.released(row.closes(request));
    this.#beliefs.requested(call);
    if (row.changesIn !== undefined) call.disbelieved = this.#beliefs.changing(row.changesIn(request));
    this.#calls.begin(call);
    this.#run(call, request);
    return frame.keepsBuffer;
  }

  #run(call: Call, request: unknown): void {
    const { row, context } = call;
    this.#invoke(row.operation, request, context).then(
      (reply) => {
        const rest = row.rest?.(reply, request);
        if (rest !== undefined) return this.#run(call, rest);
        call.dataNeeded = row.dataNeeded?.(reply);
        this.#delivery.answered(call, reply);
      },
      (error) => this.#done(call, error),
    );
  }

  #invoke(operation: OperationName, request: unknown, context: CallContext): Promise<unknown> {
    try {
      return (this.#operations[operation] as BoundOperation)(request, context);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** The one end of every call that was begun. */
  #done(call: Call, error: unknown): void {
    if (error !== undefined) this.#replyError(call.unique, call.opcode, error);
    this.#calls.finish(call);
    if (this.#calls.size === 0 && performance.now() - call.startedMs < atOnceMs) {
      process.nextTick(() => this.#port.answeredAtOnce());
    }
    const { buffer, dataNeeded } = call;
    if (buffer === undefined) return;
    if (dataNeeded === undefined) this.#port.giveBack(buffer);
    else void dataNeeded.then(() => this.#port.giveBack(buffer));
  }

  #replyError(unique: bigint, opcode: string, error: unknown): void {
    const { code } = toFsError(error, this.#unexpected(`${opcode} failed for no reason that has an errno`));
    this.#delivery.replyErrno(unique, errnoNumberFromName(code) ?? EIO);
  }

  async #ask(node: NodeId): Promise<AttrReply | undefined> {
    try {
      return await this.#fileSystem.getattr({ node }, rootContext());
    } catch {
      // Who wants to know will ask for itself, and be told the error.
      return undefined;
    }
  }

  #forget(node: NodeId, nlookup: number): void {
    this.#inBackground(
      () => this.#fileSystem.forget({ node, nlookup }, rootContext()),
      "a node could not be forgotten",
    );
  }

  #inBackground(work: () => Promise<void>, failure: string): void {
    Promise.resolve()
      .then(work)
      .catch((error: unknown) => {
        this.#logger.debug(failure, { error: String(error) });
      });
  }

  #unexpected(message: string): ReportUnexpected {
    return (error) => {
      this.#logger.error(message, { error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    };
  }
}

function boundOperations(fileSystem: FileSystem): Readonly<Record<string, BoundOperation>> {
  return Object.fromEntries(
    operationNames.map((name) => [name, (fileSystem[name] as AnyOperation).bind(fileSystem) as BoundOperation]),
  );
}
