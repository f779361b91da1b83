import { type ChildProcess, spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

/** The command that the tests run. */
export const kedgeBin = resolve(import.meta.dirname, "../../packages/cli/bin/kedge.js");

const readyTimeoutMs = 30_000;
/** How long a server may take to end after any signal, milliseconds. */
const stopTimeoutMs = 60_000;

export interface ServerSetup {
  readonly port: number;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** The user it runs as, with the group of the same number. */
  readonly uid: number | undefined;
}

/** A `kedge serve` of a test, through several lives. */
export class Server {
  readonly port: number;
  readonly #setup: ServerSetup;
  #child: ChildProcess | undefined;
  readonly #logged = new EventEmitter();
  /** What all its lives wrote to stderr. */
  log = "";

  constructor(setup: ServerSetup) {
    this.port = setup.port;
    this.#setup = setup;
  }

  /** Resolves when it has said that it is ready. */
  async start(): Promise<void> {
    const { args, env, uid } = this.#setup;
    const child = spawn(process.execPath, [kedgeBin, ...args], {
      cwd: "/",
      env,
      stdio: ["ignore", "pipe", "pipe"],
      ...(uid === undefined ? {} : { uid, gid: uid }),
    });
    this.#child = child;
    child.stderr?.on("data", (chunk: Buffer) => {
      this.log += chunk.toString();
      this.#logged.emit("more");
    });
    let timer: NodeJS.Timeout | undefined;
    try {
      await new Promise<void>((ready, failed) => {
        const fail = (what: string): void => failed(new Error(`the server ${what}\n${this.log}`));
        timer = setTimeout(() => fail("did not start in time"), readyTimeoutMs);
        child.once("error", failed);
        child.once("exit", (code, signal) => fail(`ended with ${code ?? signal}`));
        child.stdout?.once("data", () => ready());
      });
    } catch (error) {
      child.kill("SIGKILL");
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Starts it unless it runs. */
  async ensureRunning(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) await this.start();
  }

  /** Resolves with the exit code when the process is gone: null where the signal ended it. */
  async stop(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const gone = once(child, "exit");
    child.kill(signal);
    const timer = new AbortController();
    const late = delay(stopTimeoutMs, undefined, { signal: timer.signal }).then(
      () => {
        child.kill("SIGKILL");
        throw new Error(`the server did not end within ${stopTimeoutMs} ms of ${signal}\n${this.log}`);
      },
      () => undefined,
    );
    await Promise.race([gone, late]);
    timer.abort();
    return child.exitCode;
  }

  /** Resolves once its log has this. */
  async logged(text: RegExp, timeoutMs = 30_000): Promise<void> {
    const signal = AbortSignal.timeout(timeoutMs);
    while (!text.test(this.log)) await once(this.#logged, "more", { signal });
  }

  kill(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }
}
