import type { Logger } from "@kedgefs/core";
import type { StopSignal } from "./stop-signal.ts";

/**
 * What a process that serves others does about its own bugs. A rejection that nobody took is logged: one bug in one call must not
 * end the service for everyone. An exception that nobody caught may have left things half done, so it ends the process in an
 * orderly way.
 */
export function reportBugs(logger: Logger, stop: StopSignal): void {
  process.on("unhandledRejection", (error) => logger.error("unexpected rejection", { stack: stackOf(error) }));
  process.on("uncaughtException", (error) => {
    logger.error("unexpected exception", { stack: stackOf(error) });
    stop.request("an unexpected exception");
  });
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
