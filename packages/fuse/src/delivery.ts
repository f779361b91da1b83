import type { CallContext, Entry, FileSystem, NodeRequest } from "@kedgefs/core";
import { FsError, operations, rootContext } from "@kedgefs/core";
import { allOf, type Beliefs } from "./beliefs.ts";
import type { Call } from "./calls.ts";
import type { Coherence } from "./coherence.ts";
import type { ReplyOutcome, ReplyPort } from "./device.ts";
import type { NodeRecord, NodeTable } from "./node-table.ts";
import { type OpenHandles, releaseOpened } from "./open-handles.ts";
import { OUT_HEADER_BYTES } from "./protocol/constants.ts";
import type { ReplyEncoder } from "./protocol/encode.ts";
import type { EncodedBody } from "./protocol/opcode-row.ts";

export interface DeliveryParts {
  readonly fileSystem: FileSystem;
  readonly port: ReplyPort;
  readonly nodes: NodeTable;
  readonly handles: OpenHandles;
  readonly coherence: Coherence;
  readonly beliefs: Beliefs;
  readonly encoder: ReplyEncoder;
  /** Ends a call. `error` is what it is answered with, or undefined where it was answered or nobody waits for an answer. */
  readonly done: (call: Call, error: unknown) => void;
  /** Runs what nobody waits for, and logs its failure. */
  readonly inBackground: (work: () => Promise<void>, failure: string) => void;
}

/**
 * Brings the FileSystem's answers to the kernel: first pages that the answer shows to be stale are dropped, then the reply is
 * written, and what it gave the kernel (references to nodes, an open handle) is noted, or taken back if the kernel did not
 * get it.
 */
export class Delivery {
  readonly #parts: DeliveryParts;

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
  }

  answered(call: Call, reply: unknown): void {
    let dropped: Promise<unknown> | undefined;
    try {
      dropped = allOf([this.#tell(call, reply), call.disbelieved, this.#disbelieved(call), this.#lookAgain(call)]);
    } catch (error) {
      this.#withdraw(call, reply, []);
      this.#parts.done(call, error);
      return;
    }
    if (dropped === undefined) this.#deliver(call, reply);
    else void this.#deliverAfter(dropped, call, reply);
  }

  /** Writes a reply that succeeded. */
  reply(unique: bigint, body: EncodedBody): ReplyOutcome {
    const { encoder, port } = this.#parts;
    if (typeof body === "number") {
      encoder.header(unique, 0, body);
      return port.reply(encoder.bytes, OUT_HEADER_BYTES + body);
    }
    encoder.header(unique, 0, body.length);
    return port.reply(encoder.headerBytes, OUT_HEADER_BYTES, body);
  }

  /** Writes an error's number. */
  replyErrno(unique: bigint, errno: number): void {
    const { encoder, port } = this.#parts;
    encoder.header(unique, -errno, 0);
    port.reply(encoder.headerBytes, OUT_HEADER_BYTES);
  }

  /** Notes attributes that the kernel is about to be told. The reply must wait for what it returns. */
  #tell(call: Call, reply: unknown): Promise<unknown> | undefined {
    const { row, request } = call;
    if (row.tells === undefined) return undefined;
    const taking = row.taking?.(request) ?? "compared";
    let waiting: Promise<void>[] | undefined;
    for (const { node, attr } of row.tells(reply, request)) {
      const record = this.#parts.nodes.find(node);
      const dropped = record === undefined ? undefined : this.#parts.coherence.tell(record, attr, taking);
      if (dropped === undefined) continue;
      waiting ??= [];
      waiting.push(dropped);
    }
    return waiting === undefined ? undefined : Promise.all(waiting);
  }

  /** What the kernel must not go on believing after the call. */
  #disbelieved({ row, request }: Call): Promise<unknown> | undefined {
    const { beliefs } = this.#parts;
    if (row.operation === "open") return beliefs.opened((request as NodeRequest).node);
    const [from, to] = row.changesIn?.(request) ?? [];
    if (from !== undefined && to !== undefined) return beliefs.moved(from, to);
    const unseen = row.changesUnseen?.(request);
    if (unseen !== undefined) return beliefs.recall(unseen);
    const permits = row.permits?.(request);
    return permits === undefined ? undefined : beliefs.permitted(permits);
  }

  /** Drops the kernel's pages of a file that has changed: a memory map shows what is in them, without asking. */
  #lookAgain({ row, request }: Call): Promise<void> | undefined {
    const node = row.looksAgainAt?.(request);
    const record = node === undefined ? undefined : this.#parts.nodes.find(node);
    if (node === undefined || record === undefined || record.readers === 0) return undefined;
    const { fileSystem, coherence } = this.#parts;
    return fileSystem.getattr({ node }, rootContext()).then(
      ({ attr }) => coherence.tell(record, attr, "taken"),
      // Who reads it is told.
      () => undefined,
    );
  }

  async #deliverAfter(dropped: Promise<unknown>, call: Call, reply: unknown): Promise<void> {
    // What is done is done and must be answered so, a lock is held; but a call that only asks can be given up.
    const { operation } = call.row;
    const mayGiveUp = !operations[operation].mutates && operation !== "setlk";
    await (mayGiveUp ? Promise.race([dropped, aborted(call.context)]) : dropped);
    if (!mayGiveUp || !call.context.aborted) {
      this.#deliver(call, reply);
      return;
    }
    this.#withdraw(call, reply, []);
    this.#parts.done(call, new FsError("EINTR"));
  }

  #deliver(call: Call, reply: unknown): void {
    const { encoder, done } = this.#parts;
    const { row, request } = call;
    let outcome: ReplyOutcome;
    const believe = this.#parts.beliefs.during(call);
    try {
      outcome = this.reply(call.unique, row.encode(reply, request, encoder, believe));
    } catch (error) {
      this.#withdraw(call, reply, encoder.takeGranted());
      done(call, error);
      return;
    }
    const granted = encoder.takeGranted();
    if (outcome === "delivered") {
      this.#delivered(call, reply, granted);
      done(call, undefined);
    } else {
      this.#withdraw(call, reply, granted);
      // The kernel still waits where it found the reply malformed, which it and the driver's log call a bug.
      done(call, outcome === "malformed" ? new FsError("EIO") : undefined);
    }
  }

  #delivered(call: Call, reply: unknown, granted: readonly NodeRecord[]): void {
    const { nodes, coherence, handles } = this.#parts;
    const { row, request } = call;
    if (row.leadsTo !== undefined) {
      for (const [index, { node, attr }] of row.leadsTo(reply).entries()) {
        const record = granted[index];
        if (record === undefined) nodes.decline(node);
        // A node that is new has no record yet when `#tell` looks for it.
        else if (record.told === undefined) void coherence.tell(record, attr, "compared");
      }
    }
    for (const { node } of row.tells?.(reply, request) ?? []) {
      const record = nodes.find(node);
      if (record !== undefined) coherence.settle(record);
    }
    if (row.opens !== undefined) handles.opened(row.opens(reply, request));
  }

  /** The kernel did not get the answer, though the encoder may have granted references already. */
  #withdraw(call: Call, reply: unknown, granted: readonly NodeRecord[]): void {
    const { nodes, coherence, fileSystem, inBackground } = this.#parts;
    const { row, request } = call;
    for (const { node } of this.#toldBy(call, reply)) {
      const record = nodes.find(node);
      if (record === undefined) continue;
      coherence.untold(record);
      coherence.settle(record);
    }
    for (const { node } of row.leadsTo?.(reply).slice(granted.length) ?? []) nodes.decline(node);
    for (const { nodeid } of granted) nodes.forget(nodeid, 1);
    const opened = row.opens?.(reply, request);
    if (opened === undefined) return;
    inBackground(() => releaseOpened(fileSystem, opened, rootContext()), "an unwanted handle could not be released");
  }

  #toldBy(call: Call, reply: unknown): readonly Entry[] {
    try {
      return call.row.tells?.(reply, call.request) ?? [];
    } catch {
      // Entries of which not one fits: the error that led here.
      return [];
    }
  }
}

function aborted(context: CallContext): Promise<void> {
  const { signal } = context;
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
