import { readFileSync } from "node:fs";

/** Bit numbers of capabilities(7). Source: linux/capability.h. */
const capabilityBits = {
  CAP_CHOWN: 0,
  CAP_DAC_OVERRIDE: 1,
  CAP_DAC_READ_SEARCH: 2,
  CAP_FOWNER: 3,
  CAP_FSETID: 4,
  CAP_KILL: 5,
  CAP_SETGID: 6,
  CAP_SETUID: 7,
  CAP_SETPCAP: 8,
  CAP_LINUX_IMMUTABLE: 9,
  CAP_NET_BIND_SERVICE: 10,
  CAP_NET_ADMIN: 12,
  CAP_IPC_LOCK: 14,
  CAP_SYS_CHROOT: 18,
  CAP_SYS_PTRACE: 19,
  CAP_SYS_ADMIN: 21,
  CAP_SYS_NICE: 23,
  CAP_SYS_RESOURCE: 24,
  CAP_MKNOD: 27,
  CAP_LEASE: 28,
  CAP_SETFCAP: 31,
} as const;

export type CapabilityName = keyof typeof capabilityBits;

/** Credentials of the calling thread, as /proc/thread-self/status tells them. */
export interface ThreadStatus {
  readonly euid: number;
  readonly fsuid: number;
  readonly fsgid: number;
  readonly groups: readonly number[];
  /** CapEff. */
  readonly capabilities: bigint;
}

/**
 * Reads the status of the calling thread: that of the process is its main thread's, which may run as somebody else just
 * now.
 */
export function readThreadStatus(): ThreadStatus {
  return parseThreadStatus(readFileSync("/proc/thread-self/status", "latin1"));
}

/** Format: proc_pid_status(5). Throws a plain Error where a line is missing. */
export function parseThreadStatus(text: string): ThreadStatus {
  const fields = new Map(text.split("\n").map((line) => [line.slice(0, line.indexOf(":")), line] as const));
  const words = (key: string): string[] => {
    const line = fields.get(key);
    if (line === undefined) throw new Error(`the status of the thread has no line "${key}:"`);
    return line
      .slice(key.length + 1)
      .split(/\s+/)
      .filter((word) => word !== "");
  };
  // Uid and Gid: real, effective, saved, file system.
  return {
    euid: Number(words("Uid")[1]),
    fsuid: Number(words("Uid")[3]),
    fsgid: Number(words("Gid")[3]),
    groups: words("Groups").map(Number),
    capabilities: BigInt(`0x${words("CapEff")[0]}`),
  };
}

export function includesCapability(status: ThreadStatus, name: CapabilityName): boolean {
  return ((status.capabilities >> BigInt(capabilityBits[name])) & 1n) === 1n;
}

/**
 * Whether the calling thread has a capability in effect. Reads a file of /proc each time (some 20 µs): ask once and
 * keep it.
 */
export function hasCapability(name: CapabilityName): boolean {
  return includesCapability(readThreadStatus(), name);
}

/** How many descriptors this process may have (its soft RLIMIT_NOFILE); Infinity where there is no limit. Format: proc_pid_limits(5). */
export function openFilesMax(): number {
  const [, soft] = /^Max open files +(\S+)/m.exec(readFileSync("/proc/self/limits", "latin1")) ?? [];
  if (soft === undefined) throw new Error('the limits of the process have no line "Max open files"');
  return soft === "unlimited" ? Number.POSITIVE_INFINITY : Number(soft);
}
