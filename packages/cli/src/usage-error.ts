import { UserError } from "@kedgefs/core";

/** The command line itself was wrong: exit code 2 instead of 1. */
export class UsageError extends UserError {
  constructor(message: string, hint?: string) {
    super(message, hint);
    this.name = "UsageError";
  }
}
