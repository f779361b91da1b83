/**
 * An error for the person at the keyboard: `message` says what was wrong, `hint` what to do about it. `kedge` prints both
 * without a stack trace.
 */
export class UserError extends Error {
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.name = "UserError";
    this.hint = hint;
  }
}
