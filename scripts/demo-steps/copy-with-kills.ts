import { setTimeout as delay } from "node:timers/promises";
import type { DemoServer } from "./demo-server.ts";
import { runProgram } from "./run-program.ts";
import { seconds, showProgress } from "./say.ts";

export interface CopyFigures {
  readonly durationMs: number;
  readonly kills: number;
  /** The longest time in which cp began no new file. */
  readonly longestPauseMs: number;
}

export interface CopyOptions {
  readonly from: string;
  readonly to: string;
  /** Entries that cp will name, folders and links included. */
  readonly entries: number;
  readonly server: DemoServer;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}

/** When the server is killed: after these parts of the entries. */
const killAfter = [0.12, 0.3, 0.5, 0.7, 0.88];
/** How long the server stays away each time, milliseconds: several calls fail and are tried again meanwhile. */
const awayMs = 400;
const copyTimeoutMs = 900_000;

/** cp -a, while the server is killed with SIGKILL and restarted several times. */
export async function copyWithKills(options: CopyOptions): Promise<CopyFigures> {
  const { from, to, entries, server, env } = options;
  // A failed restart ends cp, which would wait for the server for ever.
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  const start = performance.now();
  let lastProgress = start;
  let longestPauseMs = 0;
  let done = 0;
  let kills = 0;
  let restart: Promise<void> | undefined;
  let restartError: unknown;

  const killAndRestart = async (): Promise<void> => {
    try {
      await server.kill();
      await delay(awayMs, undefined, { signal });
      await server.start();
    } catch (error) {
      restartError ??= error;
      failed.abort();
    } finally {
      restart = undefined;
    }
  };
  const onOutput = (chunk: Buffer): void => {
    const now = performance.now();
    longestPauseMs = Math.max(longestPauseMs, now - lastProgress);
    lastProgress = now;
    for (const byte of chunk) if (byte === 0x0a) done++;
    const next = killAfter[kills];
    if (restart === undefined && next !== undefined && done >= next * entries) {
      kills++;
      restart = killAndRestart();
    }
    const percent = Math.min(100, Math.floor((done / entries) * 100));
    showProgress(`   ${percent} %, server killed ${kills} times, ${seconds(now - start)}`);
  };

  try {
    // Line by line: through a pipe, cp would tell of its progress in blocks of a hundred files.
    await runProgram("stdbuf", ["-oL", "cp", "-av", from, to], { signal, env, timeoutMs: copyTimeoutMs, onOutput });
  } catch (error) {
    throw restartError ?? error;
  }
  const durationMs = performance.now() - start;
  longestPauseMs = Math.max(longestPauseMs, performance.now() - lastProgress);
  await restart;
  if (restartError !== undefined) throw restartError;
  return { durationMs, kills, longestPauseMs };
}
