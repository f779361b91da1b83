import { type FileSystem, FsError } from "@kedgefs/core";
import { FS_APPEND_FL, FS_IMMUTABLE_FL } from "./inode.ts";
import { isOwner, isPrivileged } from "./permission.ts";
import type { MemoryState } from "./state.ts";

type InodeFlagOperations = Pick<FileSystem, "getInodeFlags" | "setInodeFlags">;

/** Source: linux/fs.h. The xflags of struct fsxattr stand for some of the same. */
const FS_NODUMP_FL = 0x40;
const FS_NOATIME_FL = 0x80;
const privileged = FS_IMMUTABLE_FL | FS_APPEND_FL;
const known = privileged | FS_NODUMP_FL | FS_NOATIME_FL;
const xflagOf: readonly (readonly [flag: number, xflag: number])[] = [
  [FS_IMMUTABLE_FL, 0x08],
  [FS_APPEND_FL, 0x10],
  [FS_NOATIME_FL, 0x40],
  [FS_NODUMP_FL, 0x80],
];
const fsxattrBytes = 28;

/** FS_NOATIME_FL and FS_NODUMP_FL are kept and mean nothing here. */
export function inodeFlagOperations(state: MemoryState): InodeFlagOperations {
  return {
    async getInodeFlags({ node, handle }) {
      const { flags = 0 } = state.handle(handle, node).inode;
      const fsxattr = Buffer.alloc(fsxattrBytes);
      fsxattr.writeUInt32LE(translated(flags, ([flag, xflag]) => [flag, xflag]));
      return { flags, fsxattr };
    },

    async setInodeFlags({ node, handle, flags, fsxattr }, { caller }) {
      const { inode } = state.handle(handle, node);
      if (!isOwner(inode, caller)) throw new FsError("EPERM");
      if (fsxattr !== undefined && fsxattr.length !== fsxattrBytes) throw new FsError("EINVAL");
      const xflags = fsxattr === undefined ? 0 : Buffer.from(fsxattr).readUInt32LE();
      const wanted = flags ?? translated(xflags, ([flag, xflag]) => [xflag, flag]);
      if ((wanted & ~known) !== 0) throw new FsError("EOPNOTSUPP");
      const changed = wanted ^ (inode.flags ?? 0);
      if ((changed & privileged) !== 0 && !isPrivileged(caller)) throw new FsError("EPERM");
      inode.flags = wanted;
      inode.ctime = state.now();
    },
  };
}

function translated(bits: number, direction: (pair: readonly [number, number]) => readonly [number, number]): number {
  return xflagOf.map(direction).reduce((all, [from, to]) => ((bits & from) === 0 ? all : all | to), 0);
}
