import { access, writeSync } from "node:fs";
import type { Caller } from "@kedgefs/core";
import { check, libc, type Native } from "./library.ts";
import { includesCapability, readThreadStatus } from "./process-status.ts";
import { syscallNumbers } from "./syscall-numbers.ts";
import { type IdentityCalls, ThreadIdentity } from "./thread-identity.ts";

// The raw calls change the calling thread alone; glibc's setgroups would change every thread of the process.
const nativeSetId: Native<[number, number]> = libc.func("syscall", "long", ["long", "uint32_t"]);
const nativeSetgroups: Native<[number, number, Uint32Array]> = libc.func("syscall", "long", [
  "long",
  "int",
  "const uint32_t *",
]);
const nativePrctl: Native<[number, number, number, number, number]> = libc.func(
  "int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)",
);

/** Source: linux/prctl.h, linux/securebits.h. */
const PR_GET_SECUREBITS = 27;
const SECBIT_NO_SETUID_FIXUP = 1 << 2;

/** Reused, and grown to the longest list so far: `limits.callerGroupsMax` at most. */
let groupIds = new Uint32Array(64);

const calls: IdentityCalls = {
  setfsuid: (uid) => nativeSetId(syscallNumbers.setfsuid, uid),
  setfsgid: (gid) => nativeSetId(syscallNumbers.setfsgid, gid),
  setgroups(groups) {
    if (groups.length > groupIds.length) groupIds = new Uint32Array(groups.length);
    for (let index = 0; index < groups.length; index++) groupIds[index] = groups[index] as number;
    check(nativeSetgroups(syscallNumbers.setgroups, groups.length, groupIds), "setgroups");
  },
  abort(reason) {
    writeSync(2, `kedgefs: ${reason}; the process ends here\n`);
    process.abort();
  },
};

/** Undefined until first asked; null where this thread never switches. */
let thread: ThreadIdentity | null | undefined;

function identityOfThread(): ThreadIdentity | null {
  if (thread !== undefined) return thread;
  const status = readThreadStatus();
  const maySwitch =
    // The kernel takes the overriding capabilities away from who leaves uid 0, and gives them back to who returns to
    // it. Whoever has them by another uid, or has told the kernel to leave them alone, would keep them while running as
    // a caller.
    status.euid === 0 &&
    status.fsuid === 0 &&
    (check(nativePrctl(PR_GET_SECUREBITS, 0, 0, 0, 0), "prctl") & SECBIT_NO_SETUID_FIXUP) === 0 &&
    includesCapability(status, "CAP_SETUID") &&
    includesCapability(status, "CAP_SETGID");
  thread = maySwitch ? new ThreadIdentity(calls, { uid: 0, gid: status.fsgid, groups: status.groups }) : null;
  // A new thread inherits the identity of the one that starts it. libuv starts its pool with the first piece of work,
  // so there must be one before anybody switches.
  if (maySwitch) access("/", () => {});
  return thread;
}

/**
 * Whether `runAs` switches: the process is root and has CAP_SETUID and CAP_SETGID in effect (and has not told the
 * kernel, by securebits, to keep its capabilities over a change of uid). Where it does not, everything is done as the
 * process itself, and whoever serves others must say so. Asked once per thread.
 */
export function canSwitchIdentity(): boolean {
  return identityOfThread() !== null;
}

/**
 * Runs `body` on this thread as `caller`: the kernel checks permission against the caller's uid, gid and groups, and
 * what is made belongs to the caller. Root with gid 0 and no groups is the process itself and costs nothing. Calls may
 * nest. EPERM where the kernel did not follow, EINVAL for ids that are none; if there is no way back, the process ends.
 *
 * `body` must be synchronous and make only the caller's own system calls of this package. Promises, `fs`, threads and
 * child processes do not belong into it: work on pool threads is done as the process, and a thread or child that is
 * started in it inherits the caller's identity for good. While the caller is not root, the thread lacks the
 * capabilities that override file permissions (CAP_FS_SET in linux/capability.h), so openByHandleAt is EPERM.
 *
 * The first switch also makes the process undumpable (commit_creds in kernel/cred.c): it leaves no core file from then
 * on.
 */
export function runAs<T>(caller: Caller, body: () => T): T {
  const identity = identityOfThread();
  return identity === null ? body() : identity.runAs(caller, body);
}
