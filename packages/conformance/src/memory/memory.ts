import { type FileSystem, type HandleId, LockManager, type NodeId } from "@kedgefs/core";
import { attributeOperations } from "./attributes.ts";
import { directoryOperations } from "./directories.ts";
import { fileOperations } from "./files.ts";
import { inodeFlagOperations } from "./inode-flags.ts";
import { lockOperations } from "./locks.ts";
import { entryOf, nameOperations } from "./names.ts";
import { rangeOperations } from "./ranges.ts";
import { renameOperation } from "./rename.ts";
import { type MemoryOptions, MemoryState } from "./state.ts";
import { xattrOperations } from "./xattrs.ts";

/**
 * A file system in memory that keeps the rules of Linux: the model that others are compared with, and a fast source for
 * tests. Every operation takes effect at once, in the order of the calls. A node whose last name and handle went is ESTALE.
 */
export function memory(options: MemoryOptions = {}): FileSystem {
  const state = new MemoryState(options);
  const locks = new LockManager<NodeId, HandleId>();
  return {
    async root() {
      return entryOf(state.root);
    },
    // Nodes live as long as their inodes, so there is nothing to count.
    async forget() {},
    ...nameOperations(state),
    ...renameOperation(state),
    ...attributeOperations(state),
    ...fileOperations(state, locks),
    ...lockOperations(state, locks),
    ...directoryOperations(state),
    ...xattrOperations(state),
    ...rangeOperations(state),
    ...inodeFlagOperations(state),
  };
}
