import type { CallContext } from "./call-context.ts";
import type { LockKind, LockType } from "./locks/lock-range.ts";
import type { Attr, DirEntry, Entry, HandleId, Name, NodeId, SetTime, StatFs } from "./types.ts";

/**
 * The one seam of KedgeFS. Sources (`local`, `remote`, `memory`) are a FileSystem, layers take one and return one, sinks
 * (`mount`, `serve`, `volume`) take one.
 *
 * Rules for every implementation:
 * - Each operation does what the system call of its name does, for `context.caller`: permission is checked against the
 *   caller's uid, gid and groups, new inodes belong to the caller (or to the directory's group where it has the set-gid bit).
 * - An operation fails by rejecting with an FsError. Any other rejection is a bug; who calls turns it into EIO and logs it.
 * - Operations may be called concurrently, also on one node or handle. Each takes effect at one moment between its call and
 *   its answer. Two calls of which the first was answered before the second was made take effect in that order.
 * - Buffers in a request belong to the callee until it answers, buffers in an answer to the caller.
 * - A NodeId that leads nowhere any more is ESTALE; an unknown HandleId is EBADF.
 * - Names are one component each; "", ".", "..", "/" and NUL within are EINVAL, more than 255 bytes ENAMETOOLONG.
 * - A symbolic link is never followed.
 */
export interface FileSystem {
  /** The root directory with its attributes. Its NodeId stays the same for the life of the FileSystem. */
  root(context: CallContext): Promise<Entry>;

  /** Leads from a directory and a name to a node. ENOENT, ENOTDIR, EACCES (no search permission on `parent`). */
  lookup(request: LookupRequest, context: CallContext): Promise<Entry>;

  /** The caller holds `node` no longer, and may name it again only after another lookup. A hint: no error but a bug. */
  forget(request: ForgetRequest, context: CallContext): Promise<void>;

  /** stat(2). `handle`, where given, is one of `node` and may be used in its place. */
  getattr(request: GetattrRequest, context: CallContext): Promise<AttrReply>;

  /**
   * truncate(2) or ftruncate(2), chown(2), chmod(2), utimensat(2), in this order, for the fields that are present: chown clears
   * set-id bits, which a mode given with it then sets. With `handle` (open for writing) `size` needs no write permission on
   * the node. EPERM, EACCES, EINVAL, EFBIG, EROFS, ENOSPC.
   */
  setattr(request: SetattrRequest, context: CallContext): Promise<AttrReply>;

  /** The target of a symbolic link, as stored. EINVAL on anything else. */
  readlink(request: NodeRequest, context: CallContext): Promise<ReadlinkReply>;

  /** symlink(2). EEXIST, ENAMETOOLONG (target over 4,095 bytes), EACCES. */
  symlink(request: SymlinkRequest, context: CallContext): Promise<Entry>;

  /** mknod(2): regular file, fifo, socket or (privileged) device, by the type bits of `mode`. The umask is applied already. */
  mknod(request: MknodRequest, context: CallContext): Promise<Entry>;

  /** mkdir(2). The umask is applied already. EEXIST, EACCES, EMLINK. */
  mkdir(request: MkdirRequest, context: CallContext): Promise<Entry>;

  /** unlink(2). EISDIR on a directory. A file that is open stays readable and writable through its handles. */
  unlink(request: NameRequest, context: CallContext): Promise<void>;

  /** rmdir(2). ENOTDIR, ENOTEMPTY. */
  rmdir(request: NameRequest, context: CallContext): Promise<void>;

  /** renameat2(2) with `flags` 0, RENAME_NOREPLACE (1) or RENAME_EXCHANGE (2). EINVAL for flags the source cannot do. */
  rename(request: RenameRequest, context: CallContext): Promise<void>;

  /** link(2): a new name for `node`. EEXIST, EPERM on a directory, EMLINK, EXDEV. */
  link(request: LinkRequest, context: CallContext): Promise<Entry>;

  /**
   * open(2) of a regular file, with the access mode and O_TRUNC, O_APPEND, O_SYNC, O_DSYNC, O_NOATIME of `flags`; others have
   * no meaning here and are ignored (O_DIRECT speaks of the client's page cache). EACCES, EISDIR, ELOOP (a symbolic link), ETXTBSY, EINVAL (not a regular file).
   */
  open(request: OpenRequest, context: CallContext): Promise<HandleReply>;

  /** open(2) with O_CREAT, and O_EXCL if it is in `flags`: makes the file (mode as for mknod) if it is missing, and opens it. */
  create(request: CreateRequest, context: CallContext): Promise<CreateReply>;

  /**
   * open(2) with O_TMPFILE: a file without a name in the file system of a directory, which `link` may name. It goes with its last handle.
   * EACCES, EINVAL (not for writing), EOPNOTSUPP (the backing file system has no such files), ENOTDIR, ENOENT (the directory was removed).
   */
  tmpfile(request: TmpfileRequest, context: CallContext): Promise<CreateReply>;

  /** pread(2): fewer bytes than `size` only at the end of the file. */
  read(request: ReadRequest, context: CallContext): Promise<ReadReply>;

  /**
   * pwrite(2) of `data` at `offset`, or at the end of the file where the handle has O_APPEND. Less than all of it is written only
   * where an error meets the rest: a write of the rest tells which. A caller other than root clears set-id bits by it, as by
   * setting a size. Whatever is asked of the file after the answer is answered as if it were written. ENOSPC, EDQUOT, EFBIG.
   */
  write(request: WriteRequest, context: CallContext): Promise<WriteReply>;

  /**
   * One close(2) of possibly several of this open file: reports write errors that are known by now. Keeps the handle. All "posix"
   * locks of `lockOwner` on the node go.
   */
  flush(request: FlushRequest, context: CallContext): Promise<void>;

  /** The last close: `handle` is gone after it, whatever it answers, and so are locks that were made through it alone. */
  release(request: HandleRequest, context: CallContext): Promise<void>;

  /** fsync(2), or fdatasync(2) with `datasync`. A success means stable storage; a failed write is reported here or by flush. */
  fsync(request: FsyncRequest, context: CallContext): Promise<void>;

  /** Opens a directory for readdir. EACCES (no read permission), ENOTDIR. */
  opendir(request: NodeRequest, context: CallContext): Promise<HandleReply>;

  /**
   * Entries after `offset` (0 at the start, else a DirEntry's), at least one unless the directory has ended, and not many more
   * than fit into `size` bytes of the kernel's direntplus form. Entries that exist throughout a listing are there exactly once.
   */
  readdir(request: ReaddirRequest, context: CallContext): Promise<ReaddirReply>;

  /** readdir with the node and attributes of each entry, as if looked up. */
  readdirplus(request: ReaddirRequest, context: CallContext): Promise<ReaddirReply>;

  releasedir(request: HandleRequest, context: CallContext): Promise<void>;

  /** fsync(2) of a directory. */
  fsyncdir(request: FsyncRequest, context: CallContext): Promise<void>;

  /** statvfs(3) of the file system that holds `node`. */
  statfs(request: NodeRequest, context: CallContext): Promise<StatFs>;

  /**
   * getxattr(2): the value of an extended attribute, whole. `name` has its namespace in front ("user.x"). ENODATA (no such attribute),
   * EOPNOTSUPP (no such namespace here), EACCES.
   */
  getxattr(request: XattrRequest, context: CallContext): Promise<XattrReply>;

  /**
   * setxattr(2); `flags` 0, XATTR_CREATE 1 (EEXIST where it is there) or XATTR_REPLACE 2 (ENODATA where it is not). EPERM, EACCES,
   * EOPNOTSUPP, E2BIG (over `limits.xattrValueBytesMax`), ENOSPC, EDQUOT, EINVAL (an ACL that is none).
   */
  setxattr(request: SetxattrRequest, context: CallContext): Promise<void>;

  /** listxattr(2): the names, each with a NUL after it. */
  listxattr(request: NodeRequest, context: CallContext): Promise<XattrListReply>;

  /** removexattr(2). ENODATA, EPERM, EACCES, EOPNOTSUPP. */
  removexattr(request: XattrRequest, context: CallContext): Promise<void>;

  /**
   * fallocate(2): `mode` of FALLOC_FL_* bits (linux/falloc.h), 0 to allocate. `handle` is open for writing. EOPNOTSUPP (the backing
   * file system lacks the mode), ENOSPC, EDQUOT, EFBIG, EINVAL.
   */
  fallocate(request: FallocateRequest, context: CallContext): Promise<void>;

  /** lseek(2) with SEEK_DATA 3 or SEEK_HOLE 4: where the next data or hole begins, from `offset` on. ENXIO (past the end). */
  lseek(request: LseekRequest, context: CallContext): Promise<LseekReply>;

  /**
   * copy_file_range(2) between two files of this FileSystem, the data not leaving it: how many bytes were copied, possibly fewer than
   * asked for, 0 at the end of the source. EBADF, EINVAL (ranges of one file that overlap), EFBIG, ENOSPC, EXDEV, ETXTBSY.
   */
  copyFileRange(request: CopyFileRangeRequest, context: CallContext): Promise<WriteReply>;

  /**
   * FS_IOC_GETFLAGS and FS_IOC_FSGETXATTR of ioctl_iflags(2) and linux/fs.h. `handle` is any of the node, a directory's too. ENOTTY (the
   * backing file system has no flags).
   */
  getInodeFlags(request: HandleRequest, context: CallContext): Promise<InodeFlags>;

  /**
   * FS_IOC_SETFLAGS, or FS_IOC_FSSETXATTR, of the one that is present; all of its flags are set. EPERM (not the owner; no privilege for
   * FS_IMMUTABLE_FL and FS_APPEND_FL), EOPNOTSUPP (a flag that the file system has not), EINVAL, EROFS, ENOTTY.
   */
  setInodeFlags(request: SetInodeFlagsRequest, context: CallContext): Promise<void>;

  /**
   * fcntl(2) with F_GETLK: a lock that keeps the one that is asked for from being granted, one of those, or nothing. EINVAL,
   * EOVERFLOW, EBADF as for setlk.
   */
  getlk(request: GetlkRequest, context: CallContext): Promise<GetlkReply>;

  /**
   * fcntl(2) with F_SETLK, or with `wait` F_SETLKW; flock(2) where `kind` says so, over the whole file. A lock replaces what its owner
   * has in the range. Whatever others wrote before they gave back a lock that was in the way is seen by who is granted it. A lock goes
   * by an unlock, by flush of its owner, and with the handle that it was made through.
   * EAGAIN (in the way, without `wait`), EINTR (interrupted: not granted), EDEADLK (not for "flock"), EBADF (also a "posix" read
   * lock without reading, write lock without writing), EINVAL, EOVERFLOW (past 2^63 - 1), ENOLCK.
   */
  setlk(request: SetlkRequest, context: CallContext): Promise<void>;

  /** access(2): `mask` of R_OK 4, W_OK 2, X_OK 1, or F_OK 0. EACCES, EROFS. */
  access(request: AccessRequest, context: CallContext): Promise<void>;
}

export interface NodeRequest {
  readonly node: NodeId;
}
export interface ForgetRequest extends NodeRequest {
  /** How many answers that led to this node are forgotten (FUSE's nlookup). */
  readonly nlookup: number;
}
export interface LookupRequest {
  readonly parent: NodeId;
  readonly name: Name;
}
export type NameRequest = LookupRequest;
export interface GetattrRequest extends NodeRequest {
  readonly handle?: HandleId | undefined;
}
export interface SetattrRequest extends GetattrRequest {
  /** Permission bits, 0–07777. */
  readonly mode?: number | undefined;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  readonly size?: bigint | undefined;
  readonly atime?: SetTime | undefined;
  readonly mtime?: SetTime | undefined;
}
export interface SymlinkRequest extends LookupRequest {
  readonly target: Uint8Array;
}
export interface MkdirRequest extends LookupRequest {
  readonly mode: number;
  /** Bits that are taken from `mode` unless the directory has a default ACL, which then says instead (umask(2), acl(5)). */
  readonly umask?: number | undefined;
}
export interface MknodRequest extends MkdirRequest {
  readonly rdev: number;
}
export interface RenameRequest extends LookupRequest {
  readonly newParent: NodeId;
  readonly newName: Name;
  readonly flags: number;
}
export interface LinkRequest extends NodeRequest {
  readonly newParent: NodeId;
  readonly newName: Name;
}
export interface OpenRequest extends NodeRequest {
  readonly flags: number;
  /** True when the caller had this file open before a restart: permission was checked then, and a later chmod does not matter. */
  readonly reopen?: boolean | undefined;
}
export interface CreateRequest extends MkdirRequest {
  readonly flags: number;
}
export interface TmpfileRequest {
  /** The directory, of whose file system the file is to be. */
  readonly parent: NodeId;
  readonly mode: number;
  /** As of MkdirRequest. */
  readonly umask?: number | undefined;
  /** With O_EXCL the file never gets a name. */
  readonly flags: number;
}
export interface HandleRequest extends NodeRequest {
  readonly handle: HandleId;
}
export interface FlushRequest extends HandleRequest {
  /** See GetlkRequest. */
  readonly lockOwner?: bigint | undefined;
}
export interface ReadRequest extends HandleRequest {
  readonly offset: bigint;
  /** Bytes, at most `limits.ioBytesMax`. */
  readonly size: number;
}
export interface WriteRequest extends HandleRequest {
  readonly offset: bigint;
  readonly data: Uint8Array;
  /**
   * Whether the answer may come before it is certain that the data can be written: a failure is then told by the next write,
   * flush or fsync of each handle that was open for writing.
   */
  readonly ahead?: boolean;
}
export interface FsyncRequest extends HandleRequest {
  readonly datasync: boolean;
}
export type ReaddirRequest = ReadRequest;
export interface XattrRequest extends NodeRequest {
  readonly name: Name;
}
export interface SetxattrRequest extends XattrRequest {
  readonly value: Uint8Array;
  readonly flags: number;
}
export interface FallocateRequest extends HandleRequest {
  readonly mode: number;
  readonly offset: bigint;
  /** Bytes. */
  readonly length: bigint;
}
export interface LseekRequest extends HandleRequest {
  readonly offset: bigint;
  readonly whence: number;
}
export interface InodeFlags {
  /** FS_*_FL bits (linux/fs.h), chattr(1)'s. */
  readonly flags: number;
  /** struct fsxattr of linux/fs.h, 28 bytes: xflags, extsize, nextents, projid, cowextsize, and padding. */
  readonly fsxattr: Uint8Array;
}
export interface SetInodeFlagsRequest extends HandleRequest {
  readonly flags?: number | undefined;
  readonly fsxattr?: Uint8Array | undefined;
}
export interface CopyFileRangeRequest extends HandleRequest {
  readonly offset: bigint;
  /** What is written to. */
  readonly newNode: NodeId;
  readonly newHandle: HandleId;
  readonly newOffset: bigint;
  /** Bytes at most. */
  readonly length: bigint;
}
export interface GetlkRequest extends HandleRequest {
  /** Whose lock it is: a number of the caller's choice, 64 bits. Owners with one number and different kinds are different. */
  readonly owner: bigint;
  readonly kind: LockKind;
  readonly type: LockType | "unlock";
  readonly start: bigint;
  /** Bytes; 0: to the end of the file, however far that moves. */
  readonly length: bigint;
  /** The process that asks, for others to see; 0 where there is none. */
  readonly pid: number;
}
export interface SetlkRequest extends GetlkRequest {
  readonly wait: boolean;
}
export interface AccessRequest extends NodeRequest {
  readonly mask: number;
}

export interface AttrReply {
  readonly attr: Attr;
  /**
   * Until when, by performance.now(), the attributes may be believed unless whoever answered recalls them before; absent: not
   * at all. A source that says so has a way to tell of recalls.
   */
  readonly leasedUntilMs?: number | undefined;
}
export interface ReadlinkReply {
  readonly target: Uint8Array;
}
export interface HandleReply {
  readonly handle: HandleId;
}
export interface CreateReply extends Entry, HandleReply {}
export interface ReadReply {
  readonly data: Uint8Array;
}
export interface WriteReply {
  /** Bytes written: all of them. */
  readonly size: number;
  /** Of an answer `ahead`: settles when the request's `data` is not needed any more. */
  readonly dataNeeded?: Promise<void>;
}
export interface XattrReply {
  readonly value: Uint8Array;
}
export interface XattrListReply {
  readonly names: Uint8Array;
}
export interface LseekReply {
  readonly offset: bigint;
}
/** A lock that is held. */
export interface HeldLock {
  readonly type: LockType;
  readonly start: bigint;
  /** As in GetlkRequest. */
  readonly length: bigint;
  /** 0 where the process is not known here, such as one of another machine. */
  readonly pid: number;
}
export interface GetlkReply {
  readonly lock?: HeldLock | undefined;
  /** The owner's number, where it was given by a caller of this FileSystem. */
  readonly owner?: bigint | undefined;
}
export interface ReaddirReply {
  readonly entries: readonly DirEntry[];
  /** True when nothing follows these entries. */
  readonly end: boolean;
}
