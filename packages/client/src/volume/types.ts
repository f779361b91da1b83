import type { BigIntStats, BigIntStatsFs, Stats, StatsFs } from "node:fs";
import type { Caller } from "@kedgefs/core";

/** A path as bytes, or as text that stands for its UTF-8 bytes. Relative paths start at the root of the volume. */
export type VolumePath = string | Buffer;

/** Seconds since the epoch or a Date, as node's `utimes` takes it. */
export type VolumeTime = number | string | Date;

/** A time for `utimensat`: nanoseconds since the epoch, the clock's time (UTIME_NOW) or no change (UTIME_OMIT). */
export type ExactTime = bigint | "now" | "omit";

export interface VolumeDirent<NameType extends string | Buffer = string> {
  readonly name: NameType;
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
  isFIFO(): boolean;
  isSocket(): boolean;
  isCharacterDevice(): boolean;
  isBlockDevice(): boolean;
}

/** The part of node's FileHandle that a volume offers, with node's meanings. `position` null is the handle's own. */
export interface VolumeFileHandle {
  read(
    buffer: Buffer,
    offset?: number | null,
    length?: number | null,
    position?: number | bigint | null,
  ): Promise<{ bytesRead: number; buffer: Buffer }>;
  write(
    buffer: Buffer,
    offset?: number | null,
    length?: number | null,
    position?: number | null,
  ): Promise<{ bytesWritten: number; buffer: Buffer }>;
  write(data: string, position?: number | null): Promise<{ bytesWritten: number; buffer: string }>;
  readFile(): Promise<Buffer>;
  readFile(encoding: "utf8"): Promise<string>;
  writeFile(data: string | Uint8Array): Promise<void>;
  appendFile(data: string | Uint8Array): Promise<void>;
  stat(): Promise<Stats>;
  stat(options: { bigint: true }): Promise<BigIntStats>;
  truncate(length?: number): Promise<void>;
  sync(): Promise<void>;
  datasync(): Promise<void>;
  chmod(mode: number): Promise<void>;
  chown(uid: number, gid: number): Promise<void>;
  utimes(atime: VolumeTime, mtime: VolumeTime): Promise<void>;
  close(): Promise<void>;
}

/** The part of node's Dir that a volume offers. It closes itself after the last entry of a `for await`. */
export interface VolumeDir extends AsyncIterable<VolumeDirent> {
  read(): Promise<VolumeDirent | null>;
  close(): Promise<void>;
}

/**
 * The part of `node:fs/promises` that a volume offers: node's own module satisfies it too, so that one program runs on
 * either. Failures are Errors with node's `code`, `errno`, `syscall`, `path` and `dest`.
 */
export interface FsPromises {
  open(path: VolumePath, flags?: string | number, mode?: number): Promise<VolumeFileHandle>;
  readFile(path: VolumePath): Promise<Buffer>;
  readFile(path: VolumePath, encoding: "utf8"): Promise<string>;
  writeFile(path: VolumePath, data: string | Uint8Array, options?: WriteFileOptions): Promise<void>;
  appendFile(path: VolumePath, data: string | Uint8Array, options?: WriteFileOptions): Promise<void>;
  copyFile(source: VolumePath, destination: VolumePath, mode?: number): Promise<void>;
  mkdir(path: VolumePath, options?: { recursive?: false; mode?: number }): Promise<void>;
  mkdir(path: VolumePath, options: { recursive: true; mode?: number }): Promise<string | undefined>;
  rmdir(path: VolumePath): Promise<void>;
  unlink(path: VolumePath): Promise<void>;
  rm(path: VolumePath, options?: { recursive?: boolean; force?: boolean }): Promise<void>;
  rename(oldPath: VolumePath, newPath: VolumePath): Promise<void>;
  link(existingPath: VolumePath, newPath: VolumePath): Promise<void>;
  symlink(target: VolumePath, path: VolumePath): Promise<void>;
  readlink(path: VolumePath): Promise<string>;
  readlink(path: VolumePath, encoding: "buffer"): Promise<Buffer>;
  stat(path: VolumePath): Promise<Stats>;
  stat(path: VolumePath, options: { bigint: true }): Promise<BigIntStats>;
  lstat(path: VolumePath): Promise<Stats>;
  lstat(path: VolumePath, options: { bigint: true }): Promise<BigIntStats>;
  chmod(path: VolumePath, mode: number): Promise<void>;
  chown(path: VolumePath, uid: number, gid: number): Promise<void>;
  lchown(path: VolumePath, uid: number, gid: number): Promise<void>;
  utimes(path: VolumePath, atime: VolumeTime, mtime: VolumeTime): Promise<void>;
  lutimes(path: VolumePath, atime: VolumeTime, mtime: VolumeTime): Promise<void>;
  truncate(path: VolumePath, length?: number): Promise<void>;
  access(path: VolumePath, mode?: number): Promise<void>;
  readdir(path: VolumePath): Promise<string[]>;
  readdir(path: VolumePath, options: "buffer"): Promise<Buffer[]>;
  readdir(path: VolumePath, options: { withFileTypes: true }): Promise<VolumeDirent[]>;
  readdir(path: VolumePath, options: { withFileTypes: true; encoding: "buffer" }): Promise<VolumeDirent<Buffer>[]>;
  opendir(path: string): Promise<VolumeDir>;
  statfs(path: VolumePath): Promise<StatsFs>;
  statfs(path: VolumePath, options: { bigint: true }): Promise<BigIntStatsFs>;
}

export interface WriteFileOptions {
  flag?: string;
  mode?: number;
}

/** What Linux has and node:fs lacks. */
export interface BeyondNode extends XattrCalls, RarerCalls {
  /** mknod(2): file type and permission bits in `mode`, less the umask; `rdev` for devices. */
  mknod(path: VolumePath, mode: number, rdev?: number): Promise<void>;
  /** renameat2(2) with RENAME_NOREPLACE (1) or RENAME_EXCHANGE (2). */
  renameat2(oldPath: VolumePath, newPath: VolumePath, flags: number): Promise<void>;
  /** utimensat(2), exact to the nanosecond. */
  utimensat(path: VolumePath, atime: ExactTime, mtime: ExactTime, options?: { nofollow?: boolean }): Promise<void>;
}

/** Extended attributes, by their whole names ("user.x"). `nofollow` speaks of a symbolic link itself. */
export interface XattrCalls {
  getxattr(path: VolumePath, name: string, options?: { nofollow?: boolean }): Promise<Buffer>;
  /** `flags` 0, XATTR_CREATE (1) or XATTR_REPLACE (2). */
  setxattr(
    path: VolumePath,
    name: string,
    value: Uint8Array,
    flags?: number,
    options?: { nofollow?: boolean },
  ): Promise<void>;
  listxattr(path: VolumePath, options?: { nofollow?: boolean }): Promise<string[]>;
  removexattr(path: VolumePath, name: string, options?: { nofollow?: boolean }): Promise<void>;
}

/** Calls that take an open file and that node:fs lacks; here they open and close it. Offsets and lengths are bytes. */
export interface RarerCalls {
  /** fallocate(2) of a file that is opened for reading and writing. */
  fallocate(path: VolumePath, mode: number, offset: bigint, length: bigint): Promise<void>;
  /** lseek(2) with SEEK_DATA (3) or SEEK_HOLE (4). */
  lseek(path: VolumePath, offset: bigint, whence: number): Promise<bigint>;
  /** copy_file_range(2) between two files that are there; how many bytes. */
  copyFileRange(
    path: VolumePath,
    offset: bigint,
    newPath: VolumePath,
    newOffset: bigint,
    length: bigint,
  ): Promise<number>;
  /** FS_IOC_GETFLAGS of ioctl_iflags(2), of a file or directory. */
  getInodeFlags(path: VolumePath): Promise<number>;
  /** FS_IOC_SETFLAGS. */
  setInodeFlags(path: VolumePath, flags: number): Promise<void>;
  /** Makes a file with O_TMPFILE, and `flags` beside, in a directory, writes it, and gives it a name by linkat(2). */
  nameUnnamed(directory: VolumePath, data: string, newPath: VolumePath, flags?: number): Promise<void>;
}

export interface Volume extends FsPromises, BeyondNode {
  /** The same volume on behalf of someone else. */
  as(caller: Caller): Volume;
}

export interface VolumeOptions {
  /** On whose behalf everything is done. Default root, without groups. */
  readonly caller?: Caller;
  /** Permission bits that new files and directories do not get. Default 0022. */
  readonly umask?: number;
}
