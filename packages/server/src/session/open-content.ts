import {
  type Entry,
  type HandleId,
  isRegular,
  limits,
  O_ACCMODE,
  O_RDONLY,
  O_TRUNC,
  type OpenRequest,
  type ReadRequest,
  readMovesAtime,
} from "@kedgefs/core";

/**
 * The read whose answer goes with that to an open, so that the client need not ask for it: of all of a small file, by its
 * attributes in `after`. Undefined where it is large or empty, or not opened for reading alone, and where to read it would be
 * noticed though the client never does: by its access time.
 */
export function contentRead(
  { node, flags, handle }: OpenRequest & { readonly handle: HandleId },
  after: readonly Entry[],
  strictAtime: boolean,
): ReadRequest | undefined {
  if ((flags & O_ACCMODE) !== O_RDONLY || (flags & O_TRUNC) !== 0) return undefined;
  const attr = after.find((entry) => entry.node === node)?.attr;
  if (attr === undefined || !isRegular(attr.mode) || readMovesAtime(attr, strictAtime)) return undefined;
  if (attr.size === 0n || attr.size > limits.openContentBytesMax) return undefined;
  return { node, handle, offset: 0n, size: Number(attr.size) };
}
