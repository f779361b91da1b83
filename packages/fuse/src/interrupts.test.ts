import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { CallContext } from "@kedgefs/core";
import { type InterruptibleCall, Interrupts, parsePendingSignals } from "./interrupts.ts";

const SIGHUP = 1;
const SIGINT = 2;
const SIGQUIT = 3;
const SIGKILL = 9;
const SIGALRM = 14;
const SIGTERM = 15;
const SIGCHLD = 17;
const bit = (signal: number): bigint => 1n << BigInt(signal - 1);

let pending: bigint | undefined = 0n;
let interrupts = new Interrupts();

beforeEach(() => {
  pending = 0n;
  interrupts = new Interrupts(() => pending);
});
afterEach(() => interrupts.close());

function callBy(pid: number): InterruptibleCall {
  return { pid, context: new CallContext({ uid: 0, gid: 0, groups: [], pid }) };
}

test("signals that mean to stop abort the call", () => {
  for (const signal of [SIGHUP, SIGINT, SIGQUIT, SIGKILL, SIGTERM]) {
    pending = bit(signal) | bit(SIGCHLD);
    const call = callBy(5);
    interrupts.interrupted(call);
    assert.equal(call.context.aborted, true, `signal ${signal}`);
  }
  assert.equal(interrupts.watchedCount, 0);
});

test("other signals do not, until one that does comes too", () => {
  pending = bit(SIGALRM);
  const call = callBy(5);
  interrupts.interrupted(call);
  interrupts.lookAgain();
  assert.equal(call.context.aborted, false);
  pending |= bit(SIGINT);
  interrupts.lookAgain();
  assert.equal(call.context.aborted, true);
  assert.equal(interrupts.watchedCount, 0);
});

test("a call that was answered is looked at no more", () => {
  const call = callBy(5);
  interrupts.interrupted(call);
  assert.equal(interrupts.watchedCount, 1);
  interrupts.answered(call);
  assert.equal(interrupts.watchedCount, 0);
  pending = bit(SIGKILL);
  interrupts.lookAgain();
  assert.equal(call.context.aborted, false);
});

test("a caller that is gone, or that can't be seen from here, is aborted", () => {
  pending = undefined;
  const gone = callBy(5);
  interrupts.interrupted(gone);
  assert.equal(gone.context.aborted, true);
  pending = 0n;
  const unseen = callBy(0);
  interrupts.interrupted(unseen);
  assert.equal(unseen.context.aborted, true);
});

test("a call that was interrupted twice is watched once", () => {
  const call = callBy(5);
  interrupts.interrupted(call);
  interrupts.interrupted(call);
  assert.equal(interrupts.watchedCount, 1);
});

const status = (sigPnd: string, shdPnd: string, sigBlk: string): string =>
  `Name:\tcat\nUmask:\t0022\nSigQ:\t0/7\nSigPnd:\t${sigPnd}\nShdPnd:\t${shdPnd}\nSigBlk:\t${sigBlk}\nSigIgn:\t0000000000001000\n`;

test("pending signals are those of the thread and of its process, less the blocked ones", () => {
  const text = status("0000000000000100", "0000000000002002", "0000000000002000");
  assert.equal(parsePendingSignals(text), bit(SIGKILL) | bit(SIGINT));
  assert.equal(parsePendingSignals(status("0000000000000000", "4000000000000000", "0000000000000000")), bit(63));
  assert.equal(parsePendingSignals("Name:\tcat\n"), 0n);
});

test("a call that the kernel makes again by itself is aborted by any signal", () => {
  pending = bit(SIGALRM);
  const call = { ...callBy(5), row: { restartable: true } };
  interrupts.interrupted(call);
  assert.equal(call.context.aborted, true);
  assert.equal(interrupts.watchedCount, 0);
});
