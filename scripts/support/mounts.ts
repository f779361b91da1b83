import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";

export interface Mount {
  readonly path: string;
  readonly type: string;
  /** major:minor of the device, as proc(5) gives it. */
  readonly device: string;
}

/** The mounts that this process sees, in the order in which they were made. Source: proc_pid_mountinfo(5). */
export function listMounts(): Mount[] {
  const mounts: Mount[] = [];
  for (const line of readFileSync("/proc/self/mountinfo", "utf8").split("\n")) {
    const fields = line.split(" ");
    const [, , device, , path] = fields;
    const type = fields[fields.indexOf("-") + 1];
    if (device === undefined || path === undefined || type === undefined) continue;
    mounts.push({ path: unescapeOctal(path), type, device });
  }
  return mounts;
}

export function mountsUnder(folder: string): Mount[] {
  return listMounts().filter(({ path }) => path === folder || path.startsWith(`${folder}/`));
}

/**
 * Makes every call that waits on a FUSE mount fail with ECONNABORTED, so that processes stuck in it can end. Needs the fusectl
 * file system, which every distribution mounts; does nothing without it or for other mounts.
 */
export function abortFuseConnection(mount: Mount): void {
  if (!mount.type.startsWith("fuse")) return;
  try {
    writeFileSync(`/sys/fs/fuse/connections/${mount.device.split(":")[1]}/abort`, "1");
  } catch {
    // The connection has ended already, or belongs to somebody else; the unmount that follows tells.
  }
}

/** Unmounts at once, whoever uses it (umount2(2), MNT_DETACH). Returns whether it is gone. */
export function detachMount(mount: Mount): boolean {
  abortFuseConnection(mount);
  const options = { timeout: 10_000, stdio: "ignore" } as const;
  const asRoot = process.getuid?.() === 0;
  const detached = asRoot
    ? spawnSync("umount", ["-l", mount.path], options)
    : spawnSync("fusermount3", ["-u", "-z", "--", mount.path], options);
  return detached.status === 0;
}

/** Unmounts all below a folder, the latest first. Returns those that stayed. */
export function detachMountsUnder(folder: string): Mount[] {
  for (const mount of mountsUnder(folder).reverse()) detachMount(mount);
  return mountsUnder(folder);
}

function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
