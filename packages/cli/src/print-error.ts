import { UserError } from "@kedgefs/core";
import { printable } from "./printable.ts";
import { UsageError } from "./usage-error.ts";

/** Exit codes of `kedge`: 70 is EX_SOFTWARE of sysexits.h. */
export const exitCodes = { success: 0, failure: 1, usage: 2, internal: 70 } as const;

export interface PrintedError {
  /** For stderr, with a newline at the end. */
  readonly text: string;
  readonly exitCode: number;
}

/**
 * What a person sees of an error. A UserError says itself what is wrong; anything else is a bug of ours, and its stack is
 * shown only with `debug`.
 */
export function printError(error: unknown, debug: boolean): PrintedError {
  const stack = debug && error instanceof Error && error.stack !== undefined ? `${error.stack}\n` : "";
  if (error instanceof UserError) {
    const hint = error.hint === undefined ? "" : `${indent(error.hint)}\n`;
    const exitCode = error instanceof UsageError ? exitCodes.usage : exitCodes.failure;
    return { text: `kedge: ${lines(error.message)}\n${hint}${stack}`, exitCode };
  }
  const message = error instanceof Error ? error.message : String(error);
  const advice = debug ? "" : " (run with --debug for details)";
  return { text: `kedge: internal error: ${lines(message)}${advice}\n${stack}`, exitCode: exitCodes.internal };
}

function lines(text: string): string {
  return text.split("\n").map(printable).join("\n");
}

function indent(text: string): string {
  return lines(text).replace(/^/gm, "  ");
}
