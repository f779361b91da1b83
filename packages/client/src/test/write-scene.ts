import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import {
  CallContext,
  FsError,
  type HandleId,
  type NodeId,
  O_RDONLY,
  O_RDWR,
  rootCaller,
  silentLogger,
  type WriteRequest,
} from "@kedgefs/core";
import type { Answer, Ask } from "../ask.ts";
import { ClientHandles } from "../client-handles.ts";
import { WriteBehind } from "../write-behind.ts";

export const file = "file" as NodeId;
export const other = "other" as NodeId;
export const context = (): CallContext => new CallContext(rootCaller);

/** What the server was asked. */
export interface Asked {
  readonly operation: string;
  readonly request: { readonly node?: NodeId; readonly offset?: bigint; readonly data?: Uint8Array };
  readonly lazy: boolean;
  answer(body?: object, leased?: boolean): void;
  fail(code: "ENOSPC" | "EIO" | "ESTALE"): void;
}

/** A WriteBehind over a server that the test plays. Handles 1 and 2 are open on `file`, 3 only for reading, 4 on `other`. */
export function beginWriteScene() {
  const asked: Asked[] = [];
  const next: Ask = (operation, request, _context, _bytes, lazy = false) =>
    new Promise<Answer>((resolve, reject) => {
      asked.push({
        operation,
        request,
        lazy,
        answer: (body = {}, leased = true) => resolve({ body, leased, after: [] }),
        fail: (code) => reject(new FsError(code)),
      });
    });
  const handles = new ClientHandles();
  const open = (number: number, node: NodeId, flags: number): void =>
    handles.add({
      number: number as HandleId,
      node,
      flags,
      directory: false,
      ticket: Buffer.alloc(0),
      caller: rootCaller,
    });
  open(1, file, O_RDWR);
  open(2, file, O_RDWR);
  open(3, file, O_RDONLY);
  open(4, other, O_RDWR);
  const session = {
    handles,
    connected: true,
    leaseTerms: { leaseMs: 60_000 },
    logger: silentLogger,
    flushed: 0,
    flush(): void {
      session.flushed++;
    },
  };
  const behind = new WriteBehind(next, session);
  /** Settles when what it answers ahead was sent as well. */
  const write = async (offset: number, text = "data", more: Partial<WriteRequest> = {}, by = context()) => {
    const data = Buffer.from(text);
    const request = { node: file, handle: 1 as HandleId, offset: BigInt(offset), data, ahead: true, ...more };
    const reply = await behind.write(request, by);
    await turn();
    return reply;
  };
  /** The newest thing that the server was asked. */
  const last = (): Asked => {
    const newest = asked.at(-1);
    assert.ok(newest !== undefined);
    return newest;
  };
  /** Makes the first write, which the server answers with leave to answer the next. */
  const earn = async (): Promise<void> => {
    const first = write(0);
    await turn();
    last().answer({ size: 4 });
    await first;
  };
  return { asked, session, handles, open, behind, write, last, earn };
}

/** Whether a promise has settled by now, all that was to follow at once included. */
export async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const settle = (): void => {
    settled = true;
  };
  promise.then(settle, settle);
  await turn();
  await turn();
  return settled;
}
