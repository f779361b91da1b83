import { createHash } from "node:crypto";
import type { BigIntStats } from "node:fs";
import type { CaseApi } from "../case.ts";
import type { VolumeFileHandle } from "../volume-api.ts";

/** One of the two file systems that are compared, during one run. */
export interface World {
  /** What each actor uses, by view and actor. */
  readonly apis: readonly (readonly CaseApi[])[];
  /** The directory of the run, by view. The first is the same path in both worlds, so that absolute links are alike. */
  readonly dirs: readonly [string, string];
  /** False where an absolute link would lead from one view into the other, which is another mount (EXDEV). */
  readonly absoluteLinks: boolean;
  readonly handles: Map<number, VolumeFileHandle>;
  /** Whether links of directories are counted alike. */
  readonly comparesDirectoryLinks: boolean;
}

/** Times that the operations set lie before this, nanoseconds; the present lies after it. */
const presentNs = 1_000_000_000_000_000_000n;

/** What of a stat must be alike: not inode numbers, blocks and devices, nor the exact present. */
export function comparable(world: World, stats: BigIntStats): unknown {
  const { mode, nlink, uid, gid, size, mtimeNs } = stats;
  const isDirectory = stats.isDirectory();
  return {
    mode: mode.toString(8),
    uid,
    gid,
    nlink: isDirectory && !world.comparesDirectoryLinks ? undefined : nlink,
    size: isDirectory ? undefined : size,
    mtime: mtimeNs < presentNs ? mtimeNs : "present",
  };
}

/** Bytes in short, so that a difference can be read. */
export function digest(bytes: Uint8Array): string {
  return `${bytes.length} bytes ${createHash("sha256").update(bytes).digest("hex").slice(0, 12)}`;
}

/** Everything below the directory of the run, as root sees it. */
export async function snapshot(world: World, path = world.dirs[0]): Promise<unknown> {
  const fs = world.apis[0]?.[0];
  if (fs === undefined) throw new Error("a world has no actor");
  const stats = await fs.lstat(path, { bigint: true });
  const own = comparable(world, stats);
  if (stats.isSymbolicLink()) return { own, target: await fs.readlink(path) };
  if (stats.isFile()) return { own, content: digest(await fs.readFile(path)) };
  const entries: Record<string, unknown> = {};
  for (const name of (await fs.readdir(path)).sort()) entries[name] = await snapshot(world, `${path}/${name}`);
  return { own, entries };
}
