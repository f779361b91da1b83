import { rmSync } from "node:fs";
import type { Logger } from "@kedgefs/core";
import { createDaemonLogWriter } from "./daemon-log.ts";
import { sendToParent } from "./daemon-messages.ts";
import type { MountConfig } from "./mount-config.ts";
import { runMount } from "./mount-daemon.ts";
import type { MountRecord } from "./mount-record.ts";
import { exitCodes, printError } from "./print-error.ts";
import { Registry } from "./registry.ts";
import { reportBugs } from "./report-bugs.ts";
import { findRuntimeDirectory } from "./runtime-directory.ts";
import { createStopSignal, StoppedError } from "./stop-signal.ts";
import { createStderrLogger, createTextLogger } from "./text-logger.ts";

export interface ForegroundOptions {
  readonly debug: boolean;
  /** Started by `kedge mount` without --foreground: stderr is a log file, and the parent waits for one message. */
  readonly daemon: boolean;
}

/** Serves a mount in this process until its end. Returns the exit code; what went wrong is told to the parent or to stderr. */
export async function mountInForeground(config: MountConfig, { debug, daemon }: ForegroundOptions): Promise<number> {
  const logger = daemon
    ? createTextLogger({ level: config.logLevel, timestamps: true, write: createDaemonLogWriter() })
    : createStderrLogger(config.logLevel);
  const stop = createStopSignal(
    daemon ? () => logger.info("SIGHUP means nothing to a mount in the background") : undefined,
  );
  let ready = false;
  process.on("disconnect", () => {
    if (!ready) stop.request("the end of the command that started it");
  });
  reportBugs(logger, stop);

  const onReady = (record: MountRecord): void => {
    ready = true;
    if (!daemon) process.stdout.write(`kedge: mounted ${record.source} on ${record.mountpoint}\n`);
    sendToParent({ kind: "ready", source: record.source }).catch((error) =>
      logger.warn("no parent", { reason: String(error) }),
    );
  };
  try {
    await runMount(config, stop, logger, onReady);
    if (daemon) await removeLog(config.mountpoint, logger);
    return exitCodes.success;
  } catch (error) {
    if (error instanceof StoppedError) {
      if (daemon) await removeLog(config.mountpoint, logger);
      return exitCodes.failure;
    }
    const { text, exitCode } = printError(error, debug);
    process.stderr.write(text);
    await sendToParent({ kind: "failed", text, exitCode });
    return exitCode;
  }
}

/** The log of a mount that ended well has served its purpose; others stay until the next mount in the same place. */
async function removeLog(mountpoint: string, logger: Logger): Promise<void> {
  const directory = await findRuntimeDirectory();
  if (directory === undefined) return;
  const path = new Registry(directory).logPath(mountpoint);
  logger.debug("removing the log", { path });
  for (const name of [path, `${path}.1`]) rmSync(name, { force: true });
}
