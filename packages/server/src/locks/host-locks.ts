import {
  FsError,
  type LockAsk,
  type LockChange,
  type LockKind,
  type LockOwner,
  type LockRange,
  lockEndMax,
  lockLengthOf,
  O_NONBLOCK,
  O_RDONLY,
  O_RDWR,
  O_WRONLY,
  type OutsideLocks,
  wholeFile,
} from "@kedgefs/core";
import { closeAsync, flock, getlk, reopenFd, setlk, unflock } from "@kedgefs/posix";
import type { OpenFile } from "../local/open-files.ts";

/** A file by what identifies its inode, the same in every export. */
export type LockFile = string;

export type HostLockAsk = LockAsk<LockFile, OpenFile>;

/** An open file description of the server's own that stands for one owner's locks of one file. */
interface StandIn {
  readonly fd: number;
  /** Whether write locks of byte ranges can be taken by it. */
  readonly writes: boolean;
}

/** What fcntl(2) and flock(2) say where the file system has no such locks, or they can't be had with the rights of this process. */
const lacks: ReadonlySet<string> = new Set(["EOPNOTSUPP", "EINVAL", "ENOLCK", "EBADF"]);
/** What says that this process is short of something, and not that the file can't be opened so. */
const short: ReadonlySet<string> = new Set(["EMFILE", "ENFILE", "ENOMEM"]);

/**
 * Makes the locks of clients hold for the other processes of this machine too, and theirs for clients: for each owner and file an open
 * file description of the server's own, which has them as OFD locks (fcntl(2), which conflict with those of processes) or as its
 * flock(2). It is opened with the server's own rights, beside the client's handles: of those several may be one owner's.
 *
 * Where the file can't be opened so, or its file system has no locks, clients' locks hold among clients alone.
 */
export class HostLocks implements OutsideLocks<LockFile, OpenFile> {
  readonly #standIns = new Map<string, StandIn>();
  readonly #granted: (ask: HostLockAsk & { readonly change: LockRange }) => void;

  /** `granted` is told of each lock that is granted. */
  constructor(granted: (ask: HostLockAsk & { readonly change: LockRange }) => void = () => {}) {
    this.#granted = granted;
  }

  take(ask: HostLockAsk & { readonly change: LockRange }, held: readonly LockRange[]): boolean {
    const standIn = this.#standInFor(ask, held);
    if (standIn !== undefined && !this.#lock(standIn.fd, ask.kind, ask.change)) {
      // A flock(2) that fails has given back what there was before.
      if (held.length === 0) this.#drop(ask);
      return false;
    }
    this.#granted(ask);
    return true;
  }

  give(owner: LockOwner<LockFile>, change: LockChange, rest: readonly LockRange[]): void {
    const standIn = this.#standIns.get(keyOf(owner));
    if (standIn === undefined) return;
    if (rest.length === 0) this.#drop(owner);
    else this.#lock(standIn.fd, owner.kind, change);
  }

  /** Of flock(2) nobody asks. */
  find(ask: HostLockAsk & { readonly change: LockRange }): LockRange | undefined {
    if (ask.kind === "flock") return undefined;
    const { type, start } = ask.change;
    // By its own description an owner's own locks are not in the way; where it has none, any does.
    const fd = this.#standIns.get(keyOf(ask))?.fd ?? openFdOf(ask.through);
    try {
      const found = getlk(fd, { type, start, length: lockLengthOf(ask.change) });
      if (found === undefined) return undefined;
      const end = found.length === 0n ? lockEndMax : found.start + found.length - 1n;
      return { type: found.type, start: found.start, end };
    } catch (error) {
      if (error instanceof FsError && lacks.has(error.code)) return undefined;
      throw error;
    }
  }

  #standInFor(ask: HostLockAsk & { readonly change: LockRange }, held: readonly LockRange[]): StandIn | undefined {
    const key = keyOf(ask);
    const before = this.#standIns.get(key);
    const writes = ask.kind === "posix" && ask.change.type === "write";
    if (before !== undefined && (before.writes || !writes)) return before;
    const fd = openFor(ask.through, writes);
    if (fd === undefined) return before;
    // Read locks of two descriptions get on with each other, so at no time the owner has less than it had.
    for (const range of held) this.#lock(fd, ask.kind, range);
    if (before !== undefined) this.#close(before, ask.kind);
    const standIn = { fd, writes };
    this.#standIns.set(key, standIn);
    return standIn;
  }

  /** False where it is in the way of another process. */
  #lock(fd: number, kind: LockKind, change: LockChange): boolean {
    try {
      if (kind === "posix") return setlk(fd, { type: change.type, start: change.start, length: lockLengthOf(change) });
      if (change.type === "unlock") unflock(fd);
      else return flock(fd, { exclusive: change.type === "write", nonblocking: true });
      return true;
    } catch (error) {
      if (error instanceof FsError && lacks.has(error.code)) return true;
      throw error;
    }
  }

  #drop(owner: LockOwner<LockFile>): void {
    const standIn = this.#standIns.get(keyOf(owner));
    if (standIn === undefined) return;
    this.#standIns.delete(keyOf(owner));
    this.#close(standIn, owner.kind);
  }

  /** The locks go at once, the descriptor off the event loop: it may be the last of a large file without a name. */
  #close({ fd }: StandIn, kind: LockKind): void {
    this.#lock(fd, kind, { type: "unlock", ...wholeFile });
    void closeAsync(fd).catch(() => {});
  }
}

const keyOf = ({ file, kind, owner }: LockOwner<LockFile>): string => `${kind} ${owner} ${file}`;

function openFdOf(file: OpenFile): number {
  if (file.closing) throw new FsError("EBADF", "the file was closed meanwhile");
  return file.fd;
}

/**
 * Another open file description of what a client has open; undefined where it can't be had. A program that is being executed can't be
 * opened for writing (ETXTBSY).
 */
function openFor(file: OpenFile, writes: boolean): number | undefined {
  const fd = openFdOf(file);
  for (const flags of writes ? [O_RDWR, O_WRONLY] : [O_RDONLY, O_WRONLY]) {
    try {
      // A file with a lease of another process (fcntl(2), F_SETLEASE) would be waited for.
      return reopenFd(fd, flags | O_NONBLOCK);
    } catch (error) {
      if (!(error instanceof FsError)) throw error;
      if (short.has(error.code)) throw new FsError("ENOLCK", `no more locks can be had: ${error.message}`);
    }
  }
  return undefined;
}
