/** A change that is under way. */
export interface Change<Key> {
  readonly keys: readonly Key[];
  /** The tracker's clock when it began. */
  readonly stamp: number;
}

/** Changes remembered one by one; past it all that was asked before counts as overtaken. */
const notedMax = 65_536;

/**
 * Tells whether something that was read while other calls were under way may be kept: not if what it is about was changed
 * between the moment before it was asked and now, or is being changed. Nothing here depends on a clock of the machine.
 */
export class ChangeTracker<Key> {
  #clock = 0;
  /** What was asked before this moment is overtaken, whatever it is about. */
  #floor = 0;
  readonly #ongoing = new Map<Key, number>();
  readonly #noted = new Map<Key, number>();

  /** To be taken before something is asked. */
  stamp(): number {
    return this.#clock;
  }

  /** Something was changed just now, by whomever. */
  note(key: Key): void {
    this.#clock++;
    if (this.#noted.size >= notedMax) {
      this.#noted.clear();
      this.#floor = this.#clock;
    }
    this.#noted.set(key, this.#clock);
  }

  /** Anything may have been changed. */
  noteAll(): void {
    this.#clock++;
    this.#noted.clear();
    this.#floor = this.#clock;
  }

  /** A change of these begins; it takes effect at some moment before its `end`. */
  begin(keys: readonly Key[]): Change<Key> {
    for (const key of keys) this.#ongoing.set(key, (this.#ongoing.get(key) ?? 0) + 1);
    return { keys, stamp: this.#clock };
  }

  /** Returns those of its keys that nothing else has changed since it began: what the change itself tells of them is true. */
  end({ keys, stamp }: Change<Key>): ReadonlySet<Key> {
    const own = new Set<Key>();
    for (const key of keys) {
      const rest = (this.#ongoing.get(key) ?? 1) - 1;
      if (rest === 0) this.#ongoing.delete(key);
      else this.#ongoing.set(key, rest);
    }
    for (const key of keys) if (this.mayKeep(key, stamp)) own.add(key);
    for (const key of keys) this.note(key);
    return own;
  }

  /** Whether what was asked at `stamp` about `key` is still true. */
  mayKeep(key: Key, stamp: number): boolean {
    return stamp >= this.#floor && !this.#ongoing.has(key) && (this.#noted.get(key) ?? 0) <= stamp;
  }
}
