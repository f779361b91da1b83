import {
  type Caller,
  type FileSystem,
  FsError,
  type HandleId,
  type LockManager,
  limits,
  type NodeId,
  O_ACCMODE,
  O_APPEND,
  O_EXCL,
  O_NOATIME,
  O_RDONLY,
  O_TRUNC,
  O_WRONLY,
  S_IFREG,
} from "@kedgefs/core";
import { type FileInode, type Inode, isAppendOnly, isImmutable } from "./inode.ts";
import { entryOf } from "./names.ts";
import { isOwner, mayExecute, mayRead, mayWrite, requirePermission } from "./permission.ts";
import { fileBytesMax } from "./sparse-bytes.ts";
import type { MemoryState } from "./state.ts";
import { touchContents, truncateFile } from "./truncate.ts";

type FileOperations = Pick<
  FileSystem,
  "open" | "create" | "tmpfile" | "read" | "write" | "flush" | "release" | "fsync"
>;

export function fileOperations(state: MemoryState, locks: LockManager<NodeId, HandleId>): FileOperations {
  const openFile = (inode: Inode, flags: number, caller: Caller): HandleId => {
    const file = requireFile(inode);
    requirePermission(file, caller, permissionFor(flags));
    if (isAppendOnly(file) && (flags & O_ACCMODE) !== O_RDONLY && (flags & (O_APPEND | O_TRUNC)) !== O_APPEND)
      throw new FsError("EPERM");
    if ((flags & O_NOATIME) !== 0 && !isOwner(file, caller)) throw new FsError("EPERM");
    if ((flags & O_TRUNC) !== 0) truncateFile(file, 0n, caller, state.now());
    return state.openHandle(file, flags);
  };

  return {
    async open({ node, flags }, { caller }) {
      return { handle: openFile(state.inode(node), flags, caller) };
    },

    async create({ parent, name, mode, umask = 0, flags }, { caller }) {
      const { directory, key } = state.place(parent, name, caller);
      const existing = directory.entries.get(key);
      if (existing !== undefined) {
        if ((flags & O_EXCL) !== 0) throw new FsError("EEXIST");
        const handle = openFile(existing, flags, caller);
        return { ...entryOf(existing), handle };
      }
      state.requireCreatable(directory, key, caller);
      const made = state.makeInode(directory, key, S_IFREG | (mode & 0o7777 & ~umask), caller);
      // Who makes a file may open it in any way, whatever mode it gets.
      const handle = state.openHandle(made, flags);
      return { ...entryOf(made), handle };
    },

    async tmpfile({ parent, mode, umask = 0, flags }, { caller }) {
      const directory = state.directory(parent);
      if ((flags & O_ACCMODE) === O_RDONLY) throw new FsError("EINVAL");
      requirePermission(directory, caller, mayWrite | mayExecute);
      const made = state.makeUnnamed(directory, S_IFREG | (mode & 0o7777 & ~umask), caller);
      made.linkable = (flags & O_EXCL) === 0;
      return { handle: state.openHandle(made, flags), ...entryOf(made) };
    },

    async read({ node, handle, offset, size }) {
      const { inode, flags } = state.handle(handle, node);
      const file = requireFile(inode);
      if ((flags & O_ACCMODE) === O_WRONLY) throw new FsError("EBADF");
      if (offset < 0n || size < 0 || size > limits.ioBytesMax) throw new FsError("EINVAL");
      if (size > 0 && (flags & O_NOATIME) === 0) file.atime = state.now();
      return { data: file.bytes.read(offset, size) };
    },

    async write({ node, handle, offset, data }, { caller }) {
      const { inode, flags } = state.handle(handle, node);
      const file = requireFile(inode);
      if ((flags & O_ACCMODE) === O_RDONLY) throw new FsError("EBADF");
      if (offset < 0n || data.length > limits.ioBytesMax) throw new FsError("EINVAL");
      if (data.length === 0) return { size: 0 };
      if (isImmutable(file)) throw new FsError("EPERM");
      const at = (flags & O_APPEND) !== 0 ? file.bytes.size : offset;
      if (at + BigInt(data.length) > fileBytesMax) throw new FsError("EFBIG");
      file.bytes.write(at, data);
      touchContents(file, caller, state.now());
      return { size: data.length };
    },

    async flush({ node, handle, lockOwner }) {
      state.handle(handle, node);
      if (lockOwner !== undefined) locks.drop({ file: node, kind: "posix", owner: lockOwner });
    },

    async release({ node, handle }) {
      requireFile(state.handle(handle, node).inode);
      state.closeHandle(handle, node);
      locks.released(handle);
    },

    async fsync({ node, handle }) {
      requireFile(state.handle(handle, node).inode);
    },
  };
}

function requireFile(inode: Inode): FileInode {
  if (inode.kind === "file") return inode;
  if (inode.kind === "directory") throw new FsError("EISDIR");
  throw new FsError(inode.kind === "symlink" ? "ELOOP" : "EINVAL");
}

function permissionFor(flags: number): number {
  const access = flags & O_ACCMODE;
  const reads = access === O_WRONLY ? 0 : mayRead;
  const writes = access === O_RDONLY && (flags & O_TRUNC) === 0 ? 0 : mayWrite;
  return reads | writes;
}
