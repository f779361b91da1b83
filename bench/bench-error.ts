/** A failure that is told to the person who runs the benchmark in one line, without a stack. */
export class BenchError extends Error {
  override readonly name: string = "BenchError";
}

/** The run was interrupted. It ends, whatever else is under way. */
export class Interrupted extends BenchError {
  override readonly name = "Interrupted";

  constructor() {
    super("interrupted");
  }
}

/** A peer cannot be measured on this machine. Its column says so with this message. */
export class Unavailable extends BenchError {
  override readonly name = "Unavailable";
}

/** What a person needs of whatever was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
