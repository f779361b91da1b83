import {
  EPOCH_MINOR_VERSION,
  INIT_OUT_BYTES,
  init,
  init2,
  KERNEL_MINOR_VERSION,
  KERNEL_MINOR_VERSION_MIN,
  KERNEL_VERSION,
} from "./constants.ts";
import type { RequestFrame } from "./request-frame.ts";

/** struct fuse_init_in. */
export interface KernelOffer {
  readonly major: number;
  readonly minor: number;
  readonly maxReadaheadBytes: number;
  readonly flags: number;
  readonly flags2: number;
}

export interface InitOptions {
  readonly maxWriteBytes: number;
  readonly readaheadBytes: number;
  readonly directIo: boolean;
  /** The kernel checks permission too. */
  readonly defaultPermissions?: boolean | undefined;
  /** Names may be told to the kernel for longer than one use, where it can be made to drop them. */
  readonly leasesNames?: boolean | undefined;
}

/** What the driver makes of the kernel's offer. */
export type InitAnswer =
  | { readonly kind: "agreed"; readonly body: Buffer; readonly maxWriteBytes: number; readonly believesNames: boolean }
  /** The kernel is newer than version 7 and will send another INIT after this answer. */
  | { readonly kind: "again"; readonly body: Buffer }
  | { readonly kind: "refused"; readonly message: string };

/** Requests that the kernel sends without a process waiting for each (readahead, asynchronous I/O), and where it slows down. */
export const maxBackground = 64;
export const congestionThreshold = 48;

/** 1 MiB of the usual 4 KiB pages; without FUSE_MAX_PAGES a request carries 32. */
const maxPages = 256;
const pageBytes = 4096;
const pagesWithoutFlag = 32;

/**
 * What is asked for where the kernel offers it. Not asked for, on purpose:
 * - WRITEBACK_CACHE, CACHE_SYMLINKS, EXPLICIT_INVAL_DATA: caches that another client could catch lying, until there are leases.
 * - EXPORT_SUPPORT, NO_OPEN_SUPPORT: the seam has no such operations, or needs its opens.
 *
 * HANDLE_KILLPRIV_V2 (before Linux 5.11 HANDLE_KILLPRIV) leaves the clearing of set-id bits by write, truncate and chown to the
 * FileSystem, whose contract it is. Else the kernel does it with a SETATTR in the writer's name, which a writer who is not the
 * owner may not make. V2 also keeps the kernel from asking for security.capability before each write (SB_NOSEC).
 *
 * POSIX_ACL, where the kernel checks permission: it then goes by ACLs too. DONT_MASK: a default ACL stands in for the umask, and
 * only the FileSystem knows whether there is one.
 */
const wanted =
  init.ASYNC_READ |
  init.POSIX_LOCKS |
  init.FLOCK_LOCKS |
  init.ATOMIC_O_TRUNC |
  init.BIG_WRITES |
  init.AUTO_INVAL_DATA |
  init.ASYNC_DIO |
  init.PARALLEL_DIROPS |
  init.DONT_MASK |
  init.MAX_PAGES |
  init.INIT_EXT;

/**
 * Asked for where names may be told. Without them the kernel looks up each entry of a listing again, which brings its attributes
 * too. Not with READDIRPLUS_AUTO: the kernel would then ask so at the start of a directory, and go on so only where a name of it
 * was looked up meanwhile (fuse_use_readdirplus), while find, rm and git read a listing to its end before they look at the names.
 */
const wantedWithNames = init.DO_READDIRPLUS;

export function decodeInit(frame: RequestFrame): KernelOffer {
  const flags = frame.u32(12);
  return {
    major: frame.u32(0),
    minor: frame.u32(4),
    maxReadaheadBytes: frame.u32(8),
    flags,
    flags2: (flags & init.INIT_EXT) !== 0 && frame.bodyBytes >= 20 ? frame.u32(16) : 0,
  };
}

/** Chooses by the flags that the kernel offers, never by its version. */
export function answerInit(offer: KernelOffer, options: InitOptions): InitAnswer {
  const body = Buffer.alloc(INIT_OUT_BYTES);
  body.writeUInt32LE(KERNEL_VERSION, 0);
  body.writeUInt32LE(Math.min(offer.minor, KERNEL_MINOR_VERSION), 4);
  if (offer.major > KERNEL_VERSION) return { kind: "again", body };
  if (offer.major < KERNEL_VERSION || offer.minor < KERNEL_MINOR_VERSION_MIN) {
    const spoken = `${offer.major}.${offer.minor}`;
    const needed = `${KERNEL_VERSION}.${KERNEL_MINOR_VERSION_MIN}`;
    return { kind: "refused", message: `the kernel speaks FUSE ${spoken}, this driver needs ${needed} (Linux 5.4)` };
  }

  const killsPrivileges =
    (offer.flags & init.HANDLE_KILLPRIV_V2) !== 0 ? init.HANDLE_KILLPRIV_V2 : init.HANDLE_KILLPRIV;
  const acls = options.defaultPermissions === true ? init.POSIX_ACL : 0;
  const believesNames = options.leasesNames === true && offer.minor >= EPOCH_MINOR_VERSION;
  const flags = offer.flags & (wanted | killsPrivileges | acls | (believesNames ? wantedWithNames : 0));
  const pages = (flags & init.MAX_PAGES) !== 0 ? maxPages : pagesWithoutFlag;
  const maxWriteBytes = Math.min(options.maxWriteBytes, pages * pageBytes);
  // A file that bypasses the page cache for read and write could otherwise not be mapped MAP_SHARED at all (ENODEV), which
  // breaks databases and linkers. Such a map goes through the page cache and is as current as maps are without direct_io.
  const flags2 = options.directIo ? offer.flags2 & init2.DIRECT_IO_ALLOW_MMAP : 0;

  // max_readahead, flags, max_background, congestion_threshold, max_write, time_gran (ns), max_pages, map_alignment, flags2.
  // The kernel takes the smaller of its own readahead and this; mount/readahead.ts raises it afterwards.
  body.writeUInt32LE(Math.max(options.readaheadBytes, offer.maxReadaheadBytes), 8);
  body.writeUInt32LE(flags >>> 0, 12);
  body.writeUInt16LE(maxBackground, 16);
  body.writeUInt16LE(congestionThreshold, 18);
  body.writeUInt32LE(maxWriteBytes, 20);
  body.writeUInt32LE(1, 24);
  body.writeUInt16LE(pages, 28);
  body.writeUInt32LE(flags2 >>> 0, 32);
  return { kind: "agreed", body, maxWriteBytes, believesNames };
}
