import type { BeyondNode, FsPromises, VolumeFileHandle } from "../volume-api.ts";

/** Calls that the helper makes. `opendir` is not among them: its answer is a stream. */
export const fsMethods = [
  "open",
  "readFile",
  "writeFile",
  "appendFile",
  "copyFile",
  "mkdir",
  "rmdir",
  "unlink",
  "rm",
  "rename",
  "link",
  "symlink",
  "readlink",
  "stat",
  "lstat",
  "chmod",
  "chown",
  "lchown",
  "utimes",
  "lutimes",
  "truncate",
  "access",
  "readdir",
  "statfs",
] as const satisfies readonly (keyof FsPromises)[];

export const rawMethods = [
  "mknod",
  "renameat2",
  "utimensat",
  "getxattr",
  "setxattr",
  "listxattr",
  "removexattr",
  "fallocate",
  "lseek",
  "copyFileRange",
  "getInodeFlags",
  "setInodeFlags",
  "nameUnnamed",
] as const satisfies readonly (keyof BeyondNode)[];

/** Methods of a handle that go over as they are; `read` fills a buffer of the helper's. */
export const handleMethods = [
  "write",
  "readFile",
  "writeFile",
  "appendFile",
  "stat",
  "truncate",
  "sync",
  "datasync",
  "chmod",
  "chown",
  "utimes",
  "close",
] as const satisfies readonly (keyof VolumeFileHandle)[];

export interface HelperRequest {
  readonly id: number;
  /** What the method belongs to: node's module, what lies beyond it, or the handle of this number. */
  readonly target: "fs" | "raw" | number;
  readonly method: string;
  readonly args: readonly unknown[];
}

/** Objects with methods lose them between processes, so they go over by kind. */
export type HelperValue =
  | { readonly kind: "plain"; readonly value: unknown }
  | { readonly kind: "handle"; readonly handle: number }
  | { readonly kind: "stats"; readonly mode: number; readonly fields: object }
  | { readonly kind: "dirents"; readonly dirents: readonly { name: string | Buffer; mode: number }[] };

export interface HelperFailure {
  readonly message: string;
  readonly code?: string | undefined;
  readonly errno?: number | undefined;
  readonly syscall?: string | undefined;
  readonly path?: string | undefined;
}

export type HelperReply =
  | { readonly id: number; readonly value: HelperValue }
  | { readonly id: number; readonly failure: HelperFailure };
