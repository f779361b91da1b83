import type { CallContext } from "./call-context.ts";
import type { FileSystem } from "./file-system.ts";

/** The operations of the seam. `root` is answered by attach and is no operation on the wire. */
export type OperationName = Exclude<keyof FileSystem, "root">;

export type RequestOf<Op extends OperationName> = Parameters<FileSystem[Op]>[0];
export type ReplyOf<Op extends OperationName> = Awaited<ReturnType<FileSystem[Op]>>;

/** An operation of any name, as layers that treat all alike (trace, squash, retry) see it. */
export type AnyOperation = (request: never, context: CallContext) => Promise<unknown>;

/**
 * What may be done when an answer was lost.
 * - `free`: changes nothing; ask again.
 * - `idempotent`: twice is as good as once; send again.
 * - `once`: must run exactly once; the server keeps its answer under the request's id, and a journal across its own death.
 * - `report`: carries news that exists once (a write error); the server keeps its answer under the request's id.
 */
export type RetryClass = "free" | "idempotent" | "once" | "report";

/** How long an answer may take before the call is called slow (a log line and a mark in `kedge status`; never a failure). */
export type DeadlineClass = "metadata" | "data" | "sync";

/**
 * What changes by an operation: a node that this field of the request names, or what the name in this field leads to before it.
 * Access times are not counted.
 */
export type Changed = "node" | "newNode" | "parent" | "newParent" | "name" | "newName";

/** `bulk` has a connection of its own, so that a stat never queues behind a megabyte; `local` never leaves the client. */
export type Lane = "control" | "bulk" | "local";

export interface Operation {
  /** FUSE opcodes (linux/fuse.h, less the FUSE_ prefix) that lead to it. */
  readonly fuse: readonly string[];
  /** System calls that the server makes for it. */
  readonly syscalls: readonly string[];
  readonly mutates: boolean;
  /** Whose attributes or names it changes. */
  readonly changes: readonly Changed[];
  readonly retry: RetryClass;
  readonly deadline: DeadlineClass;
  readonly lane: Lane;
}

const reads = { mutates: false, changes: [], retry: "free", deadline: "metadata", lane: "control" } as const;
const changes = {
  mutates: true,
  changes: ["parent"],
  retry: "once",
  deadline: "metadata",
  lane: "control",
} as const;

/**
 * The table that everything about operations derives from: the wire message has the operation's name (proto/kedge/v1), the
 * client takes retry class and lane from here, the server what to journal and what a read-only export refuses, and
 * docs/operations.md is printed from it.
 */
export const operations: Readonly<Record<OperationName, Operation>> = {
  lookup: { ...reads, fuse: ["LOOKUP"], syscalls: ["openat2", "statx", "name_to_handle_at"] },
  forget: { ...reads, fuse: ["FORGET", "BATCH_FORGET"], syscalls: [], lane: "local" },
  getattr: { ...reads, fuse: ["GETATTR", "STATX"], syscalls: ["statx", "listxattr"] },
  setattr: {
    ...changes,
    changes: ["node"],
    fuse: ["SETATTR"],
    syscalls: ["fchmodat", "fchownat", "truncate", "ftruncate", "utimensat"],
    retry: "idempotent",
  },
  readlink: { ...reads, fuse: ["READLINK"], syscalls: ["readlinkat"] },
  symlink: { ...changes, fuse: ["SYMLINK"], syscalls: ["symlinkat"] },
  mknod: { ...changes, fuse: ["MKNOD"], syscalls: ["mknodat"] },
  mkdir: { ...changes, fuse: ["MKDIR"], syscalls: ["mkdirat"] },
  unlink: { ...changes, changes: ["parent", "name"], fuse: ["UNLINK"], syscalls: ["unlinkat"] },
  rmdir: { ...changes, changes: ["parent", "name"], fuse: ["RMDIR"], syscalls: ["unlinkat"] },
  rename: {
    ...changes,
    changes: ["parent", "name", "newParent", "newName"],
    fuse: ["RENAME", "RENAME2"],
    syscalls: ["renameat2"],
  },
  link: { ...changes, changes: ["node", "newParent"], fuse: ["LINK"], syscalls: ["linkat"] },
  // An open changes its file where it truncates it. Opening is made repeatable by the client's choice of the handle's number: the second open of a number finds the first.
  open: { ...reads, changes: ["node"], fuse: ["OPEN"], syscalls: ["open"], retry: "idempotent" },
  create: { ...changes, changes: ["parent", "name"], fuse: ["CREATE"], syscalls: ["openat"] },
  // Nobody sees an unnamed file but who opened it, and it goes with the server: made again it is the first of which anybody hears.
  tmpfile: { ...changes, changes: [], fuse: ["TMPFILE"], syscalls: ["openat"], retry: "idempotent" },
  read: { ...reads, fuse: ["READ"], syscalls: ["pread64"], deadline: "data", lane: "bulk" },
  write: {
    ...changes,
    changes: ["node"],
    fuse: ["WRITE"],
    syscalls: ["pwrite64"],
    retry: "idempotent",
    deadline: "data",
    lane: "bulk",
  },
  flush: { ...reads, fuse: ["FLUSH"], syscalls: ["close (of a duplicate)"], retry: "report", deadline: "sync" },
  release: { ...reads, fuse: ["RELEASE"], syscalls: ["close"], retry: "idempotent" },
  fsync: { ...reads, fuse: ["FSYNC"], syscalls: ["fsync", "fdatasync"], retry: "report", deadline: "sync" },
  opendir: { ...reads, fuse: ["OPENDIR"], syscalls: ["open"], retry: "idempotent" },
  readdir: { ...reads, fuse: ["READDIR"], syscalls: ["getdents64"], lane: "bulk" },
  readdirplus: {
    ...reads,
    fuse: ["READDIRPLUS"],
    syscalls: ["getdents64", "openat2", "statx", "name_to_handle_at"],
    lane: "bulk",
  },
  releasedir: { ...reads, fuse: ["RELEASEDIR"], syscalls: ["close"], retry: "idempotent" },
  fsyncdir: { ...reads, fuse: ["FSYNCDIR"], syscalls: ["fsync"], retry: "report", deadline: "sync" },
  statfs: { ...reads, fuse: ["STATFS"], syscalls: ["fstatfs"] },
  access: { ...reads, fuse: ["ACCESS"], syscalls: ["faccessat2"] },
  getxattr: { ...reads, fuse: ["GETXATTR"], syscalls: ["getxattr"] },
  setxattr: { ...changes, changes: ["node"], fuse: ["SETXATTR"], syscalls: ["setxattr"] },
  listxattr: { ...reads, fuse: ["LISTXATTR"], syscalls: ["listxattr"] },
  removexattr: { ...changes, changes: ["node"], fuse: ["REMOVEXATTR"], syscalls: ["removexattr"] },
  fallocate: {
    ...changes,
    changes: ["node"],
    fuse: ["FALLOCATE"],
    syscalls: ["fallocate"],
    retry: "idempotent",
    deadline: "data",
  },
  lseek: { ...reads, fuse: ["LSEEK"], syscalls: ["lseek"] },
  getInodeFlags: { ...reads, fuse: ["IOCTL"], syscalls: ["ioctl"] },
  setInodeFlags: { ...changes, changes: ["node"], fuse: ["IOCTL"], syscalls: ["ioctl"], retry: "idempotent" },
  copyFileRange: {
    ...changes,
    changes: ["newNode"],
    fuse: ["COPY_FILE_RANGE", "COPY_FILE_RANGE_64"],
    syscalls: ["copy_file_range"],
    retry: "idempotent",
    deadline: "data",
  },
  getlk: { ...reads, fuse: ["GETLK"], syscalls: ["fcntl"] },
  // Not counted as a change: a read-only export has locks too.
  setlk: { ...reads, fuse: ["SETLK", "SETLKW"], syscalls: ["fcntl", "flock"], retry: "idempotent" },
};

export const operationNames = Object.keys(operations) as readonly OperationName[];

/** Milliseconds after which an unanswered call is called slow. */
export const deadlineMs: Readonly<Record<DeadlineClass, number>> = { metadata: 15_000, data: 30_000, sync: 120_000 };

/**
 * A FileSystem made by treating every operation alike: `around` gets the operation's name and the next layer's function.
 * The building block of layers; `root` goes straight through.
 */
export function mapOperations(
  next: FileSystem,
  around: (name: OperationName, operation: AnyOperation) => AnyOperation,
): FileSystem {
  const layer: Record<string, unknown> = { root: next.root.bind(next) };
  for (const name of operationNames) layer[name] = around(name, (next[name] as AnyOperation).bind(next));
  return layer as unknown as FileSystem;
}
