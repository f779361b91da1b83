import { readFileSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";
import { listMounts } from "../../scripts/support/mounts.ts";

/** The machine that a run was made on, as far as it bears on the figures. */
export interface Machine {
  readonly system: string;
  readonly kernel: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly node: string;
  /** Type of the file system under everything, such as "ext4". */
  readonly backing: string;
  /** Processes that ran or wanted to, on average over the minute before the run (getloadavg(3)). */
  readonly loadBefore: number;
}

export function describeMachine(folder: string): Machine {
  const processors = cpus();
  return {
    system: /^PRETTY_NAME="?(.*?)"?$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? "Linux",
    kernel: release(),
    cpu: processors[0]?.model ?? "unknown",
    cores: processors.length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    backing: fileSystemOf(folder),
    loadBefore: loadavg()[0] ?? 0,
  };
}

function fileSystemOf(folder: string): string {
  const above = listMounts().filter(({ path }) => path === "/" || folder === path || folder.startsWith(`${path}/`));
  // Of several at one place the last is on top.
  return above.reduce((best, mount) => (mount.path.length >= best.path.length ? mount : best)).type;
}
