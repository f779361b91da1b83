import type { CallContext } from "@kedgefs/core";
import { readProcStatus, statusLine } from "./caller.ts";

/** What the kernel's INTERRUPT is about. */
export interface InterruptibleCall {
  readonly pid: number;
  readonly context: CallContext;
  /** See OperationHandling. */
  readonly row?: { readonly restartable: boolean };
}

/** Signals that mean "stop what you are doing": SIGHUP 1, SIGINT 2, SIGQUIT 3, SIGKILL 9, SIGTERM 15. */
const stopping = [1, 2, 3, 9, 15].reduce((mask, signal) => mask | (1n << BigInt(signal - 1)), 0n);

/** How often a caller that a harmless signal interrupted is looked at again, milliseconds. */
const lookAgainMs = 500;

/** Signals that wait to be delivered to a thread, as a mask with bit N-1 for signal N; undefined where it is gone. */
export type PendingSignals = (pid: number) => bigint | undefined;

/**
 * Decides what an INTERRUPT means for the call. The kernel sends it for any signal, once, and then waits on; a program that is
 * interrupted by SIGALRM, SIGCHLD or SIGWINCH expects its file system call to go on, as on a local disk. So only signals that
 * mean to stop abort the call, and the rest is looked at again until it is answered. A call that the kernel makes again by itself is
 * aborted by any: programs wait for a lock with an alarm(2) set.
 */
export class Interrupts<Call extends InterruptibleCall = InterruptibleCall> {
  readonly #pendingSignals: PendingSignals;
  readonly #watched = new Set<Call>();
  #timer: NodeJS.Timeout | undefined;

  constructor(pendingSignals: PendingSignals = readPendingSignals) {
    this.#pendingSignals = pendingSignals;
  }

  /** Calls that are looked at again; bounded by the requests in flight. */
  get watchedCount(): number {
    return this.#watched.size;
  }

  interrupted(call: Call): void {
    if (this.#abortIfStopping(call)) return;
    this.#watched.add(call);
    this.#timer ??= setInterval(() => this.lookAgain(), lookAgainMs);
  }

  answered(call: Call): void {
    if (this.#watched.size === 0 || !this.#watched.delete(call)) return;
    if (this.#watched.size === 0) this.#stopTimer();
  }

  lookAgain(): void {
    for (const call of [...this.#watched]) {
      if (this.#abortIfStopping(call)) this.answered(call);
    }
  }

  close(): void {
    this.#watched.clear();
    this.#stopTimer();
  }

  #stopTimer(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #abortIfStopping(call: Call): boolean {
    // A process of a pid namespace that we can't see has pid 0. Ctrl-C must work there too, so every signal counts.
    const pending = call.pid === 0 || call.row?.restartable === true ? stopping : this.#pendingSignals(call.pid);
    if (pending !== undefined && (pending & stopping) === 0n) return false;
    call.context.abort();
    return true;
  }
}

const readPendingSignals: PendingSignals = (pid) => {
  const status = readProcStatus(pid);
  return status === undefined ? undefined : parsePendingSignals(status);
};

/**
 * Signals pending for the thread or its process and not blocked by the thread: a blocked one interrupts nothing. A thread that
 * is being killed has SIGKILL pending, whichever signal it was that kills it.
 */
export function parsePendingSignals(status: string): bigint {
  return (mask(status, "SigPnd") | mask(status, "ShdPnd")) & ~mask(status, "SigBlk");
}

function mask(status: string, key: string): bigint {
  const hex = statusLine(status, key);
  return hex !== undefined && /^[0-9a-f]+$/.test(hex) ? BigInt(`0x${hex}`) : 0n;
}
