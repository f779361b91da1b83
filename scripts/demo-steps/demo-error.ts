/** What stops the demo, in words for the person who runs it; `hint` says what to do. */
export class DemoError extends Error {
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}
