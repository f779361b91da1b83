import { readFile } from "node:fs/promises";

/** One mount of this mount namespace, from a line of /proc/self/mountinfo. Source: proc_pid_mountinfo(5). */
export interface MountInfo {
  readonly id: number;
  /** The id of the mount that this one is mounted on. */
  readonly parent: number;
  /** "major:minor" of the mount's st_dev. */
  readonly device: string;
  readonly mountpoint: string;
  /** For example "fuse.kedge". */
  readonly type: string;
  readonly source: string;
}

/** Reading this asks no file system anything, so it is safe where a stat of a mount would wait for its server. */
export async function readMountInfo(): Promise<readonly MountInfo[]> {
  return parseMountInfo(await readFile("/proc/self/mountinfo", "utf8"));
}

export function parseMountInfo(text: string): readonly MountInfo[] {
  const mounts: MountInfo[] = [];
  for (const line of text.split("\n")) {
    // 36 35 98:0 /root /mountpoint rw,noatime shared:1 - type source rw; as many optional fields before the "-" as there are.
    const [before = "", after] = line.split(" - ", 2);
    const [id, parent, device, , mountpoint] = before.split(" ");
    const [type, source] = (after ?? "").split(" ");
    if (device === undefined || mountpoint === undefined || type === undefined || source === undefined) continue;
    const ids = { id: Number(id), parent: Number(parent) };
    mounts.push({ ...ids, device, mountpoint: unescaped(mountpoint), type, source: unescaped(source) });
  }
  return mounts;
}

/** The mount that a path leads to, where it is a mount point: the last of several that lie over each other. */
export async function mountAt(path: string): Promise<MountInfo | undefined> {
  return (await readMountInfo()).findLast((mount) => mount.mountpoint === path);
}

/** A mount that lies on a file or directory of this file system, wherever that is mounted itself. */
export async function mountWithin(device: string): Promise<MountInfo | undefined> {
  const mounts = await readMountInfo();
  const own = new Set(mounts.filter((mount) => mount.device === device).map(({ id }) => id));
  return mounts.find(({ parent }) => own.has(parent));
}

/** Space, tab, newline and backslash are three octal digits there, one for each byte. */
function unescaped(field: string): string {
  return field.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
