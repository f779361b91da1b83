import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { BenchError } from "../bench-error.ts";
import { groupEnded, groupStarted, signalGroup } from "./children.ts";

const logCharsMax = 8_000;
/** How long a service may take to end after SIGTERM, milliseconds. */
const stopTimeoutMs = 10_000;

export interface ServiceOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
}

/** A program that runs until it is stopped: a server, a relay, the process of a mount. */
export class Service implements AsyncDisposable {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  #log = "";
  #output = "";
  #onOutput: (() => void) | undefined;

  constructor(name: string, program: string, args: readonly string[], { env, cwd }: ServiceOptions = {}) {
    this.name = name;
    const child = spawn(program, args, {
      detached: true,
      // What reads its standard input sees the end of it when this process dies, however it dies.
      stdio: ["pipe", "pipe", "pipe"],
      ...(env === undefined ? {} : { env: { ...process.env, ...env } }),
      ...(cwd === undefined ? {} : { cwd }),
    });
    this.#child = child;
    const { pid } = child;
    if (pid !== undefined) groupStarted(pid);
    child.on("error", (error) => this.#append(`cannot run ${program}: ${error.message}`));
    child.stdout.on("data", (chunk: Buffer) => {
      this.#output = (this.#output + chunk.toString()).slice(-logCharsMax);
      this.#onOutput?.();
    });
    child.stderr.on("data", (chunk: Buffer) => this.#append(chunk.toString()));
    this.#ended = pid === undefined ? Promise.resolve() : once(child, "exit");
    void this.#ended.then(() => {
      if (pid !== undefined) groupEnded(pid);
    });
  }

  get running(): boolean {
    const { pid, exitCode, signalCode } = this.#child;
    return pid !== undefined && exitCode === null && signalCode === null;
  }

  /** The end of what it wrote to standard error. */
  get log(): string {
    return this.#log.trim();
  }

  /** Resolves with the match of the first output that fits; BenchError if the service ends before that, or takes too long. */
  async said(pattern: RegExp, timeoutMs: number): Promise<RegExpExecArray> {
    const { promise, resolve } = Promise.withResolvers<RegExpExecArray | string>();
    const look = (): void => {
      const match = pattern.exec(this.#output);
      if (match !== null) resolve(match);
    };
    this.#onOutput = look;
    look();
    void this.#ended.then(() => resolve(`${this.name} ended: ${this.log}`));
    const timer = setTimeout(() => resolve(`${this.name} was not ready after ${timeoutMs / 1000} s`), timeoutMs);
    const outcome = await promise;
    clearTimeout(timer);
    this.#onOutput = undefined;
    if (typeof outcome === "string") throw new BenchError(outcome);
    return outcome;
  }

  /** Waits for its end. False if it still runs after the time. */
  async ends(timeoutMs: number): Promise<boolean> {
    if (!this.running) return true;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, timeoutMs);
    });
    await Promise.race([this.#ended, late]);
    clearTimeout(timer);
    return !this.running;
  }

  /** Asks it to end, and makes it end. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { pid } = this.#child;
    if (pid === undefined || !this.running) return;
    signalGroup(pid, "SIGTERM");
    if (await this.ends(stopTimeoutMs)) return;
    signalGroup(pid, "SIGKILL");
    await this.ends(stopTimeoutMs);
  }

  #append(text: string): void {
    this.#log = (this.#log + text).slice(-logCharsMax);
  }
}
