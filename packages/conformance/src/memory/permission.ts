import { type Caller, FsError } from "@kedgefs/core";
import { type DirectoryInode, type Inode, isAppendOnly, isImmutable } from "./inode.ts";

export const mayRead = 4;
export const mayWrite = 2;
export const mayExecute = 1;

export const setUidBit = 0o4000;
export const setGidBit = 0o2000;
export const stickyBit = 0o1000;
const groupExecuteBit = 0o010;
const anyExecuteBits = 0o111;

/** Root has every capability that these rules ask for: CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID, CAP_CHOWN, CAP_MKNOD. */
export const isPrivileged = (caller: Caller): boolean => caller.uid === 0;

export const isOwner = (inode: Inode, caller: Caller): boolean => isPrivileged(caller) || caller.uid === inode.uid;

export const inGroup = (gid: number, caller: Caller): boolean => caller.gid === gid || caller.groups.includes(gid);

/** path_resolution(7): the first of owner, group and other that fits the caller decides alone. */
export function permits(inode: Inode, caller: Caller, mask: number): boolean {
  if (isPrivileged(caller)) {
    const executes = (mask & mayExecute) !== 0 && inode.kind !== "directory";
    return !executes || (inode.mode & anyExecuteBits) !== 0;
  }
  const shift = caller.uid === inode.uid ? 6 : inGroup(inode.gid, caller) ? 3 : 0;
  return (mask & ~(inode.mode >> shift)) === 0;
}

export function requirePermission(inode: Inode, caller: Caller, mask: number): void {
  if ((mask & mayWrite) !== 0 && isImmutable(inode)) throw new FsError("EPERM");
  if (!permits(inode, caller, mask)) throw new FsError("EACCES");
}

/** Neither its attributes nor its names may change. */
export function requireChangeable(inode: Inode): void {
  if (isImmutable(inode) || isAppendOnly(inode)) throw new FsError("EPERM");
}

/** A name may be taken from a directory: write and search permission, and in a sticky one the file or directory is ours. */
export function requireRemovable(directory: DirectoryInode, victim: Inode, caller: Caller): void {
  requirePermission(directory, caller, mayWrite | mayExecute);
  if (isAppendOnly(directory)) throw new FsError("EPERM");
  const sticky = (directory.mode & stickyBit) !== 0;
  if (sticky && !isOwner(victim, caller) && !isOwner(directory, caller)) throw new FsError("EPERM");
  requireChangeable(victim);
}

/** The mode after a write or truncation by `caller` (setattr_should_drop_suidgid in the kernel's fs/attr.c). */
export function modeAfterWrite(inode: Inode, caller: Caller): number {
  if (inode.kind !== "file" || isPrivileged(caller)) return inode.mode;
  return withoutGroupIdentity(inode, inode.mode & ~setUidBit, caller);
}

/** The mode after a chown by anyone, root included (chown_common in the kernel's fs/open.c). Directories keep theirs. */
export function modeAfterChown(inode: Inode, caller: Caller): number {
  return inode.kind === "directory" ? inode.mode : withoutGroupIdentity(inode, inode.mode & ~setUidBit, caller);
}

// Set-gid without group execution once stood for mandatory locking, so it stays for those who may set it.
function withoutGroupIdentity(inode: Inode, mode: number, caller: Caller): number {
  const maySet = isPrivileged(caller) || inGroup(inode.gid, caller);
  const drops = (mode & groupExecuteBit) !== 0 || !maySet;
  return drops ? mode & ~setGidBit : mode;
}

/** Mode and group of a new inode in `parent` (inode_init_owner and mode_strip_sgid in the kernel's fs/inode.c). */
export function ownershipIn(parent: DirectoryInode, mode: number, isDirectory: boolean, caller: Caller) {
  if ((parent.mode & setGidBit) === 0) return { mode, gid: caller.gid };
  if (isDirectory) return { mode: mode | setGidBit, gid: parent.gid };
  const executableByGroup = setGidBit | groupExecuteBit;
  const strips =
    (mode & executableByGroup) === executableByGroup && !isPrivileged(caller) && !inGroup(parent.gid, caller);
  return { mode: strips ? mode & ~setGidBit : mode, gid: parent.gid };
}
