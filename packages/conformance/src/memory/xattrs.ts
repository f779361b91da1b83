import { type Caller, type FileSystem, FsError, limits, type Name } from "@kedgefs/core";
import type { Inode } from "./inode.ts";
import { isPrivileged, mayRead, mayWrite, requireChangeable, requirePermission } from "./permission.ts";
import type { MemoryState } from "./state.ts";

type XattrOperations = Pick<FileSystem, "getxattr" | "setxattr" | "listxattr" | "removexattr">;

const XATTR_CREATE = 1;
const XATTR_REPLACE = 2;

/** Extended attributes of "user.", "trusted." and "security."; ACLs are not kept here, so "system." is EOPNOTSUPP. */
export function xattrOperations(state: MemoryState): XattrOperations {
  return {
    async getxattr({ node, name }, { caller }) {
      const inode = state.inode(node);
      const key = keyOf(name);
      if (key.startsWith("trusted.") && !isPrivileged(caller)) throw new FsError("ENODATA");
      if (key.startsWith("user.")) {
        if (!takesUserXattrs(inode)) throw new FsError("ENODATA");
        requirePermission(inode, caller, mayRead);
      }
      return { value: Uint8Array.from(found(inode, key)) };
    },

    async setxattr({ node, name, value, flags }, { caller }) {
      const inode = state.inode(node);
      const key = keyOf(name);
      requireXattrChangeable(inode, key, caller);
      if (value.length > limits.xattrValueBytesMax) throw new FsError("E2BIG");
      if ((flags & ~(XATTR_CREATE | XATTR_REPLACE)) !== 0) throw new FsError("EINVAL");
      const isThere = inode.xattrs?.has(key) === true;
      if (isThere && (flags & XATTR_CREATE) !== 0) throw new FsError("EEXIST");
      if (!isThere && (flags & XATTR_REPLACE) !== 0) throw new FsError("ENODATA");
      inode.xattrs ??= new Map();
      inode.xattrs.set(key, Uint8Array.from(value));
      inode.ctime = state.now();
    },

    async listxattr({ node }, { caller }) {
      const keys = [...(state.inode(node).xattrs?.keys() ?? [])];
      const shown = keys.filter((key) => !key.startsWith("trusted.") || isPrivileged(caller));
      return { names: Buffer.from(shown.map((key) => `${key}\0`).join(""), "latin1") };
    },

    async removexattr({ node, name }, { caller }) {
      const inode = state.inode(node);
      const key = keyOf(name);
      requireXattrChangeable(inode, key, caller);
      found(inode, key);
      inode.xattrs?.delete(key);
      inode.ctime = state.now();
    },
  };
}

function keyOf(name: Name): string {
  const key = Buffer.from(name).toString("latin1");
  if (key.length === 0 || key.length > limits.nameBytesMax) throw new FsError("ERANGE");
  if (!/^(user|trusted|security)\../s.test(key)) throw new FsError("EOPNOTSUPP");
  return key;
}

function found(inode: Inode, key: string): Uint8Array {
  const value = inode.xattrs?.get(key);
  if (value === undefined) throw new FsError("ENODATA");
  return value;
}

const takesUserXattrs = (inode: Inode): boolean => inode.kind === "file" || inode.kind === "directory";

/** xattr_permission() of the kernel. */
function requireXattrChangeable(inode: Inode, key: string, caller: Caller): void {
  requireChangeable(inode);
  if (!key.startsWith("user.")) {
    if (!isPrivileged(caller)) throw new FsError("EPERM");
    return;
  }
  if (!takesUserXattrs(inode)) throw new FsError("EPERM");
  if (inode.kind === "directory" && (inode.mode & 0o1000) !== 0 && caller.uid !== inode.uid && !isPrivileged(caller)) {
    throw new FsError("EPERM");
  }
  requirePermission(inode, caller, mayWrite);
}
