declare const brand: unique symbol;
type Brand<Base, Name extends string> = Base & { readonly [brand]: Name };

/**
 * The identity of a file, directory or other inode: opaque bytes, at most `limits.nodeIdBytesMax`, as a string with one
 * char (0–255, "latin1") for each byte so that it can key a Map. Two names of one inode (hard links) have one NodeId. It is
 * made by the FileSystem that answers for it and outlives that FileSystem's process where the source allows it.
 */
export type NodeId = Brand<string, "NodeId">;

/** An open file or directory. Meaningful only to the FileSystem that returned it; a safe integer, never reused. */
export type HandleId = Brand<number, "HandleId">;

/** One path component as bytes: not empty, not "." or "..", without "/" and NUL, at most 255 bytes. No encoding is implied. */
export type Name = Uint8Array;

export function nodeIdFromBytes(bytes: Uint8Array): NodeId {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1") as NodeId;
}

export function nodeIdToBytes(node: NodeId): Buffer {
  return Buffer.from(node, "latin1");
}

/** Seconds since the epoch (a safe integer, may be negative) and nanoseconds (0–999,999,999). */
export interface Timespec {
  readonly sec: number;
  readonly nsec: number;
}

/** A time to set: `now` true is UTIME_NOW (then sec and nsec mean nothing). An absent SetTime is UTIME_OMIT. */
export interface SetTime extends Timespec {
  readonly now: boolean;
}

/** What stat(2) tells of an inode. `mode` has the file type bits (S_IFMT) and the permission bits; `blocks` are of 512 bytes. */
export interface Attr {
  readonly ino: bigint;
  readonly mode: number;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
  /** Device number of a device node, in the kernel's 32-bit encoding for users (new_encode_dev in linux/kdev_t.h). */
  readonly rdev: number;
  readonly size: bigint;
  readonly blocks: bigint;
  /** Preferred size of an I/O, bytes. */
  readonly blksize: number;
  readonly atime: Timespec;
  readonly mtime: Timespec;
  readonly ctime: Timespec;
  /** Birth time; sec and nsec 0 where the backing system keeps none. */
  readonly btime: Timespec;
  /** True where it is known that the inode has no extended attribute at all, and so no ACL. */
  readonly noXattrs?: boolean | undefined;
}

/** A node that a name leads to, with its attributes at that moment. */
export interface Entry {
  readonly node: NodeId;
  readonly attr: Attr;
  /** See AttrReply. */
  readonly leasedUntilMs?: number | undefined;
}

/** An entry of a directory. "." and ".." are among them. */
export interface DirEntry {
  readonly name: Name;
  readonly ino: bigint;
  /** d_type of readdir(3): DT_REG 8, DT_DIR 4, DT_LNK 10, DT_FIFO 1, DT_CHR 2, DT_BLK 6, DT_SOCK 12, DT_UNKNOWN 0. */
  readonly type: number;
  /** Opaque position after this entry: what a later readdir takes as `offset` to go on from here. */
  readonly offset: bigint;
  /** Present in the answer of readdirplus, except for "." and ".." and for a name that vanished, or may have changed, meanwhile. */
  readonly entry?: Entry;
}

/** What statvfs(3) tells. Counts of blocks are in units of `frsize` bytes. */
export interface StatFs {
  readonly blocks: bigint;
  readonly bfree: bigint;
  readonly bavail: bigint;
  readonly files: bigint;
  readonly ffree: bigint;
  readonly bsize: number;
  readonly frsize: number;
  readonly namelen: number;
}
