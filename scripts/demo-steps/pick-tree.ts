import { accessSync, constants, type Dirent, lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { DemoError } from "./demo-error.ts";

export interface PickedTree {
  /** What to copy, by the folder that it is found in. */
  readonly sources: ReadonlyMap<string, readonly string[]>;
  readonly files: number;
  readonly bytes: number;
}

interface Size {
  files: number;
  bytes: number;
}

const filesWanted = 4_000;
const filesMin = 3_000;
const bytesMax = 300_000_000;
/** One large entry would make the demo about that entry. */
const entryBytesMax = 60_000_000;

/** Picks real files of this machine, a candidate after the other, until there are some thousands. Copies nothing. */
export function pickTree(candidates: readonly string[]): PickedTree {
  const sources = new Map<string, string[]>();
  const total: Size = { files: 0, bytes: 0 };
  for (const candidate of candidates) {
    for (const name of readableNames(candidate)) {
      if (total.files >= filesWanted) return { sources, ...total };
      const size: Size = { files: 0, bytes: 0 };
      if (!measure(join(candidate, name), size)) continue;
      if (size.bytes > entryBytesMax || total.bytes + size.bytes > bytesMax) continue;
      total.files += size.files;
      total.bytes += size.bytes;
      const names = sources.get(candidate) ?? [];
      names.push(name);
      sources.set(candidate, names);
    }
  }
  if (total.files >= filesMin) return { sources, ...total };
  throw new DemoError(
    `found only ${total.files} files to copy on this machine; ${filesMin} are needed`,
    `Looked in ${candidates.join(", ")}.`,
  );
}

/** Adds up what is below a path. False where something cannot be read, or is neither file, folder nor symbolic link. */
function measure(path: string, size: Size): boolean {
  try {
    const stats = lstatSync(path);
    if (stats.isSymbolicLink()) return true;
    if (stats.isDirectory()) {
      return readdirSync(path, { withFileTypes: true }).every((entry: Dirent) => measure(join(path, entry.name), size));
    }
    if (!stats.isFile()) return false;
    accessSync(path, constants.R_OK);
    size.files++;
    size.bytes += stats.size;
    return true;
  } catch {
    return false;
  }
}

function readableNames(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}
