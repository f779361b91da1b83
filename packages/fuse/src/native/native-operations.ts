import type { Attr, CallContext, DirEntry, StatFs } from "@kedgefs/core";
import type { SetTimes } from "./utimens-frame.ts";

/** An operation's answer is made on behalf of `context.caller`, and it fails as the FileSystem does: by rejecting. */
export interface NativeOperations {
  access(context: CallContext, path: string, mask: number): Promise<void>;
  statfs(context: CallContext, path: string): Promise<StatFs>;
  getattr(context: CallContext, path: string): Promise<Attr>;
  fgetattr(context: CallContext, fd: number): Promise<Attr>;
  truncate(context: CallContext, path: string, size: bigint): Promise<void>;
  ftruncate(context: CallContext, fd: number, size: bigint): Promise<void>;
  utimens(context: CallContext, path: string, times: SetTimes): Promise<void>;
  /** `uid` and `gid` as chown(2): 2^32-1 leaves the one as it is. */
  chown(context: CallContext, path: string, uid: number, gid: number): Promise<void>;
  chmod(context: CallContext, path: string, mode: number): Promise<void>;

  getxattr(context: CallContext, path: string, name: string): Promise<Uint8Array>;
  setxattr(context: CallContext, path: string, name: string, value: Uint8Array, flags: number): Promise<void>;
  /** The names, each with a NUL behind it. */
  listxattr(context: CallContext, path: string): Promise<Uint8Array>;
  removexattr(context: CallContext, path: string, name: string): Promise<void>;

  readlink(context: CallContext, path: string): Promise<string>;
  mknod(context: CallContext, path: string, mode: number, rdev: number): Promise<void>;
  mkdir(context: CallContext, path: string, mode: number): Promise<void>;
  symlink(context: CallContext, target: string, path: string): Promise<void>;
  link(context: CallContext, path: string, newPath: string): Promise<void>;
  unlink(context: CallContext, path: string): Promise<void>;
  rmdir(context: CallContext, path: string): Promise<void>;
  rename(context: CallContext, path: string, newPath: string): Promise<void>;

  /** Answers the number of the open file, 1 to 2^31-1; so do `create` and `opendir`. */
  open(context: CallContext, path: string, flags: number): Promise<number>;
  create(context: CallContext, path: string, mode: number): Promise<number>;
  read(context: CallContext, fd: number, size: number, offset: bigint): Promise<Uint8Array>;
  write(context: CallContext, fd: number, data: Uint8Array, offset: bigint): Promise<number>;
  flush(context: CallContext, fd: number): Promise<void>;
  fsync(context: CallContext, fd: number, datasync: boolean): Promise<void>;
  release(context: CallContext, fd: number): Promise<void>;

  opendir(context: CallContext, path: string): Promise<number>;
  /** The whole directory: the binding carries no position. */
  readdir(context: CallContext, path: string): Promise<readonly DirEntry[]>;
  fsyncdir(context: CallContext, fd: number, datasync: boolean): Promise<void>;
  releasedir(context: CallContext, fd: number): Promise<void>;
}

export type NativeOperationName = keyof NativeOperations;
