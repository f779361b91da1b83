import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { UserError } from "@kedgefs/core";
import { type DaemonMessage, isDaemonMessage } from "./daemon-messages.ts";
import type { MountConfig } from "./mount-config.ts";
import { exitCodes } from "./print-error.ts";
import { Registry } from "./registry.ts";
import { openRuntimeDirectory } from "./runtime-directory.ts";

/** How long connecting and mounting may take together, milliseconds. Each step has a shorter bound of its own. */
const readyTimeoutMs = 120_000;
const logTailBytes = 2_000;

/**
 * Starts a process of its own session that serves the mount, and waits until it says that the mount answers or why not. If
 * this command is interrupted, the other process sees the connection end and undoes what it did.
 */
export async function startMountInBackground(config: MountConfig, debug: boolean): Promise<DaemonMessage> {
  const registry = new Registry(await openRuntimeDirectory());
  const logPath = registry.logPath(config.mountpoint);
  const log = openLog(logPath);
  // The command's own bin, so that a list of processes shows what is mounted where.
  const child = spawn(
    process.execPath,
    // With the flags of this process, which bin/kedge.js gave it: becoming another process would cost the child its IPC channel.
    [...process.execArgv, fileURLToPath(new URL("../bin/kedge.js", import.meta.url)), ...toArgv(config, debug)],
    {
      cwd: "/",
      detached: true,
      stdio: ["ignore", log, log, "ipc"],
    },
  );
  closeSync(log);
  const { promise, resolve, reject } = Promise.withResolvers<DaemonMessage>();
  const timer = setTimeout(() => {
    child.kill("SIGTERM");
    reject(new UserError(`the mount was not ready after ${readyTimeoutMs / 1000} s`, `Its log: ${logPath}`));
  }, readyTimeoutMs);
  child.on("message", (message) => {
    if (!isDaemonMessage(message)) return;
    // Who reads the message needs no log, unless the message is of a bug.
    if (message.kind === "failed" && message.exitCode !== exitCodes.internal) rmSync(logPath, { force: true });
    resolve(message);
  });
  child.on("error", reject);
  child.on("exit", (code, signal) => {
    const end = signal === null ? `exit code ${code}` : `signal ${signal}`;
    reject(new UserError(`the process of the mount ended before it was ready (${end})`, logTail(logPath)));
  });
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    if (child.connected) child.disconnect();
    child.unref();
  }
}

function toArgv(config: MountConfig, debug: boolean): string[] {
  const argv = ["mount", config.source, config.mountpoint, "--daemon", "--pki", config.pki];
  if (config.cert !== undefined) argv.push("--cert", config.cert);
  if (config.optionsText !== "") argv.push("-o", config.optionsText);
  argv.push("--driver", config.driver, "--log-level", config.logLevel);
  if (debug) argv.push("--debug");
  return argv;
}

function logTail(path: string): string {
  const text = readFileSync(path, "utf8").slice(-logTailBytes).trim();
  return text === "" ? `Its log, ${path}, is empty.` : `The end of its log, ${path}:\n${text}`;
}

/** Empty, and for appending: the daemon cuts it when it has grown too long. */
function openLog(path: string): number {
  rmSync(path, { force: true });
  return openSync(path, "a", 0o600);
}
