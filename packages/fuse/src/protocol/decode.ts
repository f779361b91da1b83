import { constants } from "node:fs";
import type {
  AccessRequest,
  CopyFileRangeRequest,
  CreateRequest,
  FallocateRequest,
  FlushRequest,
  FsyncRequest,
  GetattrRequest,
  GetlkRequest,
  HandleRequest,
  LinkRequest,
  LockChange,
  LookupRequest,
  LseekRequest,
  MkdirRequest,
  MknodRequest,
  NodeId,
  NodeRequest,
  OpenRequest,
  ReaddirRequest,
  ReadRequest,
  RenameRequest,
  SetattrRequest,
  SetInodeFlagsRequest,
  SetlkRequest,
  SetTime,
  SetxattrRequest,
  SymlinkRequest,
  TmpfileRequest,
  WriteRequest,
  XattrRequest,
} from "@kedgefs/core";
import { FsError, limits, lockLengthOf, O_APPEND, O_DSYNC, S_IFMT, S_IFREG } from "@kedgefs/core";
import { FSXATTR_BYTES, FSYNC_FDATASYNC, fattr, GETATTR_FH, LK_FLOCK, lockTypes, WRITE_CACHE } from "./constants.ts";
import type { RequestFrame } from "./request-frame.ts";

/** Leads from the kernel's nodeid to the FileSystem's. Throws FsError ESTALE for one that was never given out. */
export type NodeResolver = (nodeid: number) => NodeId;

/** What every decoder is: a frame in, the request of the seam out. Throws MalformedRequest or FsError. */
export type Decode<Request> = (frame: RequestFrame, nodeOf: NodeResolver) => Request;

const permissionBits = 0o7777;
/** Flags of an open file by which each of its writes is to be answered by whoever makes it. */
const notAhead = O_APPEND | O_DSYNC | constants.O_DIRECT;

export const decodeNode: Decode<NodeRequest> = (frame, nodeOf) => ({ node: nodeOf(frame.nodeid) });

/** LOOKUP, UNLINK, RMDIR: the name alone. */
export const decodeName: Decode<LookupRequest> = (frame, nodeOf) => ({
  parent: nodeOf(frame.nodeid),
  name: frame.name(0),
});

/** struct fuse_getattr_in: getattr_flags, dummy, fh. */
export const decodeGetattr: Decode<GetattrRequest> = (frame, nodeOf) => {
  const handle = (frame.u32(0) & GETATTR_FH) === 0 ? undefined : frame.handle(8);
  return { node: nodeOf(frame.nodeid), handle };
};

/**
 * struct fuse_setattr_in: valid, padding, fh, size, lock_owner, atime, mtime, ctime, atimensec, mtimensec, ctimensec, mode,
 * unused4, uid, gid, unused5. A ctime is sent only with FUSE_WRITEBACK_CACHE, which the driver doesn't ask for.
 */
export const decodeSetattr: Decode<SetattrRequest> = (frame, nodeOf) => {
  const valid = frame.u32(0);
  frame.u32(84);
  const request: { -readonly [Field in keyof SetattrRequest]: SetattrRequest[Field] } = { node: nodeOf(frame.nodeid) };
  if (valid & fattr.FH) request.handle = frame.handle(8);
  if (valid & fattr.MODE) request.mode = frame.u32(68) & permissionBits;
  if (valid & fattr.UID) request.uid = frame.u32(76);
  if (valid & fattr.GID) request.gid = frame.u32(80);
  if (valid & fattr.SIZE) request.size = frame.u64(16);
  if (valid & fattr.ATIME) request.atime = setTime(frame, 32, 56, (valid & fattr.ATIME_NOW) !== 0);
  if (valid & fattr.MTIME) request.mtime = setTime(frame, 40, 60, (valid & fattr.MTIME_NOW) !== 0);
  return request;
};

function setTime(frame: RequestFrame, secOffset: number, nsecOffset: number, now: boolean): SetTime {
  return { now, sec: frame.integer64(secOffset), nsec: frame.u32(nsecOffset) };
}

/** The new name, then the target, each with its NUL. */
export const decodeSymlink: Decode<SymlinkRequest> = (frame, nodeOf) => {
  const name = frame.name(0);
  return { parent: nodeOf(frame.nodeid), name, target: frame.string(name.length + 1) };
};

/** struct fuse_mknod_in: mode, rdev, umask, padding; then the name. Without DONT_MASK the umask is applied already, which does no harm. */
export const decodeMknod: Decode<MknodRequest> = (frame, nodeOf) => ({
  parent: nodeOf(frame.nodeid),
  name: frame.name(16),
  mode: frame.u32(0),
  rdev: frame.u32(4),
  umask: frame.u32(8) & permissionBits,
});

/** struct fuse_mkdir_in: mode, umask; then the name. */
export const decodeMkdir: Decode<MkdirRequest> = (frame, nodeOf) => ({
  parent: nodeOf(frame.nodeid),
  name: frame.name(8),
  mode: frame.u32(0) & permissionBits,
  umask: frame.u32(4) & permissionBits,
});

/** struct fuse_rename_in: newdir; then the old and the new name. */
export const decodeRename: Decode<RenameRequest> = (frame, nodeOf) => renameWith(frame, nodeOf, 0, 8);

/** struct fuse_rename2_in: newdir, flags, padding; then the old and the new name. */
export const decodeRename2: Decode<RenameRequest> = (frame, nodeOf) => renameWith(frame, nodeOf, frame.u32(8), 16);

function renameWith(frame: RequestFrame, nodeOf: NodeResolver, flags: number, namesOffset: number): RenameRequest {
  const name = frame.name(namesOffset);
  return {
    parent: nodeOf(frame.nodeid),
    name,
    newParent: nodeOf(frame.integer64(0)),
    newName: frame.name(namesOffset + name.length + 1),
    flags,
  };
}

/** struct fuse_link_in: oldnodeid; then the new name. The header's nodeid is the new parent. */
export const decodeLink: Decode<LinkRequest> = (frame, nodeOf) => ({
  node: nodeOf(frame.integer64(0)),
  newParent: nodeOf(frame.nodeid),
  newName: frame.name(8),
});

/** struct fuse_open_in: flags, open_flags. */
export const decodeOpen: Decode<OpenRequest> = (frame, nodeOf) => ({ node: nodeOf(frame.nodeid), flags: frame.u32(0) });

/** struct fuse_create_in: flags, mode, umask, open_flags; then the name. */
export const decodeCreate: Decode<CreateRequest> = (frame, nodeOf) => ({
  parent: nodeOf(frame.nodeid),
  name: frame.name(16),
  flags: frame.u32(0),
  mode: (frame.u32(4) & ~S_IFMT) | S_IFREG,
  umask: frame.u32(8) & permissionBits,
});

/** struct fuse_create_in as well, then "/", which is no name. */
export const decodeTmpfile: Decode<TmpfileRequest> = (frame, nodeOf) => ({
  parent: nodeOf(frame.nodeid),
  flags: frame.u32(0),
  mode: (frame.u32(4) & ~S_IFMT) | S_IFREG,
  umask: frame.u32(8) & permissionBits,
});

/** struct fuse_read_in: fh, offset, size, read_flags, lock_owner, flags, padding. */
export const decodeRead: Decode<ReadRequest> = (frame, nodeOf) => readWith(frame, nodeOf, limits.ioBytesMax);

/** struct fuse_read_in as well. A kernel may ask for more than one answer carries; fewer entries than asked for are fine. */
export const decodeReaddir: Decode<ReaddirRequest> = (frame, nodeOf) => readWith(frame, nodeOf, limits.readdirBytesMax);

function readWith(frame: RequestFrame, nodeOf: NodeResolver, sizeMax: number): ReadRequest {
  const size = Math.min(frame.u32(16), sizeMax);
  return { node: nodeOf(frame.nodeid), handle: frame.handle(0), offset: frame.u64(8), size };
}

/** A write, and whether it is of dirty pages that are written back, and not a call of write(2). */
export interface KernelWrite extends WriteRequest {
  readonly writeBack: boolean;
}

/**
 * struct fuse_write_in: fh, offset, size, write_flags, lock_owner, flags (of the open file), padding; then the data. Who writes
 * dirty pages back waits for nothing else than that they are written, and a program with one of these flags as well.
 */
export const decodeWrite: Decode<KernelWrite> = (frame, nodeOf) => {
  const writeBack = (frame.u32(20) & WRITE_CACHE) !== 0;
  return {
    node: nodeOf(frame.nodeid),
    handle: frame.handle(0),
    offset: frame.u64(8),
    data: frame.data(40, frame.u32(16)),
    ahead: !writeBack && (frame.u32(32) & notAhead) === 0,
    writeBack,
  };
};

/** struct fuse_flush_in: fh, unused, padding, lock_owner. */
export const decodeFlush: Decode<FlushRequest> = (frame, nodeOf) => ({
  node: nodeOf(frame.nodeid),
  handle: frame.handle(0),
  lockOwner: frame.u64(16),
});

/** RELEASE, RELEASEDIR, IOCTL: structures that begin with fh. */
export const decodeHandle: Decode<HandleRequest> = (frame, nodeOf) => ({
  node: nodeOf(frame.nodeid),
  handle: frame.handle(0),
});

/** struct fuse_fsync_in: fh, fsync_flags, padding. */
export const decodeFsync: Decode<FsyncRequest> = (frame, nodeOf) => ({
  node: nodeOf(frame.nodeid),
  handle: frame.handle(0),
  datasync: (frame.u32(8) & FSYNC_FDATASYNC) !== 0,
});

/** What the caller's buffer takes, bytes; 0 to be told how large it must be. */
export interface Sized {
  readonly size: number;
}

/** struct fuse_getxattr_in: size, padding; then the name. */
export const decodeGetxattr: Decode<XattrRequest & Sized> = (frame, nodeOf) => ({
  node: nodeOf(frame.nodeid),
  name: frame.string(8),
  size: frame.u32(0),
});

/** struct fuse_getxattr_in as well, without a name. */
export const decodeListxattr: Decode<NodeRequest & Sized> = (frame, nodeOf) => ({
  node: nodeOf(frame.nodeid),
  size: frame.u32(0),
});

/** struct fuse_setxattr_in as it is without FUSE_SETXATTR_EXT: size, flags; then the name with its NUL, and the value. */
export const decodeSetxattr: Decode<SetxattrRequest> = (frame, nodeOf) => {
  const name = frame.string(8);
  const value = frame.data(8 + name.length + 1, frame.u32(0));
  return { node: nodeOf(frame.nodeid), name, value, flags: frame.u32(4) };
};

/** The name alone. */
export const decodeRemovexattr: Decode<XattrRequest> = (frame, nodeOf) => ({
  node: nodeOf(frame.nodeid),
  name: frame.string(0),
});

/** struct fuse_fallocate_in: fh, offset, length, mode, padding. */
export const decodeFallocate: Decode<FallocateRequest> = (frame, nodeOf) => ({
  node: nodeOf(frame.nodeid),
  handle: frame.handle(0),
  offset: frame.u64(8),
  length: frame.u64(16),
  mode: frame.u32(24),
});

/** struct fuse_lseek_in: fh, offset, whence, padding. */
export const decodeLseek: Decode<LseekRequest> = (frame, nodeOf) => ({
  node: nodeOf(frame.nodeid),
  handle: frame.handle(0),
  offset: frame.u64(8),
  whence: frame.u32(16),
});

/** Of struct fuse_ioctl_in: fh, flags, cmd, arg, in_size, out_size; then what the command takes. */
export const ioctlCommand = (frame: RequestFrame): number => frame.u32(12);

/** The command takes an int. */
export const decodeSetflags: Decode<SetInodeFlagsRequest> = (frame, nodeOf) => ({
  ...decodeHandle(frame, nodeOf),
  flags: frame.u32(32),
});

/** The command takes a struct fsxattr. */
export const decodeFssetxattr: Decode<SetInodeFlagsRequest> = (frame, nodeOf) => ({
  ...decodeHandle(frame, nodeOf),
  fsxattr: frame.data(32, FSXATTR_BYTES),
});

/** struct fuse_copy_file_range_in: fh_in, off_in, nodeid_out, fh_out, off_out, len, flags (none are known). */
export const decodeCopyFileRange: Decode<CopyFileRangeRequest> = (frame, nodeOf) => ({
  node: nodeOf(frame.nodeid),
  handle: frame.handle(0),
  offset: frame.u64(8),
  newNode: nodeOf(frame.integer64(16)),
  newHandle: frame.handle(24),
  newOffset: frame.u64(32),
  length: frame.u64(40),
});

/** struct fuse_statx_in: getattr_flags, reserved, fh, sx_flags, sx_mask. */
export const decodeStatx: Decode<GetattrRequest> = (frame, nodeOf) => decodeGetattr(frame, nodeOf);

/** struct fuse_access_in: mask, padding. */
export const decodeAccess: Decode<AccessRequest> = (frame, nodeOf) => ({
  node: nodeOf(frame.nodeid),
  mask: frame.u32(0) & 0o7,
});

const lockTypeNames: Readonly<Record<number, LockChange["type"]>> = {
  [lockTypes.read]: "read",
  [lockTypes.write]: "write",
  [lockTypes.unlock]: "unlock",
};

/** struct fuse_lk_in: fh, owner, lk (struct fuse_file_lock: start, end, type, pid), lk_flags, padding. */
export const decodeGetlk: Decode<GetlkRequest> = (frame, nodeOf) => {
  const start = frame.u64(16);
  const end = frame.u64(24);
  const type = lockTypeNames[frame.u32(32)];
  if (type === undefined || end < start) throw new FsError("EINVAL", "a lock that is none");
  return {
    node: nodeOf(frame.nodeid),
    handle: frame.handle(0),
    owner: frame.u64(8),
    kind: (frame.u32(40) & LK_FLOCK) === 0 ? "posix" : "flock",
    type,
    start,
    length: lockLengthOf({ start, end }),
    pid: frame.u32(36),
  };
};

/** SETLK does not wait, SETLKW does. */
export const decodeSetlk =
  (wait: boolean): Decode<SetlkRequest> =>
  (frame, nodeOf) => ({ ...decodeGetlk(frame, nodeOf), wait });
