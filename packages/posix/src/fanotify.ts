import { check, libc, type Native } from "./library.ts";
import { encodePath } from "./native-path.ts";
import { fsidAt } from "./stat.ts";

/** Bits of `HostChange.mask`; several may be set, since the kernel merges events. Source: linux/fanotify.h. */
export const FAN_MODIFY = 0x2;
export const FAN_ATTRIB = 0x4;
export const FAN_MOVED_FROM = 0x40;
export const FAN_MOVED_TO = 0x80;
export const FAN_CREATE = 0x100;
export const FAN_DELETE = 0x200;
export const FAN_DELETE_SELF = 0x400;
export const FAN_MOVE_SELF = 0x800;
export const FAN_ONDIR = 0x4000_0000;
const FAN_Q_OVERFLOW = 0x4000;

/** All that changes attributes, contents or names. */
const changes =
  FAN_MODIFY |
  FAN_ATTRIB |
  FAN_CREATE |
  FAN_DELETE |
  FAN_DELETE_SELF |
  FAN_MOVED_FROM |
  FAN_MOVED_TO |
  FAN_MOVE_SELF |
  FAN_ONDIR;

/** Flags of fanotify_init(2) and fanotify_mark(2). Source: linux/fanotify.h. */
const FAN_CLASS_NOTIF = 0;
const FAN_CLOEXEC = 0x1;
const FAN_NONBLOCK = 0x2;
const FAN_REPORT_FID = 0x200;
const FAN_MARK_ADD = 0x1;
const FAN_MARK_FILESYSTEM = 0x100;

const nativeFanotifyInit: Native<[number, number]> = libc.func(
  "int fanotify_init(uint32_t flags, uint32_t eventFlags)",
);
const nativeFanotifyMark: Native<[number, number, number, number, Buffer]> = libc.func(
  "int fanotify_mark(int fd, uint32_t flags, uint64_t mask, int dirfd, const uint8_t *path)",
);

/**
 * fanotify_init(2): a new group, a queue of at most 16,384 events (/proc/sys/fs/fanotify), with O_NONBLOCK and
 * O_CLOEXEC. Its events name inodes by file handles. They are read with read(2), which `readWhenReady` waits for, into
 * 4 KiB at least, and understood by `parseFanotifyEvents`.
 *
 * EPERM without CAP_SYS_ADMIN before Linux 5.13 (after it the mark is refused), EINVAL before 5.1, EOPNOTSUPP where the
 * kernel was built without it, EMFILE (also past 128 groups of one user), ENOMEM.
 */
export function fanotifyInit(): number {
  const flags = FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK | FAN_REPORT_FID;
  return check(nativeFanotifyInit(flags, 0), "fanotify_init");
}

/**
 * fanotify_mark(2): the group is told from now on what changes on the whole file system that holds the directory
 * `dirFd`, an O_PATH descriptor or not, through whatever mount it is done; until the group is closed. Several file
 * systems can be marked. Changes through a shared mapping (mmap) are not told.
 *
 * EPERM without CAP_SYS_ADMIN; EOPNOTSUPP where the file system has no handles, ENODEV where it has no fsid, EXDEV in a
 * subvolume of btrfs; EBADF, ENOTDIR, EINVAL (`groupFd` is no group), ENOSPC (too many marks).
 */
export function fanotifyMarkFileSystem(groupFd: number, dirFd: number): void {
  const flags = FAN_MARK_ADD | FAN_MARK_FILESYSTEM;
  check(nativeFanotifyMark(groupFd, flags, changes, dirFd, encodePath(".")), "fanotify_mark");
}

/** An inode changed. */
export interface HostChange {
  readonly kind: "change";
  /**
   * The process that did it (not the thread), as our pid namespace numbers it; 0 for one that is not seen from there.
   * The kernel merges no events of two processes, so what has our own pid can be left out. Kernel threads such as nfsd
   * have pids of their own.
   */
  readonly pid: number;
  /** The file system, as `fsidOf` tells it. */
  readonly fsid: string;
  /**
   * The inode's handle, equal to what `nameToHandleAt` gives. What concerns names (FAN_CREATE, FAN_DELETE,
   * FAN_MOVED_FROM, FAN_MOVED_TO) carries the handle of the directory; the rest that of the inode itself. A link that
   * comes or goes is FAN_ATTRIB of the inode besides. Source: fanotify(7), FAN_REPORT_FID.
   */
  readonly handleType: number;
  /** Bytes of the handle, a view of the buffer that was read into: valid only during the call. */
  readonly handle: Buffer;
  /** FAN_* bits. FAN_ONDIR says that the inode which was changed, made, moved or removed is a directory. */
  readonly mask: number;
}

/** Changes were lost: the queue was full, or the kernel could not tell an inode's handle. Anything may have changed. */
export interface HostOverflow {
  readonly kind: "overflow";
}

export type HostEvent = HostChange | HostOverflow;

const FANOTIFY_METADATA_VERSION = 3;
const FAN_EVENT_INFO_TYPE_FID = 1;

/**
 * Bytes of struct fanotify_event_metadata, of an info record's header, and of a FID record before the handle's bytes.
 */
const metadataBytes = 24;
const infoHeaderBytes = 4;
const fidBytes = 20;

const overflow: HostOverflow = { kind: "overflow" };

/**
 * The events in the first `length` bytes of `buffer`, as one read(2) of a group gave them, in their order. Info records
 * of other types than FAN_EVENT_INFO_TYPE_FID are skipped. An event without one is an overflow: FAN_Q_OVERFLOW, or an
 * inode whose handle the kernel could not make. Source: fanotify(7).
 *
 * Throws a plain Error for another version than FANOTIFY_METADATA_VERSION and for lengths that make no sense; the
 * events before have been told then.
 */
export function parseFanotifyEvents(buffer: Uint8Array, length: number, onEvent: (event: HostEvent) => void): void {
  if (length > buffer.length) throw malformed(`${length} bytes in a buffer of ${buffer.length}`);
  const bytes = Buffer.from(buffer.buffer, buffer.byteOffset, length);
  let offset = 0;
  while (offset < length) {
    if (length - offset < metadataBytes) throw malformed(`${length - offset} bytes are left, too few for an event`);
    const version = bytes.readUInt8(offset + 4);
    if (version !== FANOTIFY_METADATA_VERSION) throw malformed(`version ${version}, 3 is known`);
    const eventLength = bytes.readUInt32LE(offset);
    const metadataLength = bytes.readUInt16LE(offset + 6);
    if (metadataLength < metadataBytes || eventLength < metadataLength || eventLength > length - offset)
      throw malformed(`an event of ${eventLength} bytes with ${metadataLength} of metadata in ${length - offset}`);
    onEvent(hostEvent(bytes, offset, offset + metadataLength, offset + eventLength));
    offset += eventLength;
  }
}

/** The event whose metadata begins at `offset`, and whose info records take the bytes from `infoStart` to `end`. */
function hostEvent(bytes: Buffer, offset: number, infoStart: number, end: number): HostEvent {
  // A field of 64 bits, of which Linux has defined the lower half alone.
  const mask = bytes.readUInt32LE(offset + 8);
  const record = findFidRecord(bytes, infoStart, end);
  if ((mask & FAN_Q_OVERFLOW) !== 0 || record === undefined) return overflow;
  return {
    kind: "change",
    pid: bytes.readInt32LE(offset + 20),
    fsid: fsidAt(bytes, record.start + infoHeaderBytes),
    handleType: bytes.readInt32LE(record.start + 16),
    handle: bytes.subarray(record.start + fidBytes, record.handleEnd),
    mask,
  };
}

/** Where the first FID record begins, and where its handle ends (padding may follow). */
function findFidRecord(
  bytes: Buffer,
  infoStart: number,
  end: number,
): { start: number; handleEnd: number } | undefined {
  let start = infoStart;
  while (start < end) {
    if (end - start < infoHeaderBytes) throw malformed(`${end - start} bytes are left, too few for an info record`);
    const recordLength = bytes.readUInt16LE(start + 2);
    if (recordLength < infoHeaderBytes || recordLength > end - start)
      throw malformed(`an info record of ${recordLength} bytes in ${end - start}`);
    if (bytes.readUInt8(start) === FAN_EVENT_INFO_TYPE_FID) {
      if (recordLength < fidBytes) throw malformed(`a FID record of ${recordLength} bytes`);
      const handleLength = bytes.readUInt32LE(start + 12);
      if (handleLength > recordLength - fidBytes)
        throw malformed(`a handle of ${handleLength} bytes in a record of ${recordLength}`);
      return { start, handleEnd: start + fidBytes + handleLength };
    }
    start += recordLength;
  }
  return undefined;
}

const malformed = (what: string): Error => new Error(`fanotify events that make no sense: ${what}`);
