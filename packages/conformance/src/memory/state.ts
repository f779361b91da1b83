import {
  type Caller,
  checkName,
  FsError,
  type HandleId,
  type Name,
  type NodeId,
  S_IFDIR,
  S_IFMT,
  type Timespec,
} from "@kedgefs/core";
import { type Clock, createClock } from "./clock.ts";
import { DirectoryEntries } from "./directory-entries.ts";
import { type DirectoryInode, type Inode, kindOf } from "./inode.ts";
import { mayExecute, mayWrite, ownershipIn, requirePermission } from "./permission.ts";
import { pageBytes, type Space, SparseBytes } from "./sparse-bytes.ts";

export interface MemoryOptions {
  /** Most bytes that all files hold together, holes not counted; ENOSPC past it. Default 4 GiB. */
  readonly capacityBytes?: number;
  /** Most inodes at once; ENOSPC past it. Default 1,048,576. */
  readonly inodesMax?: number;
  /** Inode number of the root, others count up from it. Default just above 2^53, where a careless `number` goes wrong. */
  readonly inoFirst?: bigint;
  /** Mode, owner and group of the root directory. Default 0755, 0, 0. */
  readonly rootMode?: number;
  readonly rootUid?: number;
  readonly rootGid?: number;
}

/** Most names of one inode, and one more than the most subdirectories' ".." (ext4's EXT4_LINK_MAX). */
const linksMax = 65_000;

export interface OpenHandle {
  readonly inode: Inode;
  readonly flags: number;
}

export const keyFromName = (name: Name): string =>
  Buffer.from(name.buffer, name.byteOffset, name.byteLength).toString("latin1");
export const nameFromKey = (key: string): Buffer => Buffer.from(key, "latin1");

/** What all operations share: the inodes, the handles, the clock, and the rules for finding, making and dropping inodes. */
export class MemoryState {
  readonly now: Clock = createClock();
  readonly root: DirectoryInode;
  readonly space: Space;
  readonly inodesMax: number;
  readonly #inodes = new Map<NodeId, Inode>();
  readonly #handles = new Map<HandleId, OpenHandle>();
  #nextIno: bigint;
  #nextHandle = 1;

  constructor(options: MemoryOptions = {}) {
    this.space = { usedPages: 0, totalPages: Math.floor((options.capacityBytes ?? 4 * 2 ** 30) / pageBytes) };
    this.inodesMax = options.inodesMax ?? 1 << 20;
    this.#nextIno = options.inoFirst ?? 2n ** 53n + 1n;
    const base = this.#newBase(S_IFDIR | (options.rootMode ?? 0o755), options.rootUid ?? 0, options.rootGid ?? 0, 0);
    const root = { ...base, kind: "directory", entries: new DirectoryEntries(), nlink: 2 } as DirectoryInode;
    root.parent = root;
    this.root = root;
    this.#inodes.set(root.node, root);
  }

  get inodeCount(): number {
    return this.#inodes.size;
  }

  inode(node: NodeId): Inode {
    const inode = this.#inodes.get(node);
    if (inode === undefined) throw new FsError("ESTALE");
    return inode;
  }

  directory(node: NodeId): DirectoryInode {
    const inode = this.inode(node);
    if (inode.kind !== "directory") throw new FsError("ENOTDIR");
    return inode;
  }

  /** The directory `node` and the key of `name` in it, where `caller` may search it. */
  place(node: NodeId, name: Name, caller: Caller): { directory: DirectoryInode; key: string } {
    const directory = this.directory(node);
    requirePermission(directory, caller, mayExecute);
    checkName(name);
    return { directory, key: keyFromName(name) };
  }

  /** What a name leads to, or ENOENT. */
  child(directory: DirectoryInode, key: string): Inode {
    const inode = directory.entries.get(key);
    if (inode === undefined) throw new FsError("ENOENT");
    return inode;
  }

  /** A new name may be made: it is free (EEXIST), the directory still exists (ENOENT) and may be written (EACCES). */
  requireCreatable(directory: DirectoryInode, key: string, caller: Caller): void {
    if (directory.entries.get(key) !== undefined) throw new FsError("EEXIST");
    if (directory.nlink === 0) throw new FsError("ENOENT");
    requirePermission(directory, caller, mayWrite | mayExecute);
  }

  requireLinkable(inode: Inode): void {
    if (inode.nlink >= linksMax) throw new FsError("EMLINK");
  }

  makeDirectory(parent: DirectoryInode, key: string, mode: number, caller: Caller): DirectoryInode {
    this.requireLinkable(parent);
    const ownership = ownershipIn(parent, mode, true, caller);
    const base = this.#newBase(S_IFDIR | ownership.mode, caller.uid, ownership.gid, 0);
    const made: DirectoryInode = { ...base, kind: "directory", entries: new DirectoryEntries(), parent, nlink: 2 };
    parent.nlink += 1;
    return this.#add(parent, key, made);
  }

  /** A file, symbolic link (with its target) or special inode, by the type bits of `mode`. */
  makeInode(
    parent: DirectoryInode,
    key: string,
    mode: number,
    caller: Caller,
    details: { rdev?: number; target?: Uint8Array } = {},
  ): Inode {
    return this.#add(parent, key, this.#newInode(parent, mode, caller, details));
  }

  /** A file that has no name. */
  makeUnnamed(parent: DirectoryInode, mode: number, caller: Caller): Inode {
    const made = this.#newInode(parent, mode, caller, {});
    made.nlink = 0;
    this.#inodes.set(made.node, made);
    return made;
  }

  /** Writes the directory's times after a change of its names. */
  touchDirectory(directory: DirectoryInode, now: Timespec): void {
    directory.mtime = now;
    directory.ctime = now;
  }

  /** Forgets an inode that nothing holds any more, and gives its pages back. */
  dropIfUnused(inode: Inode): void {
    if (inode.nlink > 0 || inode.openCount > 0) return;
    if (inode.kind === "file") inode.bytes.truncate(0n);
    this.#inodes.delete(inode.node);
  }

  openHandle(inode: Inode, flags: number): HandleId {
    const handle = this.#nextHandle as HandleId;
    this.#nextHandle += 1;
    this.#handles.set(handle, { inode, flags });
    inode.openCount += 1;
    return handle;
  }

  /** EBADF where the handle is unknown or open on another node. */
  handle(handle: HandleId, node: NodeId): OpenHandle {
    const open = this.#handles.get(handle);
    if (open === undefined || open.inode.node !== node) throw new FsError("EBADF");
    return open;
  }

  closeHandle(handle: HandleId, node: NodeId): void {
    const { inode } = this.handle(handle, node);
    this.#handles.delete(handle);
    inode.openCount -= 1;
    this.dropIfUnused(inode);
  }

  #add<Made extends Inode>(parent: DirectoryInode, key: string, made: Made): Made {
    this.#inodes.set(made.node, made);
    parent.entries.set(key, made);
    this.touchDirectory(parent, made.ctime);
    return made;
  }

  #newInode(
    parent: DirectoryInode,
    mode: number,
    caller: Caller,
    details: { rdev?: number; target?: Uint8Array },
  ): Inode {
    const ownership = ownershipIn(parent, mode, false, caller);
    const base = this.#newBase(ownership.mode, caller.uid, ownership.gid, details.rdev ?? 0);
    const kind = kindOf(mode & S_IFMT);
    if (kind === "file") return { ...base, kind, bytes: new SparseBytes(this.space) };
    if (kind === "symlink") return { ...base, kind, target: Uint8Array.from(details.target ?? []) };
    return { ...base, kind };
  }

  #newBase(mode: number, uid: number, gid: number, rdev: number) {
    if (this.#inodes.size >= this.inodesMax) throw new FsError("ENOSPC");
    const ino = this.#nextIno;
    this.#nextIno += 1n;
    const now = this.now();
    const times = { atime: now, mtime: now, ctime: now, btime: now };
    return { node: `memory ${ino}` as NodeId, ino, mode, nlink: 1, uid, gid, rdev, ...times, openCount: 0 };
  }
}
