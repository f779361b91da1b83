import { readFile } from "node:fs/promises";

/** One line of /proc/self/mountinfo. Source: proc_pid_mountinfo(5). */
export interface MountTableEntry {
  readonly mountpoint: string;
  /** Type and subtype, "fuse.kedge" for our mounts. */
  readonly type: string;
  /** What the mount says it comes from: HOST:PORT/EXPORT for ours. */
  readonly source: string;
}

export const kedgeFilesystemType = "fuse.kedge";

/** The mounts of this process's namespace, in the order of mounting. Asks no file system anything, so it cannot hang. */
export async function readMountTable(): Promise<MountTableEntry[]> {
  return parseMountTable(await readFile("/proc/self/mountinfo", "latin1"));
}

export function parseMountTable(text: string): MountTableEntry[] {
  const entries: MountTableEntry[] = [];
  for (const line of text.split("\n")) {
    const [left = "", right = ""] = line.split(" - ", 2);
    const mountpoint = left.split(" ")[4];
    const [type = "", source = ""] = right.split(" ");
    if (mountpoint === undefined) continue;
    entries.push({
      mountpoint: unescapeField(mountpoint),
      type,
      source: unescapeField(source),
    });
  }
  return entries;
}

/** What is mounted on a path: the last of several that are stacked. */
export function findMount(table: readonly MountTableEntry[], mountpoint: string): MountTableEntry | undefined {
  return table.findLast((entry) => entry.mountpoint === mountpoint);
}

/** The kernel writes space, tab, newline and backslash as octal escapes, everything else as it is. */
function unescapeField(text: string): string {
  const bytes = text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
  return Buffer.from(bytes, "latin1").toString("utf8");
}
