import { FsError } from "./errno.ts";

/** On whose behalf an operation runs. */
export interface Caller {
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups; may be empty. */
  readonly groups: readonly number[];
  /** Process (thread) id on the client, 0 where there is none. For people who read a status, not for decisions. */
  readonly pid: number;
}

/**
 * One call on its way through the layers: its caller, and whether the caller still waits.
 *
 * Most calls are answered long before anybody asks for the signal, so the AbortController is made on first use.
 */
export class CallContext {
  readonly caller: Caller;
  #aborted = false;
  #controller: AbortController | undefined;

  constructor(caller: Caller) {
    this.caller = caller;
  }

  get aborted(): boolean {
    return this.#aborted;
  }

  /** Aborts when the caller was interrupted by a signal. A layer that waits rejects with EINTR then. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#aborted) this.#controller.abort();
    return this.#controller.signal;
  }

  abort(): void {
    this.#aborted = true;
    this.#controller?.abort();
  }
}

/** Settles as `done` does, or rejects with EINTR where the caller is interrupted before; `whilst` says what was being waited for. */
export async function untilAborted<Value>(
  done: Promise<Value>,
  { signal }: CallContext,
  whilst: string,
): Promise<Value> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(new FsError("EINTR", `interrupted while ${whilst}`));
  if (signal.aborted) abort();
  else signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([aborted, done]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** The caller for work of the program's own: root, no groups. */
export const rootCaller: Caller = { uid: 0, gid: 0, groups: [], pid: 0 };

export function rootContext(): CallContext {
  return new CallContext(rootCaller);
}
