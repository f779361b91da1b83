import { type Attr, type NodeId, S_IFLNK, S_IFREG, type Timespec } from "@kedgefs/core";
import type { DirectoryEntries } from "./directory-entries.ts";
import { pageBytes, type SparseBytes } from "./sparse-bytes.ts";

interface InodeBase {
  readonly node: NodeId;
  readonly ino: bigint;
  mode: number;
  nlink: number;
  uid: number;
  gid: number;
  rdev: number;
  atime: Timespec;
  mtime: Timespec;
  ctime: Timespec;
  readonly btime: Timespec;
  /** Handles that are open on it. An inode goes when it has neither a name nor a handle. */
  openCount: number;
  /** Extended attributes by name, each byte of it a character. */
  xattrs?: Map<string, Uint8Array>;
  /** FS_*_FL bits, 0 where absent. */
  flags?: number;
  /** Made without a name, and may get one. */
  linkable?: boolean;
}

export interface FileInode extends InodeBase {
  readonly kind: "file";
  readonly bytes: SparseBytes;
}
export interface DirectoryInode extends InodeBase {
  readonly kind: "directory";
  readonly entries: DirectoryEntries;
  /** What ".." leads to; the root is its own parent. */
  parent: DirectoryInode;
}
export interface SymlinkInode extends InodeBase {
  readonly kind: "symlink";
  readonly target: Uint8Array;
}
/** A fifo, socket or device: a name with attributes, as for any network file system. */
export interface SpecialInode extends InodeBase {
  readonly kind: "special";
}
export type Inode = FileInode | DirectoryInode | SymlinkInode | SpecialInode;

/** Of linux/fs.h: nothing about it may change, or only by appending. */
export const FS_IMMUTABLE_FL = 0x10;
export const FS_APPEND_FL = 0x20;

export const isImmutable = ({ flags = 0 }: Inode): boolean => (flags & FS_IMMUTABLE_FL) !== 0;
export const isAppendOnly = ({ flags = 0 }: Inode): boolean => (flags & FS_APPEND_FL) !== 0;

const blockBytes = 512;

export function attrOf(inode: Inode): Attr {
  const { ino, mode, nlink, uid, gid, rdev, atime, mtime, ctime, btime } = inode;
  const pages = inode.kind === "file" ? inode.bytes.allocatedPages : inode.kind === "directory" ? 1 : 0;
  const blocks = BigInt((pages * pageBytes) / blockBytes);
  return {
    ino,
    mode,
    nlink,
    uid,
    gid,
    rdev,
    size: sizeOf(inode),
    blocks,
    blksize: pageBytes,
    atime,
    mtime,
    ctime,
    btime,
    noXattrs: (inode.xattrs?.size ?? 0) === 0,
  };
}

function sizeOf(inode: Inode): bigint {
  if (inode.kind === "file") return inode.bytes.size;
  if (inode.kind === "symlink") return BigInt(inode.target.length);
  return inode.kind === "directory" ? BigInt(pageBytes) : 0n;
}

/** The kind that the type bits of a mode stand for. */
export function kindOf(typeBits: number): "file" | "symlink" | "special" {
  return typeBits === S_IFREG ? "file" : typeBits === S_IFLNK ? "symlink" : "special";
}
