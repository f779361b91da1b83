import { type Caller, FsError, O_ACCMODE, O_RDONLY, type Timespec } from "@kedgefs/core";
import type { FileInode, Inode } from "./inode.ts";
import { mayWrite, modeAfterWrite, requirePermission } from "./permission.ts";
import { fileBytesMax } from "./sparse-bytes.ts";
import type { OpenHandle } from "./state.ts";

export function requireSize(size: bigint): void {
  if (size < 0n) throw new FsError("EINVAL");
  if (size > fileBytesMax) throw new FsError("EFBIG");
}

/** truncate(2) asks for write permission, ftruncate(2) for a handle that is open for writing. */
export function requireWritable(inode: Inode, handle: OpenHandle | undefined, caller: Caller): void {
  if (inode.kind === "directory") throw new FsError("EISDIR");
  if (inode.kind !== "file") throw new FsError("EINVAL");
  if (handle === undefined) requirePermission(inode, caller, mayWrite);
  else if ((handle.flags & O_ACCMODE) === O_RDONLY) throw new FsError("EINVAL");
}

/** A change of contents: size, times, and no set-id bits left for a caller without privilege. */
export function truncateFile(inode: FileInode, size: bigint, caller: Caller, now: Timespec): void {
  inode.bytes.truncate(size);
  touchContents(inode, caller, now);
}

export function touchContents(inode: FileInode, caller: Caller, now: Timespec): void {
  inode.mode = modeAfterWrite(inode, caller);
  inode.mtime = now;
  inode.ctime = now;
}

/** Takes the set-id bits away that a change by this caller takes away. */
export function dropSetIds(inode: FileInode, caller: Caller, now: Timespec): void {
  const mode = modeAfterWrite(inode, caller);
  if (mode === inode.mode) return;
  inode.mode = mode;
  inode.ctime = now;
}
