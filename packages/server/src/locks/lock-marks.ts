import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Which sessions hold locks, by an empty file each, so that a server that is started after a crash knows for whom to wait. A mark
 * outlives the last lock of its session: marking for each lock would cost a file each time.
 */
export class LockMarks {
  readonly #dir: string;
  readonly #marked: Set<string>;

  constructor(dir: string) {
    this.#dir = dir;
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    this.#marked = new Set(readdirSync(dir));
  }

  get sessions(): readonly string[] {
    return [...this.#marked];
  }

  mark(session: string): void {
    if (this.#marked.has(session)) return;
    writeFileSync(join(this.#dir, session), "", { mode: 0o600 });
    this.#marked.add(session);
  }

  clear(session: string): void {
    if (this.#marked.delete(session)) rmSync(join(this.#dir, session), { force: true });
  }
}
