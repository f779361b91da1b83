import { createHash } from "node:crypto";
import { link, open, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "@kedgefs/core";
import { type MountRecord, parseMountRecord } from "./mount-record.ts";
import { findMount, type MountTableEntry } from "./mount-table.ts";
import { processStartTicks } from "./process-identity.ts";

export const registryLimits = {
  /** Mounts of one user; past it `kedge mount` refuses. */
  mountsMax: 1024,
  /** Longest record of one mount, bytes. A longer file is not ours. */
  recordBytesMax: 64 << 10,
} as const;

export interface RegisteredMount {
  readonly record: MountRecord;
  /** Whether the process that serves the mount lives. */
  readonly alive: boolean;
}

/**
 * The mounts of this user, as files in the runtime folder: HASH.json says what is mounted and which process serves it, HASH.sock
 * is its control socket, HASH.log what it logged. HASH is of the mountpoint, so that one path has one entry.
 */
export class Registry {
  readonly #directory: string;

  /** @param directory from `openRuntimeDirectory` */
  constructor(directory: string) {
    this.#directory = directory;
  }

  controlSocketPath(mountpoint: string): string {
    return this.#path(mountpoint, "sock");
  }

  logPath(mountpoint: string): string {
    return this.#path(mountpoint, "log");
  }

  /** Enters a mount, before it is made, so that two commands for one mountpoint cannot both go on. UserError if it is taken. */
  async claim(record: MountRecord): Promise<void> {
    if ((await this.#hashes()).length >= registryLimits.mountsMax) {
      throw new UserError(`there are ${registryLimits.mountsMax} mounts already`);
    }
    const path = this.#path(record.mountpoint, "json");
    const draft = `${path}.${process.pid}`;
    await writeFile(draft, JSON.stringify(record), { mode: 0o600 });
    try {
      // link(2) refuses an existing name, and whoever reads the name finds a complete file.
      for (;;) {
        try {
          await link(draft, path);
          return;
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
        }
        const other = await this.find(record.mountpoint);
        if (other?.alive) {
          throw new UserError(
            `${record.mountpoint} is taken already: process ${other.record.pid} serves ${other.record.source} there`,
            `To unmount it: kedge umount ${record.mountpoint}`,
          );
        }
        await this.#removeDead(record.mountpoint);
      }
    } finally {
      await rm(draft, { force: true });
    }
  }

  /** Forgets a mount: its record and socket; the log stays for who wants to know why. */
  async release(mountpoint: string): Promise<void> {
    await rm(this.controlSocketPath(mountpoint), { force: true });
    await rm(this.#path(mountpoint, "json"), { force: true });
  }

  async find(mountpoint: string): Promise<RegisteredMount | undefined> {
    return await readEntry(this.#path(mountpoint, "json"));
  }

  /** Every mount, by mountpoint. An entry whose process died and whose mount is gone from `table` too is removed. */
  async list(table: readonly MountTableEntry[]): Promise<RegisteredMount[]> {
    const mounts: RegisteredMount[] = [];
    for (const hash of await this.#hashes()) {
      const mount = await readEntry(join(this.#directory, `${hash}.json`));
      if (mount === undefined) continue;
      if (mount.alive || findMount(table, mount.record.mountpoint)) mounts.push(mount);
      else await this.#removeDead(mount.record.mountpoint);
    }
    return mounts.sort((a, b) => (a.record.mountpoint < b.record.mountpoint ? -1 : 1));
  }

  /**
   * Removes an entry that was found dead. Another command may have done so meanwhile, and a new mount may have the name: so the
   * file is first taken aside, and put back if it lives.
   */
  async #removeDead(mountpoint: string): Promise<void> {
    const path = this.#path(mountpoint, "json");
    const aside = `${path}.${process.pid}.dead`;
    try {
      await rename(path, aside);
      if ((await readEntry(aside))?.alive) await link(aside, path);
      else await rm(this.controlSocketPath(mountpoint), { force: true });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "ENOENT" && code !== "EEXIST") throw error;
    } finally {
      await rm(aside, { force: true });
    }
  }

  async #hashes(): Promise<string[]> {
    const names = await readdir(this.#directory);
    return names.filter((name) => /^[0-9a-f]{16}\.json$/.test(name)).map((name) => name.slice(0, 16));
  }

  #path(mountpoint: string, extension: "json" | "sock" | "log"): string {
    const hash = createHash("sha256").update(mountpoint).digest("hex").slice(0, 16);
    return join(this.#directory, `${hash}.${extension}`);
  }
}

async function readEntry(path: string): Promise<RegisteredMount | undefined> {
  let text: string;
  try {
    await using file = await open(path);
    const { size } = await file.stat();
    if (size > registryLimits.recordBytesMax) return undefined;
    text = await file.readFile("utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  const record = parseMountRecord(text);
  if (record === undefined) return undefined;
  return { record, alive: (await processStartTicks(record.pid)) === record.processStartTicks };
}
