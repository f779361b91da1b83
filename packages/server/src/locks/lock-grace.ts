/**
 * The time after the server's start in which clients that held locks in its former life take them back, before anybody is granted a
 * new one. It ends when all of them have, or after as long as a lock outlives its client's absence.
 */
export class LockGrace {
  readonly #awaited: Set<string>;
  readonly #over: { readonly promise: Promise<void>; readonly resolve: () => void };
  readonly #timer: NodeJS.Timeout | undefined;

  /** `sessions`: those that held locks. */
  constructor(sessions: Iterable<string>, graceMs: number) {
    this.#awaited = new Set(sessions);
    this.#over = Promise.withResolvers<void>();
    if (this.#awaited.size === 0) return;
    this.#timer = setTimeout(() => this.#end(), graceMs);
  }

  /** Whether a session may still take its locks back. */
  awaits(session: string): boolean {
    return this.#awaited.has(session);
  }

  /** A session has taken back what it had, or has ended. */
  settled(session: string): void {
    if (this.#awaited.delete(session) && this.#awaited.size === 0) this.#end();
  }

  /** Settles at its end; undefined after it. */
  over(): Promise<void> | undefined {
    return this.#awaited.size === 0 ? undefined : this.#over.promise;
  }

  close(): void {
    this.#end();
  }

  #end(): void {
    clearTimeout(this.#timer);
    this.#awaited.clear();
    this.#over.resolve();
  }
}
