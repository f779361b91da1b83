import { readFileSync } from "node:fs";

/**
 * Whether every read on the file system of `fd` moves the access time (strictatime), not only one that finds it older than the
 * last change (relatime) and none at all (noatime). Source: mount(8), proc_pid_mountinfo(5), proc_pid_fdinfo(5).
 */
export function hasStrictAtime(fd: number): boolean {
  const mountId = /^mnt_id:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8"))?.[1];
  for (const line of readFileSync("/proc/self/mountinfo", "latin1").split("\n")) {
    const fields = line.split(" ");
    if (fields[0] !== mountId) continue;
    const options = (fields[5] ?? "").split(",");
    return !options.includes("relatime") && !options.includes("noatime");
  }
  return true;
}
