/** Why the device is not read: the mount's owner asked for it, or the driver holds as much as it may. */
export type HoldReason = "asked" | "full";

/** Reads go on when no reason is left to hold them. */
export class ReadGate {
  readonly #reads: { pause(): void; resume(): void };
  readonly #reasons = new Set<HoldReason>();

  constructor(reads: { pause(): void; resume(): void }) {
    this.#reads = reads;
  }

  hold(reason: HoldReason, isHeld: boolean): void {
    const wasHeld = this.#reasons.size > 0;
    if (isHeld) this.#reasons.add(reason);
    else this.#reasons.delete(reason);
    const nowHeld = this.#reasons.size > 0;
    if (wasHeld === nowHeld) return;
    if (nowHeld) this.#reads.pause();
    else this.#reads.resume();
  }
}
