import { spawn } from "node:child_process";
import { basename } from "node:path";
import { DemoError } from "./demo-error.ts";

export interface RunProgramOptions {
  readonly signal: AbortSignal;
  readonly env: NodeJS.ProcessEnv;
  readonly timeoutMs: number;
  /** Gets the standard output as it comes; without it, the output is returned. */
  readonly onOutput?: (chunk: Buffer) => void;
}

/** Largest output of a program that is kept, bytes; a listing of the demo's tree has about 1 MB. */
const outputBytesMax = 64 << 20;
const errorCharsMax = 4_000;

/**
 * Runs a program and returns its standard output. DemoError, with the end of its standard error, where it fails, is
 * interrupted, or takes longer than `timeoutMs`. That is not waited for: a program that is stuck in a mount ends when the
 * mount does.
 */
export function runProgram(program: string, args: readonly string[], options: RunProgramOptions): Promise<string> {
  const { signal, env, timeoutMs } = options;
  // "kedge mount" says more than "kedge", while a path or an option as first argument says nothing.
  const name = /^[a-z]+$/.test(args[0] ?? "") ? `${basename(program)} ${args[0]}` : basename(program);
  return new Promise((resolve, reject) => {
    // A process group of its own, so that Ctrl-C on the terminal reaches the demo alone, which then ends all in order.
    const child = spawn(program, args, { env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    const output: Buffer[] = [];
    let outputBytes = 0;
    let errors = "";
    const end = (error?: Error): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", interrupt);
      if (error === undefined) resolve(Buffer.concat(output).toString("latin1"));
      else reject(error);
    };
    const giveUp = (error: Error): void => {
      child.kill("SIGKILL");
      child.stdout.destroy();
      child.stderr.destroy();
      child.unref();
      end(error);
    };
    const interrupt = (): void => giveUp(new DemoError(`${name} was interrupted`));
    const timer = setTimeout(() => giveUp(new DemoError(`${name} took longer than ${timeoutMs / 1000} s`)), timeoutMs);
    signal.addEventListener("abort", interrupt, { once: true });
    if (signal.aborted) interrupt();

    child.stdout.on("data", (chunk: Buffer) => {
      if (options.onOutput !== undefined) {
        options.onOutput(chunk);
        return;
      }
      outputBytes += chunk.length;
      if (outputBytes > outputBytesMax) giveUp(new DemoError(`${name} printed more than ${outputBytesMax} bytes`));
      else output.push(chunk);
    });
    child.stderr.on("data", (chunk: Buffer) => {
      errors = (errors + chunk.toString()).slice(-errorCharsMax);
    });
    child.on("error", (error) => end(new DemoError(`cannot run ${program}: ${error.message}`)));
    child.on("close", (code, killedBy) => {
      if (code === 0) end();
      else end(new DemoError(`${name} failed (${killedBy ?? `exit code ${code}`})`, errors.trim() || undefined));
    });
  });
}
