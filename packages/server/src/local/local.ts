import { constants, openSync, realpathSync, statfsSync } from "node:fs";
import { type FileSystem, UserError } from "@kedgefs/core";
import { closeAsync } from "@kedgefs/posix";
import type { StateDirectory } from "../state/state-directory.ts";
import { hasCoarseTimes } from "./coarse-times.ts";
import { HandleNodes } from "./handle-nodes.ts";
import { IndexNodes } from "./index-nodes.ts";
import { LocalFileSystem } from "./local-file-system.ts";
import { NodeSeal } from "./node-seal.ts";
import { OpenFiles } from "./open-files.ts";

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
}

export interface Local {
  readonly fileSystem: FileSystem;
  /** How nodes are found again after a restart: by the kernel's file handles, or by an index of names. */
  readonly nodes: "handles" | "index";
  /** See hasCoarseTimes. */
  readonly coarseTimes: boolean;
  /** Whether a close(2) on the backing file system can tell of a failed write; if not, nobody needs to ask. */
  readonly closeReports: boolean;
  close(): void;
}

/** A FileSystem over a directory of this machine, made of real system calls. UserError if the directory can't be served. */
export function local({ path, exportName, state }: LocalOptions): Local {
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
  const byHandle = HandleNodes.canServe(rootFd);
  const nodes = byHandle
    ? new HandleNodes(realPath, rootFd, seal, nodeDescriptorsMax)
    : new IndexNodes(state.pathOf(`nodes-${exportName}.sqlite`), rootFd, seal, nodeDescriptorsMax);
  const files = new OpenFiles((fd) => void closeAsync(fd).catch(() => {}));
  return {
    fileSystem: new LocalFileSystem(nodes, files, closeReports),
    nodes: byHandle ? "handles" : "index",
    coarseTimes,
    closeReports,
    close() {
      files.releaseAll();
      nodes.close();
    },
  };
}
