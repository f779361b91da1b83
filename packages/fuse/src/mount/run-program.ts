import { type StdioOptions, spawn } from "node:child_process";

export interface ProgramResult {
  /** Exit code; undefined where a signal ended it. */
  readonly code: number | undefined;
  /** What it wrote to stdout and stderr, trimmed. */
  readonly output: string;
}

/** Most text of a program that is kept for a message, bytes. */
const outputBytesMax = 4096;

/**
 * Runs a helper to its end, without a shell. `fd3` becomes its descriptor 3. Rejects with Node's error where it can't be
 * started (ENOENT: there is no such program).
 */
export function runProgram(
  program: string,
  args: readonly string[],
  { env, fd3 }: { readonly env?: NodeJS.ProcessEnv; readonly fd3?: number } = {},
): Promise<ProgramResult> {
  const stdio: StdioOptions = fd3 === undefined ? ["ignore", "pipe", "pipe"] : ["ignore", "pipe", "pipe", fd3];
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio, env: env ?? process.env });
    let output = "";
    const collect = (chunk: Buffer): void => {
      output = (output + chunk.toString("utf8")).slice(0, outputBytesMax);
    };
    child.stdout?.on("data", collect);
    child.stderr?.on("data", collect);
    child.once("error", reject);
    child.once("close", (code) => resolve({ code: code ?? undefined, output: output.trim() }));
  });
}
