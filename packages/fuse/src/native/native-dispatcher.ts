import { CallContext, type Caller, errnoNumberFromName, type Logger, toFsError } from "@kedgefs/core";
import type { InFlightRequest } from "../calls.ts";
import type { NativeBinding, NativeHandler, NativeSignal } from "./native-binding.ts";
import { type NativeCodec, type NativeReply, type NativeRequest, nativeCodecs } from "./native-codecs.ts";
import type { NativeOperationName, NativeOperations } from "./native-operations.ts";

export interface DispatcherOptions {
  readonly operations: NativeOperations;
  /** Everybody's operations are this caller's: the binding tells no other. */
  readonly caller: Caller;
  readonly logger: Logger;
  /** False once the device is closed, and with it every thread gone that waits for an answer. */
  readonly isConnected: () => boolean;
}

/**
 * Calls that took longer ask whether their thread still waits: where the mount was aborted meanwhile, its memory may serve
 * something else by now. Asking costs a system call, so quick ones do not.
 */
const askAfterMs = 50;

/** EIO, the answer to whatever has no errno of its own. */
const EIO = 5;

interface Call {
  readonly unique: bigint;
  readonly opcode: string;
  readonly startedMs: number;
  readonly context: CallContext;
}

/** Operations that libfuse 2 splits or renames; the others are called like their opcode in linux/fuse.h. */
const opcodes: Partial<Record<NativeOperationName, string>> = {
  fgetattr: "GETATTR",
  truncate: "SETATTR",
  ftruncate: "SETATTR",
  utimens: "SETATTR",
  chown: "SETATTR",
  chmod: "SETATTR",
};

const opcodeOf = (name: NativeOperationName): string => opcodes[name] ?? name.toUpperCase();

/** Takes the addon's calls, runs them, and answers each exactly once; nothing thrown behind it reaches the addon. */
export class NativeDispatcher {
  readonly #options: DispatcherOptions;
  readonly #calls = new Set<Call>();
  #unique = 0n;
  #paused: PromiseWithResolvers<void> | undefined;

  constructor(options: DispatcherOptions) {
    this.#options = options;
  }

  /** Calls that the kernel waits for. Each holds a thread of libfuse. Which program waits cannot be seen from here. */
  inFlight(): readonly InFlightRequest[] {
    const nowMs = performance.now();
    return [...this.#calls].map(({ unique, opcode, startedMs }) => {
      return { unique, opcode, pid: 0, sinceMs: nowMs - startedMs };
    });
  }

  /** New calls wait from now on until resume(). */
  pause(): void {
    this.#paused ??= Promise.withResolvers();
  }

  resume(): void {
    this.#paused?.resolve();
    this.#paused = undefined;
  }

  /** Tells every waiting layer that nobody waits for its answer any more. */
  abort(): void {
    for (const { context } of this.#calls) context.abort();
  }

  handler(name: NativeOperationName, binding: NativeBinding): NativeHandler {
    const signal = binding[`fuse_native_signal_${name}`];
    if (!signal) throw new Error(`fuse-native has no signal for ${name}`);
    return (frame, operation, ...args) => {
      this.#serve(name, signal, { frame, operation, args }).catch(this.#reportUnexpected);
    };
  }

  async #serve(name: NativeOperationName, signal: NativeSignal, request: NativeRequest): Promise<void> {
    const codec = nativeCodecs[name];
    const context = new CallContext(this.#options.caller);
    const startedMs = performance.now();
    const threadWaits = (): boolean =>
      !codec.writesToThread || performance.now() - startedMs < askAfterMs || this.#options.isConnected();
    const call: Call = { unique: ++this.#unique, opcode: opcodeOf(name), startedMs, context };
    this.#calls.add(call);
    let reply: () => NativeReply;
    try {
      while (this.#paused) await this.#paused.promise;
      if (!threadWaits()) return;
      reply = await codec.run(this.#options.operations, context, request);
    } catch (error) {
      reply = () => this.#failure(codec, request, error);
    } finally {
      this.#calls.delete(call);
    }
    if (!threadWaits()) return;
    try {
      signal(request.frame, ...reply());
    } catch (error) {
      // Only a wrong answer of ours gets here; without another the program would hang.
      signal(request.frame, ...this.#failure(codec, request, error));
    }
  }

  #failure(codec: NativeCodec, request: NativeRequest, error: unknown): NativeReply {
    const { code } = toFsError(error, this.#reportUnexpected);
    return [-(errnoNumberFromName(code) ?? EIO), ...codec.failed(request)];
  }

  readonly #reportUnexpected = (error: unknown): void => {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#options.logger.error("an operation failed in a way that no program can be told of", { error: text });
  };
}
