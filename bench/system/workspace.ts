import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { detachMountsUnder, mountsUnder } from "../../scripts/support/mounts.ts";
import { BenchError } from "../bench-error.ts";
import { killAllGroups } from "./children.ts";

/** How long a mount may take to vanish after it was detached, milliseconds. */
const vanishTimeoutMs = 5_000;

/** The folder that holds everything of a run. Nothing of it is left after `remove`, nor after the process has ended. */
export class Workspace {
  readonly root: string;
  /** What the servers export. `input` is read, `out` is written. */
  readonly exported: string;
  /** Sources of copies: a tree, its archive, a git repository. Never seen through a mount. */
  readonly local: string;
  /** Where a peer is mounted while it is measured. */
  readonly mountpoint: string;
  readonly #lastResort = (): void => {
    killAllGroups();
    if (detachMountsUnder(this.root).length === 0) rmSync(this.root, { recursive: true, force: true });
  };

  constructor(parent: string) {
    this.root = mkdtempSync(join(parent, "kedge-bench-"));
    this.exported = join(this.root, "export");
    this.local = join(this.root, "local");
    this.mountpoint = join(this.root, "mnt");
    for (const folder of [join(this.exported, "input"), join(this.exported, "out"), this.local, this.mountpoint]) {
      mkdirSync(folder, { recursive: true });
    }
    process.on("exit", this.#lastResort);
  }

  /** BenchError where a mount stays. */
  async remove(): Promise<void> {
    const until = Date.now() + vanishTimeoutMs;
    while (detachMountsUnder(this.root).length > 0) {
      if (Date.now() > until) throw new BenchError(`still mounted: ${mountsUnder(this.root).map(({ path }) => path)}`);
      await delay(50);
    }
    rmSync(this.root, { recursive: true, force: true });
    process.removeListener("exit", this.#lastResort);
  }
}
