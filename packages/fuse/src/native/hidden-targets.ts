/** How libfuse 2 names a file that is removed while it is open (hidden_name in fuse.c). */
const hiddenName = /\/\.fuse_hidden[0-9a-f]{16}$/;

/**
 * Files that libfuse has just moved out of the way (.fuse_hidden…) since they are open.
 *
 * It does so for unlink, and for a rename onto an open file just before the rename itself. If that rename then fails, libfuse
 * leaves the target hidden and removes it at its last close: the target would be lost. The adapter puts it back instead. It
 * tells the two cases apart by what comes next: the kernel looks every name up again before a call of its own, so only
 * the rename that libfuse had in mind follows without a look at the name in between.
 */
export class HiddenTargets {
  /** Hidden path by the path that it was. Bounded by the files that are open: the last close removes the hidden one. */
  readonly #hiddenByPath = new Map<string, string>();

  renamed(path: string, newPath: string): void {
    if (hiddenName.test(newPath)) this.#hiddenByPath.set(path, newPath);
    else this.#hiddenByPath.delete(newPath);
  }

  lookedAt(path: string): void {
    this.#hiddenByPath.delete(path);
  }

  removed(hiddenPath: string): void {
    if (!hiddenName.test(hiddenPath)) return;
    for (const [path, hidden] of this.#hiddenByPath) if (hidden === hiddenPath) this.#hiddenByPath.delete(path);
  }

  /** Where the file that was at `path` went, if a rename onto it is what it made way for. */
  take(path: string): string | undefined {
    const hidden = this.#hiddenByPath.get(path);
    this.#hiddenByPath.delete(path);
    return hidden;
  }
}
