import { readlinkSync } from "node:fs";
import { readdir, readlink } from "node:fs/promises";

const device = "/dev/fuse";
const folder = "/proc/self/fd";

/** How often the device is looked at. The binding has no call for "the mount is gone", so this is how late `closed` may be. */
export const devicePollMs = 100;

/** The numbers of this process's descriptors of /dev/fuse. */
export async function fuseDescriptors(): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for (const fd of await readdir(folder)) {
    const target = await readlink(`${folder}/${fd}`).catch(() => undefined);
    if (target === device) found.add(fd);
  }
  return found;
}

/** Whether one of the descriptors is open still. libfuse closes its own when the mount is gone, unmounted by whomever. */
export function isAnyOpen(descriptors: ReadonlySet<string>): boolean {
  for (const fd of descriptors) {
    try {
      if (readlinkSync(`${folder}/${fd}`) === device) return true;
    } catch {
      // Closed, which is the answer.
    }
  }
  return false;
}

/** Resolves once libfuse has closed the descriptors. A descriptor of /dev/fuse makes no system call wait, so looking is cheap. */
export function whenClosed(descriptors: ReadonlySet<string>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setInterval(() => {
    if (isAnyOpen(descriptors)) return;
    clearInterval(timer);
    resolve();
  }, devicePollMs);
  return promise;
}
