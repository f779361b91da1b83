import {
  type CallContext,
  type Caller,
  type FileSystem,
  FsError,
  limits,
  type SetattrRequest,
  type SetTime,
  type StatFs,
  type Timespec,
} from "@kedgefs/core";
import { attrOf, type Inode, isImmutable } from "./inode.ts";
import {
  inGroup,
  isOwner,
  isPrivileged,
  mayWrite,
  modeAfterChown,
  permits,
  requireChangeable,
  requirePermission,
  setGidBit,
} from "./permission.ts";
import { pageBytes } from "./sparse-bytes.ts";
import type { MemoryState } from "./state.ts";
import { dropSetIds, requireSize, requireWritable, truncateFile } from "./truncate.ts";

type AttributeOperations = Pick<FileSystem, "getattr" | "setattr" | "readlink" | "access" | "statfs">;

const S_PERM = 0o7777;

export function attributeOperations(state: MemoryState): AttributeOperations {
  return {
    async getattr({ node, handle }) {
      if (handle !== undefined) state.handle(handle, node);
      return { attr: attrOf(state.inode(node)) };
    },

    async setattr(request, context) {
      return setattr(state, request, context);
    },

    async readlink({ node }) {
      const inode = state.inode(node);
      if (inode.kind !== "symlink") throw new FsError("EINVAL");
      inode.atime = state.now();
      return { target: Uint8Array.from(inode.target) };
    },

    async access({ node, mask }, { caller }) {
      if ((mask & ~7) !== 0) throw new FsError("EINVAL");
      requirePermission(state.inode(node), caller, mask);
    },

    async statfs({ node }): Promise<StatFs> {
      state.inode(node);
      const free = BigInt(state.space.totalPages - state.space.usedPages);
      return {
        blocks: BigInt(state.space.totalPages),
        bfree: free,
        bavail: free,
        files: BigInt(state.inodesMax),
        ffree: BigInt(state.inodesMax - state.inodeCount),
        bsize: pageBytes,
        frsize: pageBytes,
        namelen: limits.nameBytesMax,
      };
    },
  };
}

/** All checks come before the first change, so that a refused request changes nothing. */
function setattr(state: MemoryState, request: SetattrRequest, { caller }: CallContext) {
  const inode = state.inode(request.node);
  const handle = request.handle === undefined ? undefined : state.handle(request.handle, request.node);
  const { mode, uid, gid, size, atime, mtime } = request;
  const touches = !(atime !== undefined && mtime !== undefined && atime.now && mtime.now);
  if ([mode, uid, gid].some((field) => field !== undefined) || (touches && (atime ?? mtime) !== undefined))
    requireChangeable(inode);
  if ((atime ?? mtime) !== undefined && isImmutable(inode)) throw new FsError("EPERM");
  if (mode !== undefined) requireChmod(inode, caller);
  if (uid !== undefined || gid !== undefined) requireChown(inode, uid, gid, caller);
  if (size !== undefined) {
    requireSize(size);
    requireWritable(inode, handle, caller);
    requireChangeable(inode);
  }
  requireSetTimes(inode, atime, mtime, caller);

  const now = state.now();
  if (mode !== undefined) {
    const keepsGroupBit = isPrivileged(caller) || inGroup(gid ?? inode.gid, caller);
    const allowed = keepsGroupBit ? mode : mode & ~setGidBit;
    inode.mode = (inode.mode & ~S_PERM) | (allowed & S_PERM);
  }
  if (uid !== undefined || gid !== undefined) {
    inode.mode = modeAfterChown(inode, caller);
    inode.uid = uid ?? inode.uid;
    inode.gid = gid ?? inode.gid;
  }
  // truncate(2) to the size that a file has changes no time, but the set-id bits go (do_truncate in the kernel's fs/open.c);
  // ftruncate(2) always changes times.
  if (size !== undefined && inode.kind === "file") {
    if (handle !== undefined || size !== inode.bytes.size) truncateFile(inode, size, caller, now);
    else dropSetIds(inode, caller, now);
  }
  if (atime !== undefined) inode.atime = timeFrom(atime, now);
  if (mtime !== undefined) inode.mtime = timeFrom(mtime, now);
  if ([mode, uid, gid, atime, mtime].some((field) => field !== undefined)) inode.ctime = now;
  return { attr: attrOf(inode) };
}

const timeFrom = ({ now, sec, nsec }: SetTime, clock: Timespec): Timespec => (now ? clock : { sec, nsec });

function requireChmod(inode: Inode, caller: Caller): void {
  // chmod(2) follows symbolic links; fchmodat2(2) on one says EOPNOTSUPP.
  if (inode.kind === "symlink") throw new FsError("EOPNOTSUPP");
  if (!isOwner(inode, caller)) throw new FsError("EPERM");
}

/** chown(2): only root gives a file away; an owner may choose among the groups that it is in. */
function requireChown(inode: Inode, uid: number | undefined, gid: number | undefined, caller: Caller): void {
  if (isPrivileged(caller)) return;
  if (caller.uid !== inode.uid) throw new FsError("EPERM");
  if (uid !== undefined && uid !== inode.uid) throw new FsError("EPERM");
  if (gid !== undefined && gid !== inode.gid && !inGroup(gid, caller)) throw new FsError("EPERM");
}

/** utimensat(2): setting both times to now takes write permission, anything else ownership. */
function requireSetTimes(inode: Inode, atime: SetTime | undefined, mtime: SetTime | undefined, caller: Caller): void {
  for (const time of [atime, mtime]) {
    if (time !== undefined && !time.now && !(time.nsec >= 0 && time.nsec < 1e9)) throw new FsError("EINVAL");
  }
  if ((atime === undefined && mtime === undefined) || isOwner(inode, caller)) return;
  if (!(atime?.now && mtime?.now)) throw new FsError("EPERM");
  if (!permits(inode, caller, mayWrite)) throw new FsError("EACCES");
}
