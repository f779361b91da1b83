import { writeSync } from "node:fs";
import {
  type AccessRequest,
  type Attr,
  type AttrReply,
  type CallContext,
  type Caller,
  type CopyFileRangeRequest,
  type CreateReply,
  type CreateRequest,
  checkName,
  type DirEntry,
  type Entry,
  type FallocateRequest,
  type FileSystem,
  type FlushRequest,
  FMODE_EXEC,
  FsError,
  type FsyncRequest,
  type GetattrRequest,
  type GetlkReply,
  type GetlkRequest,
  type HandleReply,
  type HandleRequest,
  type InodeFlags,
  isDirectory,
  isRegular,
  isSymlink,
  type LinkRequest,
  type LockManager,
  type LookupRequest,
  type LseekReply,
  type LseekRequest,
  limits,
  lockChangeOf,
  lockLengthOf,
  type MkdirRequest,
  type MknodRequest,
  type NameRequest,
  type NodeId,
  type NodeRequest,
  O_ACCMODE,
  O_APPEND,
  O_CLOEXEC,
  O_CREAT,
  O_DSYNC,
  O_EXCL,
  O_NOATIME,
  O_NONBLOCK,
  O_PATH,
  O_RDONLY,
  O_SYNC,
  O_TRUNC,
  type OpenRequest,
  RENAME_EXCHANGE,
  type ReaddirReply,
  type ReaddirRequest,
  type ReadlinkReply,
  type ReadReply,
  type ReadRequest,
  type RenameRequest,
  type SetattrRequest,
  type SetInodeFlagsRequest,
  type SetlkRequest,
  type SetxattrRequest,
  type StatFs,
  type SymlinkRequest,
  type TmpfileRequest,
  type WriteReply,
  type WriteRequest,
  type XattrListReply,
  type XattrReply,
  type XattrRequest,
} from "@kedgefs/core";
import {
  AT_REMOVEDIR,
  chmodFd,
  chownFd,
  close,
  closeAsync,
  copyFileRange,
  dup,
  FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_PUNCH_HOLE,
  FALLOC_FL_UNSHARE_RANGE,
  FALLOC_FL_ZERO_RANGE,
  type FileStat,
  faccessFd,
  fallocate,
  fstatfs,
  fstatx,
  fsync,
  ftruncate,
  getdents64,
  linkFd,
  lseek,
  mkdirat,
  mknodat,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_TMPFILE,
  openat,
  openat2,
  parseDents,
  pread,
  preadNowait,
  pwrite,
  RESOLVE_BENEATH,
  readlinkFd,
  renameat2,
  reopenFd,
  runAs,
  SEEK_DATA,
  SEEK_HOLE,
  SEEK_SET,
  symlinkat,
  truncateFd,
  umask,
  unlinkat,
  utimensFd,
} from "@kedgefs/posix";
import type { HostLockAsk, LockFile } from "../locks/host-locks.ts";
import { inodeFlagsOf, setInodeFlagsOf } from "./inode-flag-calls.ts";
import type { Intending } from "./intending.ts";
import { LoopGuard } from "./loop-guard.ts";
import { contentOf } from "./node-seal.ts";
import type { NodeStore } from "./node-store.ts";
import type { OpenFile, OpenFiles } from "./open-files.ts";
import { getxattrOf, hasNoXattrs, hasXattr, listxattrOf, removexattrOf, setxattrOf } from "./xattr-calls.ts";

/** Flags of an open that mean something to the server's descriptor; the rest is the client's business. */
const openFlags = O_ACCMODE | O_TRUNC | O_APPEND | O_SYNC | O_DSYNC | O_NOATIME;
const O_NOCTTY = 0o400;
const alwaysFlags = O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY;
/** Those that do the same when they are done twice; the others move data about, and FUSE does not pass them on. */
const fallocateModes = FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE | FALLOC_FL_UNSHARE_RANGE;
/** A create and an unlink of the same name that race may alternate; after this many rounds it is not a race. */
const createAttemptsMax = 16;
/** Reads up to this size are tried from the page cache on the event loop: the copy costs less than a pool thread. */
const nowaitBytesMax = 128 << 10;
/** Writes up to this size are made on the event loop while the disk keeps up. */
const loopWriteBytesMax = 64 << 10;
/** Room of a dirent in the kernel's readdirplus form less the name: fuse_entry_out (128) and fuse_dirent (24). */
const direntPlusBytes = 152;
const direntBytes = 24;
/** What programs should read and write at a time: a network wants more than a disk. */
const preferredIoBytes = 1 << 20;

/** A file that was looked up by name, with an O_PATH descriptor that is whoever asked's to close. */
interface Found {
  readonly node: NodeId;
  readonly fd: number;
  readonly stat: FileStat;
}

/**
 * The system calls behind every operation. Those on names and attributes run on the event loop under the caller's identity
 * (1 to 3 µs each, and identity is per thread); data and syncs run on pool threads, on descriptors whose permission was
 * checked when they were opened.
 */
export class LocalFileSystem implements FileSystem {
  readonly #nodes: NodeStore;
  readonly #files: OpenFiles;
  readonly #locks: LockManager<LockFile, OpenFile>;
  readonly #closeReports: boolean;
  readonly #loopGuard = new LoopGuard();

  /** `closeReports`: whether a close(2) on the backing file system can tell of a failed write. */
  constructor(nodes: NodeStore, files: OpenFiles, locks: LockManager<LockFile, OpenFile>, closeReports: boolean) {
    this.#nodes = nodes;
    this.#files = files;
    this.#locks = locks;
    this.#closeReports = closeReports;
  }

  async root(): Promise<Entry> {
    return { node: this.#nodes.root, attr: this.#attrOf(this.#nodes.root) };
  }

  async lookup({ parent, name }: LookupRequest, { caller }: CallContext): Promise<Entry> {
    checkName(name);
    const parentFd = this.#fd(parent);
    return this.#adopt(
      runAs(caller, () => openPath(parentFd, name)),
      parent,
      name,
    );
  }

  async forget(): Promise<void> {}

  async getattr({ node, handle }: GetattrRequest): Promise<AttrReply> {
    const fd = handle === undefined ? this.#fd(node) : this.#files.get(handle).fd;
    return { attr: presentable(fd) };
  }

  async setattr(
    { node, handle, mode, uid, gid, size, atime, mtime }: SetattrRequest,
    { caller }: CallContext,
  ): Promise<AttrReply> {
    const fd = this.#fd(node, handle);
    runAs(caller, () => {
      // As the caller, though the descriptor is open for writing: the kernel clears set-id bits by who truncates.
      if (size !== undefined && handle !== undefined) ftruncate(fd, size);
      if (size !== undefined && handle === undefined) truncateFd(this.#regular(fd), size);
      if (uid !== undefined || gid !== undefined) chownFd(fd, uid ?? -1, gid ?? -1);
      if (mode !== undefined) chmodFd(fd, mode & 0o7777);
      if (atime !== undefined || mtime !== undefined) utimensFd(fd, atime, mtime);
    });
    return { attr: presentable(fd) };
  }

  async readlink({ node }: NodeRequest): Promise<ReadlinkReply> {
    const fd = this.#fd(node);
    if (!isSymlink(fstatx(fd).attr.mode)) throw new FsError("EINVAL", "not a symbolic link");
    return { target: readlinkFd(fd) };
  }

  async symlink(request: Intending<SymlinkRequest>, context: CallContext): Promise<Entry> {
    const { name, target } = request;
    if (target.length > limits.symlinkBytesMax)
      throw new FsError("ENAMETOOLONG", "the target of a symbolic link is too long");
    return this.#make(request, context, (fd) => symlinkat(target, fd, name));
  }

  async mknod(request: Intending<MknodRequest>, context: CallContext): Promise<Entry> {
    const { name, mode, rdev, umask } = request;
    return this.#make(request, context, (fd) => withUmask(umask, () => mknodat(fd, name, mode, rdev)));
  }

  async mkdir(request: Intending<MkdirRequest>, context: CallContext): Promise<Entry> {
    const { name, mode, umask } = request;
    return this.#make(request, context, (fd) => withUmask(umask, () => mkdirat(fd, name, mode & 0o7777)));
  }

  async unlink(request: Intending<NameRequest>, context: CallContext): Promise<void> {
    this.#remove(request, context, 0);
  }

  async rmdir(request: Intending<NameRequest>, context: CallContext): Promise<void> {
    this.#remove(request, context, AT_REMOVEDIR);
  }

  async rename(
    { parent, name, newParent, newName, flags, intend }: Intending<RenameRequest>,
    { caller }: CallContext,
  ): Promise<void> {
    checkName(name);
    checkName(newName);
    let moved: Found | undefined;
    let there: Found | undefined;
    try {
      moved = this.#find(parent, name);
      there = this.#find(newParent, newName);
      intend?.([nodeOf(moved), nodeOf(there)]);
      const fd = this.#fd(parent);
      const newFd = this.#fd(newParent);
      runAs(caller, () => renameat2(fd, name, newFd, newName, flags));
    } catch (error) {
      closeFound(moved);
      closeFound(there);
      throw error;
    }
    // Between two names of one file a rename does nothing.
    const stays = (flags & RENAME_EXCHANGE) !== 0 || there?.node === moved?.node;
    if (there !== undefined && stays) {
      this.#keepAs(there, parent, name);
    } else {
      this.#nodes.nameRemoved(parent, name);
      if (there !== undefined) this.#letGo(there);
    }
    if (moved !== undefined) this.#keepAs(moved, newParent, newName);
  }

  async link({ node, newParent, newName, intend }: Intending<LinkRequest>, context: CallContext): Promise<Entry> {
    // Looked for as the server itself: the caller may not open file handles, nor search every directory on the way.
    const fd = this.#fd(node);
    return this.#make({ parent: newParent, name: newName, intend }, context, (parentFd) =>
      linkFd(fd, parentFd, newName),
    );
  }

  async open({ node, flags, reopen }: OpenRequest, { caller }: CallContext): Promise<HandleReply> {
    const pathFd = this.#fd(node);
    const { mode } = fstatx(pathFd).attr;
    if (isDirectory(mode)) throw new FsError("EISDIR", "a directory is opened with opendir");
    if (isSymlink(mode)) throw new FsError("ELOOP", "a symbolic link cannot be opened");
    // A fifo or device is the client kernel's to open; here it would be the server's own.
    if (!isRegular(mode)) throw new FsError("EINVAL", "not a regular file");
    return { handle: this.#files.add(node, openNode(pathFd, flags, mode, reopen ?? false, caller), flags, caller) };
  }

  async create(
    { parent, name, mode, umask, flags, intend }: Intending<CreateRequest>,
    { caller }: CallContext,
  ): Promise<CreateReply> {
    checkName(name);
    for (let attempt = 0; attempt < createAttemptsMax; attempt++) {
      const existing = this.#pathFdAt(parent, name, caller);
      const entry = existing === undefined ? undefined : this.#adopt(existing, parent, name);
      if (attempt === 0) intend?.([entry?.node ?? null]);
      if (entry !== undefined) {
        if ((flags & O_EXCL) !== 0) throw new FsError("EEXIST", "the file exists");
        const { handle } = await this.open({ node: entry.node, flags }, { caller } as CallContext);
        return { node: entry.node, attr: this.#attrOf(entry.node), handle };
      }
      const parentFd = this.#fd(parent);
      try {
        const openedFlags = (flags & openFlags) | alwaysFlags | O_CREAT | O_EXCL;
        const fd = runAs(caller, () => withUmask(umask, () => openat(parentFd, name, openedFlags, mode & 0o7777)));
        const stat = fstatx(fd);
        const node = this.#nodes.identify(fd, stat);
        this.#nodes.foundAt(node, parent, name);
        return { node, attr: presentable(fd, stat), handle: this.#files.add(node, fd, flags, caller) };
      } catch (error) {
        // Somebody else made it since we looked: it is theirs, and we look again.
        if (!(error instanceof FsError) || error.code !== "EEXIST" || (flags & O_EXCL) !== 0) throw error;
      }
    }
    throw new FsError("EIO", "the name keeps appearing and vanishing");
  }

  async tmpfile({ parent, mode, umask, flags }: TmpfileRequest, { caller }: CallContext): Promise<CreateReply> {
    const parentFd = this.#fd(parent);
    const wanted = (flags & (openFlags | O_EXCL)) | (alwaysFlags & ~O_NOFOLLOW) | O_TMPFILE;
    const fd = runAs(caller, () => withUmask(umask, () => openat(parentFd, ".", wanted, mode & 0o7777)));
    const stat = fstatx(fd);
    const node = this.#nodes.identify(fd, stat);
    return { node, attr: presentable(fd, stat), handle: this.#files.add(node, fd, flags, caller) };
  }

  async read({ handle, offset, size }: ReadRequest): Promise<ReadReply> {
    if (size > limits.ioBytesMax) throw new FsError("EINVAL", "a read is too large");
    const data = Buffer.allocUnsafeSlow(size);
    if (size <= nowaitBytesMax) {
      const { fd } = this.#files.get(handle);
      const count = preadNowait(fd, data, offset);
      if (count === size) return { data };
      // Fewer bytes mean the end of the file, or that the rest is not in the page cache.
      if (count !== undefined && offset + BigInt(count) >= fstatx(fd).attr.size)
        return { data: data.subarray(0, count) };
    }
    const count = await this.#files.use(handle, (fd) => pread(fd, data, offset));
    return { data: data.subarray(0, count) };
  }

  async write({ handle, offset, data }: WriteRequest, { caller }: CallContext): Promise<WriteReply> {
    const { fd, waitsForDisk } = this.#toBeWritten(handle, caller);
    if (
      data.length <= loopWriteBytesMax &&
      !waitsForDisk &&
      offset <= Number.MAX_SAFE_INTEGER &&
      this.#loopGuard.open
    ) {
      return { size: this.#loopGuard.run(() => writeSync(fd, data, 0, data.length, Number(offset))) };
    }
    return { size: await this.#files.use(handle, () => pwrite(fd, data, offset)) };
  }

  async flush({ handle, lockOwner }: FlushRequest): Promise<void> {
    const { node } = this.#files.get(handle);
    if (lockOwner !== undefined) this.#locks.drop({ file: contentOf(node), kind: "posix", owner: lockOwner });
    if (!this.#closeReports) return;
    // The close of a duplicate makes a network backing system tell of a write that failed, as close(2) would.
    await closeAsync(dup(this.#files.get(handle).fd));
  }

  async release({ handle }: HandleRequest): Promise<void> {
    const file = this.#files.get(handle);
    this.#files.release(handle);
    this.#locks.released(file);
  }

  async fsync({ handle, datasync }: FsyncRequest): Promise<void> {
    await this.#files.use(handle, (fd) => fsync(fd, datasync));
  }

  async opendir({ node }: NodeRequest, { caller }: CallContext): Promise<HandleReply> {
    const pathFd = this.#fd(node);
    const fd = runAs(caller, () => reopenFd(pathFd, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return { handle: this.#files.add(node, fd, O_RDONLY, caller) };
  }

  async readdir({ handle, offset, size }: ReaddirRequest): Promise<ReaddirReply> {
    return this.#list(handle, offset, size, direntBytes, (entry) => entry);
  }

  async readdirplus({ node, handle, offset, size }: ReaddirRequest, { caller }: CallContext): Promise<ReaddirReply> {
    return this.#list(handle, offset, size, direntPlusBytes, (dirEntry) => {
      const entry = this.#entryAt(node, dirEntry.name, caller);
      return entry === undefined ? dirEntry : { ...dirEntry, entry };
    });
  }

  async releasedir(request: HandleRequest): Promise<void> {
    await this.release(request);
  }

  async fsyncdir({ handle, datasync }: FsyncRequest): Promise<void> {
    await this.#files.use(handle, (fd) => fsync(fd, datasync));
  }

  async statfs({ node }: NodeRequest): Promise<StatFs> {
    return fstatfs(this.#fd(node));
  }

  async getlk(request: GetlkRequest): Promise<GetlkReply> {
    const found = this.#locks.getlk(this.#lockOf(request));
    if (found === undefined) return {};
    const { range, pid, owner } = found;
    return { lock: { type: range.type, start: range.start, length: lockLengthOf(range), pid }, owner };
  }

  async setlk(request: SetlkRequest, context: CallContext): Promise<void> {
    const ask = this.#lockOf(request);
    const { type } = ask.change;
    const { readable, writable } = ask.through;
    const isForbidden = (type === "read" && !readable) || (type === "write" && !writable);
    if (ask.kind === "posix" && isForbidden) throw new FsError("EBADF", `the file is not open for a ${type} lock`);
    await this.#locks.setlk(ask, request.wait ? context : undefined);
  }

  #lockOf(request: GetlkRequest): HostLockAsk {
    const through = this.#files.get(request.handle);
    const { kind, owner, pid } = request;
    return { file: contentOf(through.node), kind, owner, change: lockChangeOf(request), pid, through };
  }

  async access({ node, mask }: AccessRequest, { caller }: CallContext): Promise<void> {
    const fd = this.#fd(node);
    runAs(caller, () => faccessFd(fd, mask));
  }

  async getxattr({ node, name }: XattrRequest, { caller }: CallContext): Promise<XattrReply> {
    return getxattrOf(this.#fd(node), name, caller);
  }

  async setxattr(
    { node, name, value, flags, intend }: Intending<SetxattrRequest>,
    context: CallContext,
  ): Promise<void> {
    const fd = this.#fd(node);
    intend?.([hasXattr(fd, name) ? node : null]);
    setxattrOf(fd, name, value, flags, context.caller);
  }

  async listxattr({ node }: NodeRequest, { caller }: CallContext): Promise<XattrListReply> {
    return listxattrOf(this.#fd(node), caller);
  }

  async removexattr({ node, name, intend }: Intending<XattrRequest>, { caller }: CallContext): Promise<void> {
    const fd = this.#fd(node);
    intend?.([hasXattr(fd, name) ? node : null]);
    removexattrOf(fd, name, caller);
  }

  async fallocate({ handle, mode, offset, length }: FallocateRequest, { caller }: CallContext): Promise<void> {
    if ((mode & ~fallocateModes) !== 0) throw new FsError("EOPNOTSUPP", "fallocate: such a mode is not repeatable");
    this.#toBeWritten(handle, caller);
    await this.#files.use(handle, (fd) => fallocate(fd, mode, offset, length));
  }

  async getInodeFlags({ handle }: HandleRequest): Promise<InodeFlags> {
    return inodeFlagsOf(this.#files.get(handle).fd);
  }

  async setInodeFlags(request: SetInodeFlagsRequest, { caller }: CallContext): Promise<void> {
    setInodeFlagsOf(this.#files.get(request.handle).fd, request, caller);
  }

  async lseek({ handle, offset, whence }: LseekRequest): Promise<LseekReply> {
    if (whence !== SEEK_DATA && whence !== SEEK_HOLE) throw new FsError("EINVAL", "lseek: only for data and holes");
    // The kernel's client passes a negative offset on, in 64 bits without a sign: ENXIO, and not EINVAL.
    return { offset: lseek(this.#files.get(handle).fd, BigInt.asIntN(64, offset), whence) };
  }

  async copyFileRange(
    { handle, offset, newHandle, newOffset, length }: CopyFileRangeRequest,
    { caller }: CallContext,
  ): Promise<WriteReply> {
    // Where the source has no more to copy, nothing is written, and the kernel takes no bits away.
    if (offset < fstatx(this.#files.get(handle).fd).attr.size) this.#toBeWritten(newHandle, caller);
    const bytes = length < limits.copyBytesMax ? length : BigInt(limits.copyBytesMax);
    const size = await this.#files.use(handle, (from) =>
      this.#files.use(newHandle, (to) => copyFileRange(from, offset, to, newOffset, bytes)),
    );
    return { size };
  }

  /** EBADF where it was opened for reading alone: its set-id bits stay then. */
  #toBeWritten(handle: HandleRequest["handle"], caller: CallContext["caller"]): OpenFile {
    const file = this.#files.get(handle);
    if (!file.writable) throw new FsError("EBADF", `handle ${handle} is not open for writing`);
    if (caller.uid !== 0) clearSetIds(file.fd, withGroups(caller, file.opener));
    return file;
  }

  /** A descriptor of the node that is good until the next await: of the node store, or of an open file without a name. */
  #fd(node: NodeId, handle?: HandleRequest["handle"]): number {
    if (handle !== undefined) return this.#files.get(handle).fd;
    const open = this.#files.anyOf(node);
    return open ?? this.#nodes.fd(node);
  }

  /** EINVAL, or EISDIR, for what has no size to set. */
  #regular(fd: number): number {
    const { mode } = fstatx(fd).attr;
    if (isDirectory(mode)) throw new FsError("EISDIR", "a directory has no size to set");
    if (!isRegular(mode)) throw new FsError("EINVAL", "not a regular file");
    return fd;
  }

  #attrOf(node: NodeId): Attr {
    return presentable(this.#fd(node));
  }

  /** The entry of an O_PATH descriptor, which becomes the node store's. */
  #adopt(fd: number, parent: NodeId, name: Uint8Array): Entry {
    try {
      const stat = fstatx(fd);
      const node = this.#nodes.identify(fd, stat);
      this.#nodes.foundAt(node, parent, name);
      const attr = presentable(fd, stat);
      this.#nodes.keep(node, fd);
      return { node, attr };
    } catch (error) {
      close(fd);
      throw error;
    }
  }

  /** An O_PATH descriptor (the caller's to close) of what a name leads to, or undefined for nothing. */
  #pathFdAt(parent: NodeId, name: Uint8Array, caller: CallContext["caller"]): number | undefined {
    const parentFd = this.#fd(parent);
    try {
      return runAs(caller, () => openPath(parentFd, name));
    } catch (error) {
      if (error instanceof FsError && error.code === "ENOENT") return undefined;
      throw error;
    }
  }

  #make(
    { parent, name, intend }: Intending<NameRequest>,
    { caller }: CallContext,
    call: (parentFd: number) => void,
  ): Entry {
    checkName(name);
    if (intend !== undefined) {
      const found = this.#find(parent, name);
      closeFound(found);
      intend([nodeOf(found)]);
    }
    const parentFd = this.#fd(parent);
    runAs(caller, () => call(parentFd));
    // Looked up as the server itself: the caller made it, and may lack search permission by an odd mode of the directory.
    return this.#adopt(openPath(this.#fd(parent), name), parent, name);
  }

  /** `flags` of unlinkat(2). */
  #remove({ parent, name, intend }: Intending<NameRequest>, { caller }: CallContext, flags: number): void {
    checkName(name);
    const victim = this.#find(parent, name);
    try {
      intend?.([nodeOf(victim)]);
      const parentFd = this.#fd(parent);
      runAs(caller, () => unlinkat(parentFd, name, flags));
    } catch (error) {
      closeFound(victim);
      throw error;
    }
    this.#nodes.nameRemoved(parent, name);
    if (victim !== undefined) this.#letGo(victim);
  }

  /** What a name leads to for the server itself; undefined for nothing, or what can't be seen. EIO, and ESTALE of `parent`. */
  #find(parent: NodeId, name: Uint8Array): Found | undefined {
    const parentFd = this.#fd(parent);
    let fd: number | undefined;
    try {
      fd = openPath(parentFd, name);
      const stat = fstatx(fd);
      return { node: this.#nodes.identify(fd, stat), fd, stat };
    } catch (error) {
      if (fd !== undefined) close(fd);
      if (error instanceof FsError && error.code !== "EIO") return undefined;
      throw error;
    }
  }

  /** A name of the file was taken away. */
  #letGo({ node, fd, stat }: Found): void {
    const wasLast = stat.attr.nlink <= 1 || isDirectory(stat.attr.mode);
    if (!wasLast) close(fd);
    else this.#nodes.nodeRemoved(node, fd);
  }

  /** The file has this name by now. */
  #keepAs({ node, fd }: Found, parent: NodeId, name: Uint8Array): void {
    this.#nodes.foundAt(node, parent, name);
    this.#nodes.keep(node, fd);
  }

  #entryAt(parent: NodeId, name: Uint8Array, caller: CallContext["caller"]): Entry | undefined {
    let fd: number | undefined;
    try {
      fd = this.#pathFdAt(parent, name, caller);
      if (fd === undefined) return undefined;
      const stat = fstatx(fd);
      const node = this.#nodes.identify(fd, stat);
      this.#nodes.foundAt(node, parent, name);
      return { node, attr: presentable(fd, stat) };
    } catch {
      return undefined;
    } finally {
      if (fd !== undefined) close(fd);
    }
  }

  #list(
    handle: HandleRequest["handle"],
    offset: bigint,
    size: number,
    overheadBytes: number,
    complete: (entry: DirEntry) => DirEntry,
  ): ReaddirReply {
    const file = this.#files.get(handle);
    const sizeBytes = Math.min(size, limits.readdirBytesMax);
    if (file.position !== offset) lseek(file.fd, offset, SEEK_SET);
    const buffer = Buffer.allocUnsafe(Math.max(4096, sizeBytes));
    const length = getdents64(file.fd, buffer);
    if (length === 0) {
      file.position = offset;
      return { entries: [], end: true };
    }
    const dents = parseDents(buffer, length);
    const entries: DirEntry[] = [];
    let used = 0;
    for (const dent of dents) {
      if (used >= sizeBytes) break;
      used += overheadBytes + ((dent.name.length + 7) & ~7);
      entries.push(isDots(dent.name) ? dent : complete(dent));
    }
    file.position = entries.at(-1)?.offset ?? offset;
    const end = entries.length === dents.length && getdents64(file.fd, buffer) === 0;
    if (!end) lseek(file.fd, file.position, SEEK_SET);
    return { entries, end };
  }
}

const dot = 0x2e;
const isDots = (name: Uint8Array): boolean =>
  name[0] === dot && (name.length === 1 || (name.length === 2 && name[1] === dot));

const nodeOf = (found: Found | undefined): NodeId | null => found?.node ?? null;

const closeFound = (found: Found | undefined): void => {
  if (found !== undefined) close(found.fd);
};

const openPath = (parentFd: number, name: Uint8Array): number =>
  openat2(parentFd, name, { flags: O_PATH | O_NOFOLLOW, resolve: RESOLVE_BENEATH });

function presentable(fd: number, { attr }: FileStat = fstatx(fd)): Attr {
  return { ...attr, blksize: preferredIoBytes, noXattrs: hasNoXattrs(fd) };
}

/** The server's own umask is 0. No other thread makes files meanwhile. */
function withUmask<Result>(mask: number | undefined, make: () => Result): Result {
  if (mask === undefined || mask === 0) return make();
  umask(mask);
  try {
    return make();
  } finally {
    umask(0);
  }
}

/** A write does not come with the writer's supplementary groups; they are looked up when a file is opened. */
const withGroups = (writer: Caller, opener: Caller): Caller =>
  writer.groups.length === 0 && writer.uid === opener.uid ? { ...writer, groups: opener.groups } : writer;

/**
 * What write(2) does for a caller without CAP_FSETID (inode(7), setattr_should_drop_suidgid() in the kernel's fs/attr.c); the write
 * itself is made on a pool thread, which has the server's capabilities.
 */
function clearSetIds(fd: number, caller: Caller): void {
  const { mode, gid } = fstatx(fd).attr;
  if ((mode & (S_ISUID | S_ISGID)) === 0) return;
  const isMember = caller.gid === gid || caller.groups.includes(gid);
  const cleared = S_ISUID | ((mode & S_IXGRP) === 0 && isMember ? 0 : S_ISGID);
  if ((mode & cleared) !== 0) chmodFd(fd, mode & 0o7777 & ~cleared);
}

const X_OK = 1;

const S_ISUID = 0o4000;
const S_ISGID = 0o2000;
const S_IXGRP = 0o010;

function openNode(pathFd: number, flags: number, mode: number, reopen: boolean, caller: CallContext["caller"]): number {
  const wanted = (flags & openFlags) | (alwaysFlags & ~O_NOFOLLOW);
  try {
    return runAs(caller, () => reopenFd(pathFd, wanted));
  } catch (error) {
    if (!(error instanceof FsError) || error.code !== "EACCES") throw error;
    if ((flags & (FMODE_EXEC | O_ACCMODE | O_TRUNC)) === (FMODE_EXEC | O_RDONLY)) {
      // Who may execute a program need not be allowed to read it: the kernel reads it for them.
      runAs(caller, () => faccessFd(pathFd, X_OK));
      return reopenFd(pathFd, wanted);
    }
    if (!reopen) throw error;
  }
  // A server without root, and a file like git's objects, written through a handle though its mode is 0444. The owner may
  // change the mode for the moment of the open; a server that is not the owner fails here with EPERM.
  chmodFd(pathFd, (mode & 0o7777) | 0o600);
  try {
    return reopenFd(pathFd, wanted);
  } finally {
    chmodFd(pathFd, mode & 0o7777);
  }
}
