import { writeSync } from "node:fs";
import { isatty } from "node:tty";
import type { LogFields, Logger, LogLevel } from "@kedgefs/core";
import { printable } from "./printable.ts";

export const logLevels = ["debug", "info", "warn", "error"] as const satisfies readonly LogLevel[];

export interface TextLoggerOptions {
  /** Lines of lower levels are dropped. */
  readonly level: LogLevel;
  /** Takes one line with its newline. */
  readonly write: (line: string) => void;
  /** Put the ISO time in front of every line. */
  readonly timestamps: boolean;
}

/** A Logger that makes one line of each event: `[time] level message key=value …`. */
export function createTextLogger({ level, write, timestamps }: TextLoggerOptions): Logger {
  const lowest = logLevels.indexOf(level);
  const logAt = (name: LogLevel) => (message: string, fields?: LogFields) => {
    if (logLevels.indexOf(name) < lowest) return;
    const time = timestamps ? `${new Date().toISOString()} ` : "";
    write(`${time}${name} ${printable(message)}${fieldsText(fields)}\n`);
  };
  return { debug: logAt("debug"), info: logAt("info"), warn: logAt("warn"), error: logAt("error") };
}

function fieldsText(fields: LogFields | undefined): string {
  let text = "";
  for (const [name, value] of Object.entries(fields ?? {})) {
    if (value === undefined) continue;
    const plain = printable(String(value));
    text += ` ${name}=${/^[^\s"=]+$/.test(plain) ? plain : JSON.stringify(plain)}`;
  }
  return text;
}

/**
 * The logger of a command in the foreground: lines to stderr, with the time unless a person watches them come or systemd,
 * which sets JOURNAL_STREAM and stamps every line, collects them.
 */
export function createStderrLogger(level: LogLevel): Logger {
  const timestamps = !isatty(2) && process.env.JOURNAL_STREAM === undefined;
  return createTextLogger({ level, timestamps, write: writeToStderr });
}

/** Synchronous, so that the last words of a dying process arrive; a reader that went away is no reason to die. */
function writeToStderr(line: string): void {
  try {
    writeSync(2, line);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== "EPIPE" && code !== "EAGAIN" && code !== "EIO" && code !== "ENOSPC") throw error;
  }
}
