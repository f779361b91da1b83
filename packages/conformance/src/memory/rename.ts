import { type Caller, type FileSystem, FsError, RENAME_EXCHANGE, RENAME_NOREPLACE } from "@kedgefs/core";
import type { DirectoryInode, Inode } from "./inode.ts";
import { loseName } from "./names.ts";
import { mayWrite, requirePermission, requireRemovable } from "./permission.ts";
import type { MemoryState } from "./state.ts";

interface Place {
  readonly directory: DirectoryInode;
  readonly key: string;
}

/** renameat2(2), its checks in the order of do_renameat2 and vfs_rename in the kernel's fs/namei.c. */
export function renameOperation(state: MemoryState): Pick<FileSystem, "rename"> {
  return {
    async rename({ parent, name, newParent, newName, flags }, { caller }) {
      if (flags !== 0 && flags !== RENAME_NOREPLACE && flags !== RENAME_EXCHANGE) throw new FsError("EINVAL");
      const from = state.place(parent, name, caller);
      const to = state.place(newParent, newName, caller);
      const source = state.child(from.directory, from.key);
      const target = to.directory.entries.get(to.key);
      if (flags === RENAME_NOREPLACE && target !== undefined) throw new FsError("EEXIST");
      if (flags === RENAME_EXCHANGE && target === undefined) throw new FsError("ENOENT");
      if (isAncestor(source, to.directory)) throw new FsError("EINVAL");
      if (target !== undefined && isAncestor(target, from.directory)) {
        throw new FsError(flags === RENAME_EXCHANGE ? "EINVAL" : "ENOTEMPTY");
      }
      // Two names of one file: rename(2) does nothing and both stay.
      if (source === target) return;
      requireRemovable(from.directory, source, caller);
      if (target === undefined) state.requireCreatable(to.directory, to.key, caller);
      else requireRemovable(to.directory, target, caller);
      const replaced = flags === RENAME_EXCHANGE ? undefined : target;
      if (replaced !== undefined) requireSameKind(source, replaced);
      const moves = from.directory !== to.directory;
      if (moves) requireParentChangeable(source, caller);
      if (flags === RENAME_EXCHANGE && target !== undefined) {
        if (moves) requireParentChangeable(target, caller);
        return exchange(state, from, source, to, target);
      }
      if (replaced?.kind === "directory" && replaced.entries.size > 0) throw new FsError("ENOTEMPTY");
      replace(state, from, source, to, replaced);
    },
  };
}

function isAncestor(inode: Inode, directory: DirectoryInode): boolean {
  for (let at = directory; ; at = at.parent) {
    if (at === inode) return true;
    if (at.parent === at) return false;
  }
}

// Moving a directory rewrites its "..", so it must be writable itself.
function requireParentChangeable(inode: Inode, caller: Caller): void {
  if (inode.kind === "directory") requirePermission(inode, caller, mayWrite);
}

function requireSameKind(source: Inode, target: Inode): void {
  if (source.kind === "directory" && target.kind !== "directory") throw new FsError("ENOTDIR");
  if (source.kind !== "directory" && target.kind === "directory") throw new FsError("EISDIR");
}

function replace(state: MemoryState, from: Place, source: Inode, to: Place, target: Inode | undefined): void {
  const moves = from.directory !== to.directory;
  if (source.kind === "directory" && moves && target === undefined) state.requireLinkable(to.directory);
  const now = state.now();
  from.directory.entries.delete(from.key);
  to.directory.entries.set(to.key, source);
  if (target !== undefined) loseName(state, to.directory, target, now);
  if (moves) adopt(source, from.directory, to.directory);
  finish(state, from, to, now);
  source.ctime = now;
}

function exchange(state: MemoryState, from: Place, source: Inode, to: Place, target: Inode): void {
  const now = state.now();
  from.directory.entries.set(from.key, target);
  to.directory.entries.set(to.key, source);
  if (from.directory !== to.directory) {
    adopt(source, from.directory, to.directory);
    adopt(target, to.directory, from.directory);
  }
  finish(state, from, to, now);
  source.ctime = now;
  target.ctime = now;
}

function adopt(inode: Inode, oldParent: DirectoryInode, newParent: DirectoryInode): void {
  if (inode.kind !== "directory") return;
  oldParent.nlink -= 1;
  newParent.nlink += 1;
  inode.parent = newParent;
}

function finish(state: MemoryState, from: Place, to: Place, now: DirectoryInode["ctime"]): void {
  state.touchDirectory(from.directory, now);
  state.touchDirectory(to.directory, now);
}
