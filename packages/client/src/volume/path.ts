import { FsError } from "@kedgefs/core";
import type { VolumePath } from "./types.ts";

/** Longest path, bytes, the NUL at its end included (PATH_MAX in linux/limits.h). */
export const pathBytesMax = 4096;

const slash = 0x2f;

/** A path taken apart. Where it ends in a slash, what it leads to must be a directory. */
export interface PathParts {
  readonly components: readonly Buffer[];
  readonly absolute: boolean;
  readonly trailingSlash: boolean;
}

/** The bytes of a path: ENOENT when empty, ENAMETOOLONG, and node's own TypeError for a NUL byte. */
export function pathBytes(path: VolumePath): Buffer {
  const bytes = Buffer.from(path as string);
  if (bytes.includes(0)) {
    const error = new TypeError("The argument 'path' must be a string or Buffer without null bytes");
    throw Object.assign(error, { code: "ERR_INVALID_ARG_VALUE" });
  }
  if (bytes.length === 0) throw new FsError("ENOENT");
  if (bytes.length >= pathBytesMax) throw new FsError("ENAMETOOLONG");
  return bytes;
}

export function partsOf(path: Buffer): PathParts {
  const components: Buffer[] = [];
  for (let start = 0; start < path.length; ) {
    const found = path.indexOf(slash, start);
    const end = found === -1 ? path.length : found;
    if (end > start) components.push(path.subarray(start, end));
    start = end + 1;
  }
  return { components, absolute: path[0] === slash, trailingSlash: path[path.length - 1] === slash };
}

export const isDot = (component: Uint8Array): boolean => component.length === 1 && component[0] === 0x2e;
export const isDotDot = (component: Uint8Array): boolean =>
  component.length === 2 && component[0] === 0x2e && component[1] === 0x2e;
