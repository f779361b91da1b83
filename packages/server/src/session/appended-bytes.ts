import { type FileSystem, type NodeId, O_RDONLY, rootContext } from "@kedgefs/core";

/**
 * How many bytes of an append were written by a server that died before it wrote down the outcome, found by looking where the
 * file ended before: none, all, or, where the kill met the system call, some.
 */
export async function appendedBytes(
  fileSystem: FileSystem,
  node: NodeId,
  endBefore: bigint,
  data: Uint8Array,
): Promise<number> {
  const { attr } = await fileSystem.getattr({ node }, rootContext());
  if (attr.size <= endBefore) return 0;
  const { handle } = await fileSystem.open({ node, flags: O_RDONLY, reopen: true }, rootContext());
  try {
    const there = await fileSystem.read({ node, handle, offset: endBefore, size: data.length }, rootContext());
    return Buffer.compare(there.data, data.subarray(0, there.data.length)) === 0 ? there.data.length : 0;
  } finally {
    await fileSystem.release({ node, handle }, rootContext());
  }
}
