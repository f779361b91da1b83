import { constants, openSync, realpathSync, statfsSync } from "node:fs";
import { type FileSystem, LockManager, UserError } from "@kedgefs/core";
import { close, closeAsync, fstatx } from "@kedgefs/posix";
import type { HostWatch } from "../leases/host-watch.ts";
import type { MayLease } from "../leases/session-leases.ts";
import { HostLocks, type LockFile } from "../locks/host-locks.ts";
import type { StateDirectory } from "../state/state-directory.ts";
import { hasStrictAtime } from "./atime.ts";
import { hasCoarseTimes } from "./coarse-times.ts";
import { handleContent } from "./handle-content.ts";
import { HandleNodes } from "./handle-nodes.ts";
import { IndexNodes } from "./index-nodes.ts";
import { LocalFileSystem } from "./local-file-system.ts";
import { NodeSeal } from "./node-seal.ts";
import { type OpenFile, OpenFiles } from "./open-files.ts";

/** Descriptors kept for nodes; the rest of the process's limit is for open files. */
const nodeDescriptorsMax = 4096;

/** Types of statfs(2) whose files have no flush of their own: ext2 to ext4, xfs, btrfs, tmpfs, zfs, f2fs, bcachefs. */
const closesInSilence: ReadonlySet<number> = new Set([
  0xef53, 0x5846_5342, 0x9123_683e, 0x0102_1994, 0x2fc1_2fc1, 0xf2f5_2010, 0xca45_1a4e,
]);

export interface LocalOptions {
  /** The directory to serve. */
  readonly path: string;
  /** Keys the node identities and names the index. */
  readonly exportName: string;
  readonly state: StateDirectory;
  /** Sees what other processes change; without it nothing can be leased. */
  readonly watch?: HostWatch | undefined;
  /** Shared by all through which the same files may be reached. Its own unless given. */
  readonly locks?: LockManager<LockFile, OpenFile> | undefined;
}

export interface Local {
  readonly fileSystem: FileSystem;
  /** How nodes are found again after a restart: by the kernel's file handles, or by an index of names. */
  readonly nodes: "handles" | "index";
  /** See hasCoarseTimes. */
  readonly coarseTimes: boolean;
  /** Whether a close(2) on the backing file system can tell of a failed write; if not, nobody needs to ask. */
  readonly closeReports: boolean;
  /** See hasStrictAtime. */
  readonly strictAtime: boolean;
  /** Undefined where nothing can be leased. */
  readonly mayLease: MayLease | undefined;
  close(): void;
}

/** A FileSystem over a directory of this machine, made of real system calls. UserError if the directory can't be served. */
export function local({
  path,
  exportName,
  state,
  watch,
  locks = new LockManager(new HostLocks()),
}: LocalOptions): Local {
  let rootFd: number;
  let realPath: string;
  try {
    realPath = realpathSync(path);
    rootFd = openSync(realPath, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (error) {
    throw new UserError(
      `the directory ${path} cannot be served: ${(error as Error).message}`,
      "name an existing directory in --export",
    );
  }
  // Of this directory: an export that is pointed at another one must not answer for nodes of the former.
  const seal = new NodeSeal(state, `${exportName} at ${realPath}`);
  const coarseTimes = hasCoarseTimes(rootFd);
  const closeReports = !closesInSilence.has(statfsSync(realPath).type);
  const strictAtime = hasStrictAtime(rootFd);
  const byHandle = HandleNodes.canServe(rootFd);
  const mayLease = byHandle && watch?.watch(rootFd, fstatx(rootFd)) ? nodesOn(rootFd) : undefined;
  const nodes = byHandle
    ? new HandleNodes(realPath, rootFd, seal, nodeDescriptorsMax)
    : new IndexNodes(state.pathOf(`nodes-${exportName}.sqlite`), rootFd, seal, nodeDescriptorsMax);
  const files = new OpenFiles((file) => closeFile(file, closeReports));
  return {
    fileSystem: new LocalFileSystem(nodes, files, locks, closeReports),
    nodes: byHandle ? "handles" : "index",
    coarseTimes,
    closeReports,
    strictAtime,
    mayLease,
    close() {
      files.releaseAll();
      nodes.close();
    },
  };
}

/** A close of what was only read is done at once, unless it is the end of a file whose blocks must be freed then. */
function closeFile({ fd, writable }: OpenFile, closeReports: boolean): void {
  if (!writable && !closeReports && fstatx(fd).attr.nlink > 0) close(fd);
  else closeAsync(fd).catch(() => {});
}

/** Whether a node is on the file system of `rootFd`, which is watched; what is mounted on it may not be. */
function nodesOn(rootFd: number): MayLease {
  const device = handleContent(fstatx(rootFd), 0, Buffer.alloc(0)).slice(0, -4);
  return (node) => node.startsWith(device);
}
