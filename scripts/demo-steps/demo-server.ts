import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { DemoError } from "./demo-error.ts";

const readyTimeoutMs = 30_000;
const stopTimeoutMs = 15_000;

/** The server of the demo, started, killed and started again with the same command. */
export class DemoServer {
  readonly command: readonly [string, ...string[]];
  #child: ChildProcess | undefined;
  #starts = 0;
  readonly #logs: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #signal: AbortSignal;

  constructor(command: readonly [string, ...string[]], logs: string, env: NodeJS.ProcessEnv, signal: AbortSignal) {
    this.command = command;
    this.#logs = logs;
    this.#env = env;
    this.#signal = signal;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Resolves with the line that the server prints when it is ready. */
  async start(): Promise<string> {
    const path = join(this.#logs, `server-${++this.#starts}`);
    // Files and not pipes: with --keep the server outlives the demo.
    const out = openSync(`${path}.out`, "w");
    const log = openSync(`${path}.log`, "w");
    const [program, ...args] = this.command;
    const child = spawn(program, args, { env: this.#env, detached: true, stdio: ["ignore", out, log] });
    closeSync(out);
    closeSync(log);
    child.unref();
    this.#child = child;
    let failure: string | undefined;
    child.on("error", (error) => {
      failure = error.message;
    });
    const deadline = performance.now() + readyTimeoutMs;
    for (;;) {
      const [line, rest] = readFileSync(`${path}.out`, "utf8").split("\n");
      if (line !== undefined && rest !== undefined) return line;
      this.#signal.throwIfAborted();
      if (child.exitCode !== null || child.signalCode !== null) failure = `it ended with ${child.exitCode}`;
      if (performance.now() > deadline) failure = `not ready after ${readyTimeoutMs / 1000} s`;
      if (failure !== undefined) {
        throw new DemoError(`the server did not start: ${failure}`, readFileSync(`${path}.log`, "utf8").slice(-4_000));
      }
      await delay(10);
    }
  }

  /** SIGKILL: the server has no chance to write, close or say anything. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** SIGTERM, as an administrator stops it. */
  async stop(): Promise<void> {
    await this.#end("SIGTERM");
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) {
      throw new DemoError(`the server was to get ${signal}, but it had ended by itself`, this.#lastLog());
    }
    child.ref();
    const ended = once(child, "exit", { signal: AbortSignal.timeout(stopTimeoutMs) });
    child.kill(signal);
    await ended.catch(() => {
      throw new DemoError(`the server did not end within ${stopTimeoutMs / 1000} s of ${signal}`, this.#lastLog());
    });
  }

  #lastLog(): string {
    return readFileSync(join(this.#logs, `server-${this.#starts}.log`), "utf8").slice(-4_000);
  }
}
