import { type CallContext, type DirEntry, FsError } from "@kedgefs/core";
import type { NativeOperationName, NativeOperations } from "./native-operations.ts";
import { shownTextFromBytes } from "./native-path.ts";
import {
  statArrayFromAttr,
  statArrayFromDirEntry,
  statArrayLength,
  statfsArrayFromStatFs,
  statfsArrayLength,
} from "./stat-array.ts";
import { timesFromFrame } from "./utimens-frame.ts";

/** What a signal function takes after the frame: the result (0, a count or a negative errno) and the rest of the answer. */
export type NativeReply = readonly [result: number, ...rest: readonly unknown[]];

/** A request as the addon passes it. */
export interface NativeRequest {
  readonly frame: Buffer;
  readonly operation: number;
  readonly args: readonly unknown[];
}

/** How one operation's arguments come in and its answer goes out (FUSE_METHOD in fuse-native.c). */
export interface NativeCodec {
  /**
   * Runs the operation. What it resolves to makes the answer, and is called only when the asking thread is known to wait still:
   * the answer is written into that thread's memory.
   */
  run(operations: NativeOperations, context: CallContext, request: NativeRequest): Promise<() => NativeReply>;
  /** What follows the errno of a failed call. The addon reads these arguments in any case, and hangs without them. */
  failed(request: NativeRequest): readonly unknown[];
  /** Whether the answer writes into memory of the asking thread, and not only into the frame, which is ours. */
  readonly writesToThread: boolean;
}

/** An operation that answers nothing but success. */
function plain<Args extends readonly unknown[]>(
  call: (operations: NativeOperations, context: CallContext, args: Args, request: NativeRequest) => Promise<void>,
): NativeCodec {
  return {
    async run(operations, context, request) {
      await call(operations, context, request.args as unknown as Args, request);
      return () => [0];
    },
    failed: () => [],
    writesToThread: false,
  };
}

function answering<Args extends readonly unknown[], Answer>(
  call: (operations: NativeOperations, context: CallContext, args: Args) => Promise<Answer>,
  reply: (answer: Answer, args: Args) => NativeReply,
  failed: (args: Args) => readonly unknown[],
): NativeCodec {
  return {
    async run(operations, context, request) {
      const args = request.args as unknown as Args;
      const answer = await call(operations, context, args);
      return () => reply(answer, args);
    },
    failed: (request) => failed(request.args as unknown as Args),
    writesToThread: true,
  };
}

type Path = readonly [path: string];
type PathAndFd = readonly [path: string, fd: number];
type TwoPaths = readonly [path: string, newPath: string];
type FsyncArgs = readonly [path: string, datasync: number, fd: number];
type GetxattrArgs = readonly [path: string, name: string, room: Buffer, position: number];
type SetxattrArgs = readonly [path: string, name: string, value: Buffer, position: number, flags: number];
type Transfer = readonly [path: string, fd: number, data: Buffer, size: number, low: number, high: number];

const emptyStat = () => [new Uint32Array(statArrayLength)];
const noFd = () => [0];
const fdReply = (fd: number): NativeReply => [0, fd];
const transferFailed = ([, , data]: Transfer) => [0, data.buffer];

/** What is asked of a buffer without room is how much there is (getxattr(2)). */
function filling(bytes: Uint8Array, room: Buffer): NativeReply {
  if (room.length > 0 && bytes.length > room.length)
    throw new FsError("ERANGE", "there is more than there is room for");
  if (room.length > 0) room.set(bytes);
  return [bytes.length, room.buffer];
}

/** Halves of a 64-bit integer, which cross the binding as two unsigned ones of 32 bits. */
const joined = (low: number, high: number): bigint => BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low));

export const nativeCodecs: Readonly<Record<NativeOperationName, NativeCodec>> = {
  access: plain<readonly [string, number]>((ops, context, [path, mask]) => ops.access(context, path, mask)),
  statfs: answering(
    (ops, context, [path]: Path) => ops.statfs(context, path),
    (statfs) => [0, statfsArrayFromStatFs(statfs)],
    () => [new Uint32Array(statfsArrayLength)],
  ),
  getattr: answering(
    (ops, context, [path]: Path) => ops.getattr(context, path),
    (attr) => [0, statArrayFromAttr(attr)],
    emptyStat,
  ),
  fgetattr: answering(
    (ops, context, [, fd]: PathAndFd) => ops.fgetattr(context, fd),
    (attr) => [0, statArrayFromAttr(attr)],
    emptyStat,
  ),
  truncate: plain<readonly [string, number, number]>((ops, context, [path, low, high]) =>
    ops.truncate(context, path, joined(low, high)),
  ),
  ftruncate: plain<readonly [string, number, number, number]>((ops, context, [, fd, low, high]) =>
    ops.ftruncate(context, fd, joined(low, high)),
  ),
  utimens: plain<readonly [string, number, number]>(async (ops, context, [path, low, high], { frame, operation }) =>
    ops.utimens(context, path, timesFromFrame(frame, operation, low, high)),
  ),
  chown: plain<readonly [string, number, number]>((ops, context, [path, uid, gid]) =>
    ops.chown(context, path, uid, gid),
  ),
  chmod: plain<readonly [string, number]>((ops, context, [path, mode]) => ops.chmod(context, path, mode)),

  getxattr: answering(
    (ops, context, [path, name]: GetxattrArgs) => ops.getxattr(context, path, name),
    (value, [, , room]) => filling(value, room),
    ([, , room]) => [room.buffer],
  ),
  setxattr: answering(
    // A copy, as of a write.
    (ops, context, [path, name, value, , flags]: SetxattrArgs) =>
      ops.setxattr(context, path, name, Uint8Array.from(value), flags),
    (_, [, , value]) => [0, value.buffer],
    ([, , value]) => [value.buffer],
  ),
  listxattr: answering(
    (ops, context, [path]: readonly [string, Buffer]) => ops.listxattr(context, path),
    (names, [, room]) => filling(names, room),
    ([, room]) => [room.buffer],
  ),
  removexattr: plain<readonly [string, string]>((ops, context, [path, name]) => ops.removexattr(context, path, name)),

  readlink: answering(
    (ops, context, [path]: Path) => ops.readlink(context, path),
    (target) => [0, target],
    () => [""],
  ),
  mknod: plain<readonly [string, number, number]>((ops, context, [path, mode, rdev]) =>
    ops.mknod(context, path, mode, rdev),
  ),
  mkdir: plain<readonly [string, number]>((ops, context, [path, mode]) => ops.mkdir(context, path, mode)),
  symlink: plain<TwoPaths>((ops, context, [target, path]) => ops.symlink(context, target, path)),
  link: plain<TwoPaths>((ops, context, [path, newPath]) => ops.link(context, path, newPath)),
  unlink: plain<Path>((ops, context, [path]) => ops.unlink(context, path)),
  rmdir: plain<Path>((ops, context, [path]) => ops.rmdir(context, path)),
  rename: plain<TwoPaths>((ops, context, [path, newPath]) => ops.rename(context, path, newPath)),

  open: answering(
    (ops, context, [path, flags]: readonly [string, number]) => ops.open(context, path, flags),
    fdReply,
    noFd,
  ),
  create: answering(
    (ops, context, [path, mode]: readonly [string, number]) => ops.create(context, path, mode),
    fdReply,
    noFd,
  ),
  read: answering(
    (ops, context, [, fd, , size, low, high]: Transfer) => ops.read(context, fd, size, joined(low, high)),
    (bytes, [, , data]) => {
      data.set(bytes);
      return [bytes.byteLength, bytes.byteLength, data.buffer];
    },
    transferFailed,
  ),
  write: answering(
    // A copy: the memory is the asking thread's, which may die (the mount was aborted) before the data was sent.
    (ops, context, [, fd, data, , low, high]: Transfer) =>
      ops.write(context, fd, Uint8Array.from(data), joined(low, high)),
    (size, [, , data]) => [size, size, data.buffer],
    transferFailed,
  ),
  flush: plain<PathAndFd>((ops, context, [, fd]) => ops.flush(context, fd)),
  fsync: plain<FsyncArgs>((ops, context, [, datasync, fd]) => ops.fsync(context, fd, datasync !== 0)),
  release: plain<PathAndFd>((ops, context, [, fd]) => ops.release(context, fd)),

  opendir: answering((ops, context, [path]: Path) => ops.opendir(context, path), fdReply, noFd),
  readdir: answering(
    (ops, context, [path]: Path) => ops.readdir(context, path),
    (entries: readonly DirEntry[]) => [
      0,
      entries.map(({ name }) => shownTextFromBytes(name)),
      entries.map(statArrayFromDirEntry),
    ],
    () => [[], []],
  ),
  fsyncdir: plain<FsyncArgs>((ops, context, [, datasync, fd]) => ops.fsyncdir(context, fd, datasync !== 0)),
  releasedir: plain<PathAndFd>((ops, context, [, fd]) => ops.releasedir(context, fd)),
};

export const nativeOperationNames = Object.keys(nativeCodecs) as readonly NativeOperationName[];
