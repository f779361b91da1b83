import {
  type Attr,
  type AttrReply,
  type DirEntry,
  type Entry,
  FsError,
  type HandleId,
  type HeldLock,
  limits,
  lockEndMax,
  type NodeId,
  type StatFs,
} from "@kedgefs/core";
import type { Believe } from "../beliefs.ts";
import type { NodeRecord, NodeTable } from "../node-table.ts";
import {
  ATTR_BYTES,
  ATTR_OUT_BYTES,
  DIRENT_BYTES,
  ENTRY_OUT_BYTES,
  FOPEN_DIRECT_IO,
  IOCTL_OUT_BYTES,
  lockTypes,
  OPEN_OUT_BYTES,
  OUT_HEADER_BYTES,
  STATX_BASIC_STATS,
  STATX_BTIME,
  STATX_OUT_BYTES,
} from "./constants.ts";
import type { Sized } from "./decode.ts";
import type { EncodedBody } from "./opcode-row.ts";

export interface EncodeOptions {
  /** How long the kernel may use a name, and a node's attributes, without asking again. Seconds, with a fraction. */
  readonly entryTimeoutSec: number;
  readonly attrTimeoutSec: number;
  /** Files are opened with FOPEN_DIRECT_IO: no page cache for read and write. */
  readonly directIo: boolean;
}

const body = OUT_HEADER_BYTES;
const twoTo32 = 0x1_0000_0000;
const blksizeDefault = 4096;

/**
 * Writes replies into one buffer of its own, behind room for the header: a reply is written to the device before the next one
 * is encoded. Each method returns the length of the body.
 */
export class ReplyEncoder {
  readonly bytes = Buffer.alloc(OUT_HEADER_BYTES + limits.readdirBytesMax);
  /** The same bytes, the header alone. */
  readonly headerBytes = this.bytes.subarray(0, OUT_HEADER_BYTES);
  readonly #view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength);
  readonly #nodes: NodeTable;
  readonly #options: EncodeOptions;
  readonly #fileFlags: number;
  #granted: NodeRecord[] = [];

  constructor(nodes: NodeTable, options: EncodeOptions) {
    this.#nodes = nodes;
    this.#options = options;
    this.#fileFlags = options.directIo ? FOPEN_DIRECT_IO : 0;
  }

  /** struct fuse_out_header: len, error (a negative errno or 0), unique. */
  header(unique: bigint, error: number, bodyBytes: number): void {
    this.#view.setUint32(0, OUT_HEADER_BYTES + bodyBytes, true);
    this.#view.setInt32(4, error, true);
    this.#view.setBigUint64(8, unique, true);
  }

  /** The nodes to which the encoded reply gives the kernel a reference, once for each. */
  takeGranted(): readonly NodeRecord[] {
    const granted = this.#granted;
    if (granted.length > 0) this.#granted = [];
    return granted;
  }

  /** A body that is encoded already. */
  copy(encoded: Uint8Array): number {
    this.bytes.set(encoded, body);
    return encoded.length;
  }

  entry(entry: Entry, believe: Believe): number {
    this.#putEntry(body, entry, believe);
    return ENTRY_OUT_BYTES;
  }

  /** struct fuse_attr_out: attr_valid, attr_valid_nsec, dummy, attr. */
  attr(node: NodeId, reply: AttrReply, believe: Believe): number {
    const { attr } = reply;
    this.#putTimeout(body, body + 8, this.#attrSec(node, reply, believe));
    this.#view.setUint32(body + 12, 0, true);
    this.#putAttr(body + 16, attr);
    return ATTR_OUT_BYTES;
  }

  /** struct fuse_open_out of a file. No FOPEN_NOFLUSH: a process's locks go by its close. */
  open(handle: HandleId): number {
    this.#putOpen(body, handle, this.#fileFlags);
    return OPEN_OUT_BYTES;
  }

  /** struct fuse_open_out of a directory: no FOPEN_CACHE_DIR and no FOPEN_KEEP_CACHE, the kernel asks for each listing. */
  opendir(handle: HandleId): number {
    this.#putOpen(body, handle, 0);
    return OPEN_OUT_BYTES;
  }

  /** struct fuse_entry_out, then struct fuse_open_out. */
  create(entry: Entry, handle: HandleId, believe: Believe): number {
    this.#putEntry(body, entry, believe);
    this.#putOpen(body + ENTRY_OUT_BYTES, handle, this.#fileFlags);
    return ENTRY_OUT_BYTES + OPEN_OUT_BYTES;
  }

  /** struct fuse_write_out: size, padding. */
  written(sizeBytes: number): number {
    this.#view.setUint32(body, sizeBytes, true);
    this.#view.setUint32(body + 4, 0, true);
    return 8;
  }

  /**
   * An attribute's value, or a list of names: as it is, or for a caller who asks how long it is, struct fuse_getxattr_out (size,
   * padding). ERANGE where it is longer than what the caller takes.
   */
  sized(bytes: Uint8Array, { size }: Sized): EncodedBody {
    if (size === 0) return this.written(bytes.length);
    if (bytes.length > size) throw new FsError("ERANGE", `${bytes.length} bytes and not ${size}`);
    return bytes;
  }

  /** struct fuse_ioctl_out: result, flags, in_iovs, out_iovs; then what the command answers, as long as the kernel expects it. */
  ioctl(answer: Uint8Array): number {
    this.bytes.fill(0, body, body + IOCTL_OUT_BYTES);
    this.bytes.set(answer, body + IOCTL_OUT_BYTES);
    return IOCTL_OUT_BYTES + answer.length;
  }

  /** struct fuse_lk_out, which is a struct fuse_file_lock: start, end, type, pid. Without a lock its type is F_UNLCK. */
  lock(lock: HeldLock | undefined): number {
    const start = lock?.start ?? 0n;
    const end = lock === undefined || lock.length === 0n ? lockEndMax : start + lock.length - 1n;
    this.#view.setBigUint64(body, start, true);
    this.#view.setBigUint64(body + 8, end, true);
    this.#view.setUint32(body + 16, lockTypes[lock?.type ?? "unlock"], true);
    this.#view.setUint32(body + 20, lock?.pid ?? 0, true);
    return 24;
  }

  /** struct fuse_lseek_out: offset; struct fuse_copy_file_range_out: bytes_copied. */
  number64(value: bigint): number {
    this.#view.setBigUint64(body, value, true);
    return 8;
  }

  /**
   * struct fuse_statx_out: attr_valid, attr_valid_nsec, flags, spare[2]; then struct fuse_statx: mask, blksize, attributes, nlink,
   * uid, gid, mode (16 bits), spare (16), ino, size, blocks, attributes_mask, atime, btime, ctime, mtime (each seconds,
   * nanoseconds, spare), rdev_major, rdev_minor, dev_major, dev_minor, spare[14].
   */
  statx(node: NodeId, reply: AttrReply, believe: Believe): number {
    const { attr } = reply;
    const view = this.#view;
    this.bytes.fill(0, body, body + STATX_OUT_BYTES);
    this.#putTimeout(body, body + 8, this.#attrSec(node, reply, believe));
    const at = body + 32;
    const isBorn = attr.btime.sec !== 0 || attr.btime.nsec !== 0;
    view.setUint32(at, STATX_BASIC_STATS | (isBorn ? STATX_BTIME : 0), true);
    view.setUint32(at + 4, kernelBlksize(attr.blksize), true);
    view.setUint32(at + 16, attr.nlink, true);
    view.setUint32(at + 20, attr.uid, true);
    view.setUint32(at + 24, attr.gid, true);
    view.setUint16(at + 28, attr.mode, true);
    view.setBigUint64(at + 32, attr.ino, true);
    view.setBigUint64(at + 40, attr.size, true);
    view.setBigUint64(at + 48, attr.blocks, true);
    for (const [index, time] of [attr.atime, attr.btime, attr.ctime, attr.mtime].entries()) {
      this.#put64(at + 64 + 16 * index, time.sec);
      view.setUint32(at + 72 + 16 * index, time.nsec, true);
    }
    // The encoding that new_encode_dev makes, taken apart.
    view.setUint32(at + 128, (attr.rdev >>> 8) & 0xfff, true);
    view.setUint32(at + 132, (attr.rdev & 0xff) | ((attr.rdev >>> 12) & 0xfff00), true);
    return STATX_OUT_BYTES;
  }

  /** struct fuse_kstatfs: blocks, bfree, bavail, files, ffree, bsize, namelen, frsize, padding, spare[6]. */
  statfs(statFs: StatFs): number {
    const view = this.#view;
    view.setBigUint64(body, statFs.blocks, true);
    view.setBigUint64(body + 8, statFs.bfree, true);
    view.setBigUint64(body + 16, statFs.bavail, true);
    view.setBigUint64(body + 24, statFs.files, true);
    view.setBigUint64(body + 32, statFs.ffree, true);
    view.setUint32(body + 40, statFs.bsize, true);
    view.setUint32(body + 44, statFs.namelen, true);
    view.setUint32(body + 48, statFs.frsize, true);
    this.bytes.fill(0, body + 52, body + 80);
    return 80;
  }

  /** A struct fuse_dirent for each entry, or with `plus` a struct fuse_direntplus. `entries` must fit. */
  dirents(entries: readonly DirEntry[], plus?: Believe): number {
    let at = body;
    for (const entry of entries) {
      if (plus !== undefined) {
        if (entry.entry === undefined) this.bytes.fill(0, at, at + ENTRY_OUT_BYTES);
        else this.#putEntry(at, entry.entry, plus);
        at += ENTRY_OUT_BYTES;
      }
      this.#view.setBigUint64(at, entry.ino, true);
      this.#view.setBigUint64(at + 8, entry.offset, true);
      this.#view.setUint32(at + 16, entry.name.length, true);
      this.#view.setUint32(at + 20, entry.type, true);
      this.bytes.set(entry.name, at + DIRENT_BYTES);
      const end = at + DIRENT_BYTES + entry.name.length;
      at += aligned(DIRENT_BYTES + entry.name.length);
      this.bytes.fill(0, end, at);
    }
    return at - body;
  }

  /** struct fuse_entry_out: nodeid, generation, entry_valid, attr_valid, entry_valid_nsec, attr_valid_nsec, attr. */
  #putEntry(at: number, entry: Entry, believe: Believe): void {
    const record = this.#nodes.grant(entry.node);
    this.#granted.push(record);
    this.#put64(at, record.nodeid);
    this.#put64(at + 8, 0);
    this.#putTimeout(at + 16, at + 32, Math.max(believe.nameMs(entry) / 1000, this.#options.entryTimeoutSec));
    this.#putTimeout(at + 24, at + 36, this.#attrSec(entry.node, entry, believe));
    this.#putAttr(at + 40, entry.attr);
  }

  /**
   * struct fuse_attr: ino, size, blocks, atime, mtime, ctime, atimensec, mtimensec, ctimensec, mode, nlink, uid, gid, rdev,
   * blksize, flags.
   */
  #putAttr(at: number, attr: Attr): void {
    const view = this.#view;
    view.setBigUint64(at, attr.ino, true);
    view.setBigUint64(at + 8, attr.size, true);
    view.setBigUint64(at + 16, attr.blocks, true);
    this.#put64(at + 24, attr.atime.sec);
    this.#put64(at + 32, attr.mtime.sec);
    this.#put64(at + 40, attr.ctime.sec);
    view.setUint32(at + 48, attr.atime.nsec, true);
    view.setUint32(at + 52, attr.mtime.nsec, true);
    view.setUint32(at + 56, attr.ctime.nsec, true);
    view.setUint32(at + 60, attr.mode, true);
    view.setUint32(at + 64, attr.nlink, true);
    view.setUint32(at + 68, attr.uid, true);
    view.setUint32(at + 72, attr.gid, true);
    view.setUint32(at + 76, attr.rdev, true);
    view.setUint32(at + 80, kernelBlksize(attr.blksize), true);
    view.setUint32(at + ATTR_BYTES - 4, 0, true);
  }

  /** struct fuse_open_out: fh, open_flags, padding. */
  #putOpen(at: number, handle: HandleId, openFlags: number): void {
    this.#put64(at, handle);
    this.#view.setUint32(at + 8, openFlags, true);
    this.#view.setUint32(at + 12, 0, true);
  }

  #attrSec(node: NodeId, reply: AttrReply, believe: Believe): number {
    return Math.max(believe.attrMs(node, reply) / 1000, this.#options.attrTimeoutSec);
  }

  #putTimeout(secAt: number, nsecAt: number, timeoutSec: number): void {
    const sec = Math.trunc(timeoutSec);
    this.#put64(secAt, sec);
    this.#view.setUint32(nsecAt, Math.trunc((timeoutSec - sec) * 1e9), true);
  }

  /** A safe integer, negative ones as two's complement. */
  #put64(at: number, value: number): void {
    this.#view.setUint32(at, value >>> 0, true);
    this.#view.setInt32(at + 4, Math.floor(value / twoTo32), true);
  }
}

/** The leading entries that fit into `sizeBytes`. Throws where there are entries and not one fits: that would look like the end. */
export function fittingEntries(entries: readonly DirEntry[], sizeBytes: number, plus: boolean): readonly DirEntry[] {
  const fixedBytes = plus ? ENTRY_OUT_BYTES + DIRENT_BYTES : DIRENT_BYTES;
  let room = sizeBytes;
  let count = 0;
  for (const entry of entries) {
    room -= aligned(fixedBytes + entry.name.length);
    if (room < 0) break;
    count += 1;
  }
  if (count === 0 && entries.length > 0) throw new RangeError(`no directory entry fits into ${sizeBytes} bytes`);
  return count === entries.length ? entries : entries.slice(0, count);
}

/** FUSE_REC_ALIGN: records begin at multiples of 8 bytes. */
function aligned(bytes: number): number {
  return (bytes + 7) & ~7;
}

/** The kernel takes the logarithm of blksize, so it must be a power of two. */
function kernelBlksize(blksize: number): number {
  return blksize >= 512 && blksize <= 1 << 30 && (blksize & (blksize - 1)) === 0 ? blksize : blksizeDefault;
}
