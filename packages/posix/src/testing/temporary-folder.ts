import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { O_RDONLY } from "@kedgefs/core";
import { AT_FDCWD } from "../at-flags.ts";
import { close, O_DIRECTORY, openat } from "../open.ts";
import { type CapabilityName, hasCapability } from "../process-status.ts";

export interface TemporaryFolder {
  readonly path: string;
  /** A descriptor of it, open for reading. */
  readonly fd: number;
}

/** A folder for the tests of one file, gone after them. */
export function temporaryFolder(): TemporaryFolder {
  const path = mkdtempSync(join(tmpdir(), "kedgefs-posix-"));
  const fd = openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY);
  after(() => {
    close(fd);
    rmSync(path, { recursive: true, force: true });
  });
  return { path, fd };
}

/** Options of a test that anybody can do. */
export const asAnybody = { timeout: 20_000 } as const;

/** Options of a test that only root with these capabilities can do: for anybody else it is skipped, and says why. */
export function asRootWith(...names: CapabilityName[]): { timeout: number; skip: string | false } {
  const missing = names.filter((name) => !hasCapability(name));
  if (process.geteuid?.() !== 0) return { ...asAnybody, skip: "needs root" };
  return { ...asAnybody, skip: missing.length > 0 ? `needs ${missing.join(", ")}` : false };
}

export const asRoot = asRootWith("CAP_CHOWN", "CAP_FOWNER", "CAP_DAC_OVERRIDE", "CAP_SETUID", "CAP_SETGID");
