import { spawn } from "node:child_process";
import { BenchError, Interrupted } from "../bench-error.ts";
import { groupEnded, groupStarted, signalGroup } from "./children.ts";

export interface RunChildOptions {
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Where standard output goes: nowhere (the default), or into the result. */
  readonly output?: "ignore" | "keep";
}

export interface ChildResult {
  /** From just before the process was made until it was known to have ended, on the monotonic clock. */
  readonly seconds: number;
  readonly output: string;
}

const outputCharsMax = 4 << 20;
const errorCharsMax = 4_000;

/**
 * Runs a program to a good end and takes its time from outside. BenchError, with the end of its standard error, where it fails
 * or takes too long. A program that is killed is not waited for: it may hang in a mount, and ends when that does.
 */
export function runChild(
  program: string,
  args: readonly string[],
  { signal, timeoutMs, env, cwd, output = "ignore" }: RunChildOptions,
): Promise<ChildResult> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(new Interrupted());
      return;
    }
    const startedNs = process.hrtime.bigint();
    // A group of its own, so that a timeout reaches its children, and Ctrl-C on the terminal only the benchmark itself.
    const child = spawn(program, args, {
      detached: true,
      stdio: ["ignore", output === "keep" ? "pipe" : "ignore", "pipe"],
      ...(env === undefined ? {} : { env: { ...process.env, ...env } }),
      ...(cwd === undefined ? {} : { cwd }),
    });
    const { pid } = child;
    if (pid !== undefined) groupStarted(pid);
    let seconds = 0;
    let text = "";
    let errors = "";

    const giveUp = (error: Error): void => {
      if (pid !== undefined) signalGroup(pid, "SIGKILL");
      child.stdout?.destroy();
      child.stderr?.destroy();
      child.unref();
      end(error);
    };
    const interrupt = (): void => giveUp(new Interrupted());
    const timer = setTimeout(() => giveUp(new BenchError(`not done after ${timeoutMs / 1000} s`)), timeoutMs);
    const end = (error?: Error): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", interrupt);
      if (error === undefined) resolve({ seconds, output: text });
      else reject(error);
    };
    signal.addEventListener("abort", interrupt, { once: true });

    child.stdout?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (text.length > outputCharsMax) giveUp(new BenchError(`${program} printed more than ${outputCharsMax} bytes`));
    });
    child.stderr?.on("data", (chunk: Buffer) => {
      errors = (errors + chunk.toString()).slice(-errorCharsMax);
    });
    child.on("error", (error) => end(new BenchError(`cannot run ${program}: ${error.message}`)));
    child.on("exit", () => {
      seconds = Number(process.hrtime.bigint() - startedNs) / 1e9;
      if (pid !== undefined) groupEnded(pid);
    });
    child.on("close", (code, killedBy) => {
      if (code === 0) end();
      else end(new BenchError(`${program} failed (${killedBy ?? `exit code ${code}`}): ${lastLine(errors)}`));
    });
  });
}

/** Programs that fail at many files say the same of each; the last time is enough. */
const lastLine = (text: string): string => text.trim().split("\n").at(-1) ?? "";
