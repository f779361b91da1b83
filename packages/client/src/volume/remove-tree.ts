import { FsError, isDirectory, type Name, type NodeId } from "@kedgefs/core";
import { batchesOf } from "./directory-batches.ts";
import { nodeError } from "./node-error.ts";
import type { Volume } from "./types.ts";
import { runCall, type VolumeCall, type VolumeContext } from "./volume-call.ts";

const isMissing = (error: unknown): boolean => error instanceof FsError && error.code === "ENOENT";

/** node's `rm`: a file, or with `recursive` a tree; with `force` a missing path is no error. */
export function removingCalls(volume: VolumeContext): Pick<Volume, "rm"> {
  return {
    rm: async (path, { recursive = false, force = false } = {}) => {
      const refused = await runCall(volume, { syscall: "rm", path }, async (call) => {
        try {
          const { parent, name, last } = await call.place(path);
          if (last !== "name") throw new FsError(last === "root" ? "EBUSY" : "EINVAL");
          const { attr } = await call.lookup(parent, name);
          if (isDirectory(attr.mode) && !recursive) return true;
          await removeTree(call, parent, name);
        } catch (error) {
          if (!force || !isMissing(error)) throw error;
        }
        return false;
      });
      if (refused)
        throw Object.assign(nodeError(new FsError("EISDIR"), { syscall: "rm", path }), { code: "ERR_FS_EISDIR" });
    },
  };
}

async function removeTree(call: VolumeCall, parent: NodeId, name: Name): Promise<void> {
  const { node, attr } = await call.lookup(parent, name);
  try {
    if (!isDirectory(attr.mode)) return await call.fileSystem.unlink({ parent, name }, call.context);
    for await (const batch of batchesOf(call, node)) {
      for (const entry of batch) await removeIfThere(call, node, entry.name);
    }
    await call.fileSystem.rmdir({ parent, name }, call.context);
  } finally {
    await call.drop(node);
  }
}

// Whoever else removes in the same tree helps.
async function removeIfThere(call: VolumeCall, parent: NodeId, name: Name): Promise<void> {
  try {
    await removeTree(call, parent, name);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}
