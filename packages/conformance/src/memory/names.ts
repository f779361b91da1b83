import {
  type Entry,
  type FileSystem,
  FsError,
  limits,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  S_IFSOCK,
} from "@kedgefs/core";
import { attrOf, type DirectoryInode, type Inode } from "./inode.ts";
import { isPrivileged, requireChangeable, requireRemovable } from "./permission.ts";
import type { MemoryState } from "./state.ts";

type NameOperations = Pick<FileSystem, "lookup" | "symlink" | "mknod" | "mkdir" | "link" | "unlink" | "rmdir">;

export const entryOf = (inode: Inode): Entry => ({ node: inode.node, attr: attrOf(inode) });

/** The operations that find, make and remove names. Their checks come in the order of the kernel's fs/namei.c. */
export function nameOperations(state: MemoryState): NameOperations {
  return {
    async lookup({ parent, name }, { caller }) {
      const { directory, key } = state.place(parent, name, caller);
      return entryOf(state.child(directory, key));
    },

    async mkdir({ parent, name, mode, umask = 0 }, { caller }) {
      const { directory, key } = state.place(parent, name, caller);
      state.requireCreatable(directory, key, caller);
      // Set-uid and set-gid can't be asked for here: mkdir(2).
      return entryOf(state.makeDirectory(directory, key, mode & 0o1777 & ~umask, caller));
    },

    async mknod({ parent, name, mode, umask = 0, rdev }, { caller }) {
      const { directory, key } = state.place(parent, name, caller);
      const type = mode & S_IFMT || S_IFREG;
      if (type === S_IFDIR) throw new FsError("EPERM");
      const isDevice = type === S_IFCHR || type === S_IFBLK;
      if (!isDevice && type !== S_IFREG && type !== S_IFIFO && type !== S_IFSOCK) throw new FsError("EINVAL");
      state.requireCreatable(directory, key, caller);
      if (isDevice && !isPrivileged(caller)) throw new FsError("EPERM");
      const details = { rdev: isDevice ? rdev : 0 };
      return entryOf(state.makeInode(directory, key, type | (mode & 0o7777 & ~umask), caller, details));
    },

    async symlink({ parent, name, target }, { caller }) {
      if (target.length === 0) throw new FsError("ENOENT");
      if (target.length > limits.symlinkBytesMax) throw new FsError("ENAMETOOLONG");
      if (target.includes(0)) throw new FsError("EINVAL");
      const { directory, key } = state.place(parent, name, caller);
      state.requireCreatable(directory, key, caller);
      return entryOf(state.makeInode(directory, key, S_IFLNK | 0o777, caller, { target }));
    },

    async link({ node, newParent, newName }, { caller }) {
      const inode = state.inode(node);
      const { directory, key } = state.place(newParent, newName, caller);
      state.requireCreatable(directory, key, caller);
      if (inode.kind === "directory") throw new FsError("EPERM");
      requireChangeable(inode);
      if (inode.nlink === 0 && !inode.linkable) throw new FsError("ENOENT");
      inode.linkable = false;
      state.requireLinkable(inode);
      const now = state.now();
      inode.nlink += 1;
      inode.ctime = now;
      directory.entries.set(key, inode);
      state.touchDirectory(directory, now);
      return entryOf(inode);
    },

    async unlink({ parent, name }, { caller }) {
      const { directory, key } = state.place(parent, name, caller);
      const victim = state.child(directory, key);
      requireRemovable(directory, victim, caller);
      if (victim.kind === "directory") throw new FsError("EISDIR");
      removeName(state, directory, key, victim);
    },

    async rmdir({ parent, name }, { caller }) {
      const { directory, key } = state.place(parent, name, caller);
      const victim = state.child(directory, key);
      requireRemovable(directory, victim, caller);
      if (victim.kind !== "directory") throw new FsError("ENOTDIR");
      if (victim.entries.size > 0) throw new FsError("ENOTEMPTY");
      removeName(state, directory, key, victim);
    },
  };
}

function removeName(state: MemoryState, directory: DirectoryInode, key: string, victim: Inode): void {
  const now = state.now();
  directory.entries.delete(key);
  state.touchDirectory(directory, now);
  loseName(state, directory, victim, now);
}

/** What becomes of an inode whose name in `directory` went: one link less, or for a directory all of them. */
export function loseName(
  state: MemoryState,
  directory: DirectoryInode,
  victim: Inode,
  now: DirectoryInode["ctime"],
): void {
  victim.ctime = now;
  if (victim.kind === "directory") {
    victim.nlink = 0;
    directory.nlink -= 1;
  } else victim.nlink -= 1;
  state.dropIfUnused(victim);
}
