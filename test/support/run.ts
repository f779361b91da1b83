import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";

export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions extends SpawnOptions {
  /** Default "/". */
  readonly cwd?: string;
  /** Default two minutes. */
  readonly timeoutMs?: number;
  /** For the program's stdin, which is empty otherwise. */
  readonly input?: string;
  /** Called with the process once it is started, for a test that has to send it a signal. */
  readonly onStart?: (child: ChildProcess) => void;
}

/** How long a killed program may take to end, milliseconds. One that waits on a mount may not end before the mount does. */
const killGraceMs = 5_000;
/** How long the output of a program's children is waited for once the program itself has ended, milliseconds. */
const drainMs = 2_000;

/** Runs a program to its end. One that takes too long is killed with all that it started, and the call rejects. */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const { timeoutMs = 120_000, input, onStart, cwd = "/", ...rest } = options;
  // A spawn waits, with this whole process, until the new one is in its folder: that may be on a mount that waits for this one.
  const change = 'cd -- "$0" && exec "$@"';
  // In a group of its own, so that what it starts can be killed with it.
  const child = spawn("sh", ["-c", change, String(cwd), command, ...args], {
    ...rest,
    cwd: "/",
    detached: true,
    stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr?.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  // A program that ends before it has read its input is not this function's business.
  child.stdin?.on("error", () => {});
  if (input !== undefined) child.stdin?.end(input);
  const closed = once(child, "close");
  const ended = once(child, "exit");
  closed.catch(() => {});
  onStart?.(child);

  const stop = new AbortController();
  const late = delay(timeoutMs, "late" as const, { signal: stop.signal }).catch(() => "late" as const);
  try {
    if ((await Promise.race([ended, late])) === "late") {
      killGroup(child);
      await Promise.race([ended, delay(killGraceMs, undefined, { signal: stop.signal })]);
      throw new Error(`${describe(command, args)}: took longer than ${timeoutMs} ms\n${stdout}\n${stderr}`);
    }
    // A daemon that it left may hold its output open for good.
    await Promise.race([closed, delay(drainMs, undefined, { signal: stop.signal })]);
  } finally {
    stop.abort();
    child.stdout?.destroy();
    child.stderr?.destroy();
  }
  return { code: child.exitCode, signal: child.signalCode, stdout, stderr };
}

/** Like run, and throws with everything that was printed unless the program ends with 0. */
export async function succeed(...call: Parameters<typeof run>): Promise<string> {
  const { code, signal, stdout, stderr } = await run(...call);
  if (code !== 0) throw new Error(`${describe(call[0], call[1])}: ended with ${code ?? signal}\n${stdout}\n${stderr}`);
  return stdout;
}

/** The text as a shell command, run in a folder. */
export const shell = (script: string, cwd: string, timeoutMs = 120_000): Promise<string> =>
  succeed("bash", ["-euo", "pipefail", "-c", script], { cwd, timeoutMs });

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // It ended in this moment.
  }
}

const describe = (command: string, args: readonly string[]): string => `${command} ${args.join(" ")}`;
