import type {
  DirEntry,
  Entry,
  HandleId,
  NodeId,
  OperationName,
  RenameRequest,
  SetlkRequest,
  WriteReply,
} from "@kedgefs/core";
import { O_ACCMODE, O_WRONLY } from "@kedgefs/core";
import type { Believe } from "../beliefs.ts";
import type { Opened } from "../open-handles.ts";
import {
  FS_IOC_FSGETXATTR,
  FS_IOC_FSSETXATTR,
  FS_IOC_GETFLAGS,
  FS_IOC_SETFLAGS,
  type OpcodeName,
  opcodeNumbers,
} from "./constants.ts";
import * as decode from "./decode.ts";
import { fittingEntries, type ReplyEncoder } from "./encode.ts";
import {
  byCommand,
  driver,
  type EncodedBody,
  type ForwardedRow,
  forward,
  type OpcodeRow,
  type RequestRow,
  refuse,
} from "./opcode-row.ts";
import type { RequestFrame } from "./request-frame.ts";

const nothing = (): EncodedBody => 0;
const entry = (reply: Entry, _request: unknown, out: ReplyEncoder, believe: Believe): EncodedBody =>
  out.entry(reply, believe);
const noBytes = new Uint8Array(0);
/**
 * A program whose write(2) is answered short makes another one. The kernel takes dirty pages for written whatever the answer's
 * size (fuse_writepage_end), so only the error of a write of the rest makes it tell msync(2) and fsync(2).
 */
const restOfWriteBack = ({ size }: WriteReply, request: decode.KernelWrite): decode.KernelWrite | undefined =>
  request.writeBack && size > 0 && size < request.data.length
    ? { ...request, offset: request.offset + BigInt(size), data: request.data.subarray(size) }
    : undefined;
const itself = (reply: Entry): readonly Entry[] => [reply];
const withEntry = (entries: readonly DirEntry[]): readonly Entry[] =>
  entries.flatMap((each) => (each.entry === undefined ? [] : [each.entry]));

const openedFile = (node: NodeId, handle: HandleId, flags: number): Opened => ({
  kind: "file",
  node,
  handle,
  readable: (flags & O_ACCMODE) !== O_WRONLY,
});

const itsHandle = ({ handle }: { readonly handle: HandleId }): HandleId => handle;
const inParent = ({ parent }: { readonly parent: NodeId }): NodeId => parent;
const changesInParent = ({ parent }: { readonly parent: NodeId }): readonly NodeId[] => [parent];

const int32 = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);
const ofNode = ({ node }: { readonly node: NodeId }): NodeId => node;

/** The kernel expects no new access time of the source. */
const copies = { decode: decode.decodeCopyFileRange, changesUnseen: ofNode } as const;

const leads = {
  encode: entry,
  leadsTo: itself,
  tells: itself,
  checksPermission: true,
  namesIn: inParent,
} as const;
const makesEntry = { ...leads, changesIn: changesInParent } as const;
const closes = {
  decode: decode.decodeHandle,
  encode: nothing,
  closes: itsHandle,
} as const;
const removes = {
  decode: decode.decodeName,
  encode: nothing,
  changesIn: changesInParent,
  checksPermission: true,
} as const;
const moves = {
  encode: nothing,
  changesIn: ({ parent, newParent }: RenameRequest): readonly NodeId[] => [parent, newParent],
  checksPermission: true,
} as const;

const locks = {
  encode: nothing,
  restartable: true,
  looksAgainAt: ({ node, type }: SetlkRequest): NodeId | undefined => (type === "unlock" ? undefined : node),
} as const;

/**
 * The table that dispatch derives from: every opcode of linux/fuse.h and what becomes of it. A missing opcode is a compile
 * error, and so is an operation of the seam to which no opcode leads (`uncovered` below).
 */
const table = {
  LOOKUP: forward("lookup", {
    ...leads,
    decode: decode.decodeName,
    attrBelievable: true,
  }),
  FORGET: driver("forget"),
  BATCH_FORGET: driver("batchForget"),
  GETATTR: forward("getattr", {
    decode: decode.decodeGetattr,
    encode: (reply, request, out, believe) => out.attr(request.node, reply, believe),
    attrBelievable: true,
    tells: (reply, request) => [{ node: request.node, attr: reply.attr }],
  }),
  SETATTR: forward("setattr", {
    decode: decode.decodeSetattr,
    encode: (reply, request, out, believe) => out.attr(request.node, reply, believe),
    checksPermission: true,
    permits: ({ node, mode, uid, gid }) => ((mode ?? uid ?? gid) === undefined ? undefined : node),
    tells: (reply, request) => [{ node: request.node, attr: reply.attr }],
    taking: (request) => (request.size === undefined ? "taken" : "truncating"),
  }),
  READLINK: forward("readlink", { decode: decode.decodeNode, encode: (reply) => reply.target }),
  SYMLINK: forward("symlink", { ...makesEntry, decode: decode.decodeSymlink }),
  MKNOD: forward("mknod", { ...makesEntry, decode: decode.decodeMknod }),
  MKDIR: forward("mkdir", { ...makesEntry, decode: decode.decodeMkdir }),
  UNLINK: forward("unlink", removes),
  RMDIR: forward("rmdir", removes),
  RENAME: forward("rename", { ...moves, decode: decode.decodeRename }),
  RENAME2: forward("rename", { ...moves, decode: decode.decodeRename2 }),
  LINK: forward("link", {
    ...makesEntry,
    decode: decode.decodeLink,
    namesIn: ({ newParent }) => newParent,
    changesIn: ({ newParent }) => [newParent],
  }),
  OPEN: forward("open", {
    decode: decode.decodeOpen,
    encode: (reply, _request, out) => out.open(reply.handle),
    checksPermission: true,
    opens: (reply, request) => openedFile(request.node, reply.handle, request.flags),
  }),
  CREATE: forward("create", {
    decode: decode.decodeCreate,
    encode: (reply, _request, out, believe) => out.create(reply, reply.handle, believe),
    namesIn: inParent,
    changesIn: changesInParent,
    checksPermission: true,
    leadsTo: itself,
    tells: itself,
    opens: (reply, request) => openedFile(reply.node, reply.handle, request.flags),
  }),
  TMPFILE: forward("tmpfile", {
    decode: decode.decodeTmpfile,
    encode: (reply, _request, out, believe) => out.create(reply, reply.handle, believe),
    checksPermission: true,
    leadsTo: itself,
    tells: itself,
    opens: (reply, request) => openedFile(reply.node, reply.handle, request.flags),
  }),
  READ: forward("read", { decode: decode.decodeRead, encode: (reply) => reply.data }),
  WRITE: forward("write", {
    decode: decode.decodeWrite,
    encode: (reply, request, out) => out.written(request.writeBack ? request.data.length : reply.size),
    dataNeeded: ({ dataNeeded }) => dataNeeded,
    rest: restOfWriteBack,
  }),
  FLUSH: forward("flush", { decode: decode.decodeFlush, encode: nothing }),
  RELEASE: forward("release", closes),
  FSYNC: forward("fsync", { decode: decode.decodeFsync, encode: nothing }),
  OPENDIR: forward("opendir", {
    decode: decode.decodeNode,
    encode: (reply, _request, out) => out.opendir(reply.handle),
    checksPermission: true,
    opens: (reply, request) => ({ kind: "directory", node: request.node, handle: reply.handle, readable: false }),
  }),
  READDIR: forward("readdir", {
    decode: decode.decodeReaddir,
    encode: (reply, request, out) => out.dirents(fittingEntries(reply.entries, request.size, false)),
    lists: itsHandle,
    // A source may look the entries up as well, for whoever asks for them next.
    checksPermission: true,
  }),
  READDIRPLUS: forward("readdirplus", {
    decode: decode.decodeReaddir,
    encode: (reply, request, out, believe) => out.dirents(fittingEntries(reply.entries, request.size, true), believe),
    lists: itsHandle,
    namesIn: ({ node }) => node,
    attrBelievable: true,
    checksPermission: true,
    leadsTo: (reply) => withEntry(reply.entries),
    tells: (reply, request) => withEntry(fittingEntries(reply.entries, request.size, true)),
  }),
  RELEASEDIR: forward("releasedir", closes),
  FSYNCDIR: forward("fsyncdir", { decode: decode.decodeFsync, encode: nothing }),
  STATFS: forward("statfs", { decode: decode.decodeNode, encode: (reply, _request, out) => out.statfs(reply) }),
  ACCESS: forward("access", { decode: decode.decodeAccess, encode: nothing, checksPermission: true }),
  GETXATTR: forward("getxattr", {
    decode: decode.decodeGetxattr,
    encode: ({ value }, request, out) => out.sized(value, request),
    checksPermission: true,
  }),
  SETXATTR: forward("setxattr", { decode: decode.decodeSetxattr, encode: nothing, checksPermission: true }),
  LISTXATTR: forward("listxattr", {
    decode: decode.decodeListxattr,
    encode: ({ names }, request, out) => out.sized(names, request),
    checksPermission: true,
  }),
  REMOVEXATTR: forward("removexattr", { decode: decode.decodeRemovexattr, encode: nothing, checksPermission: true }),
  // ENOTTY is ioctl(2)'s word for "not on this file"; kernels before 6.0 hand an ENOSYS through to the program.
  IOCTL: byCommand(
    {
      [FS_IOC_GETFLAGS]: forward("getInodeFlags", {
        decode: decode.decodeHandle,
        encode: ({ flags }, _request, out) => out.ioctl(int32(flags)),
      }),
      [FS_IOC_FSGETXATTR]: forward("getInodeFlags", {
        decode: decode.decodeHandle,
        encode: ({ fsxattr }, _request, out) => out.ioctl(fsxattr),
      }),
      [FS_IOC_SETFLAGS]: forward("setInodeFlags", {
        decode: decode.decodeSetflags,
        encode: (_reply, _request, out) => out.ioctl(noBytes),
        changesUnseen: ofNode,
      }),
      [FS_IOC_FSSETXATTR]: forward("setInodeFlags", {
        decode: decode.decodeFssetxattr,
        encode: (_reply, _request, out) => out.ioctl(noBytes),
        changesUnseen: ofNode,
      }),
    },
    "ENOTTY",
  ),
  FALLOCATE: forward("fallocate", { decode: decode.decodeFallocate, encode: nothing }),
  LSEEK: forward("lseek", { decode: decode.decodeLseek, encode: ({ offset }, _request, out) => out.number64(offset) }),
  COPY_FILE_RANGE: forward("copyFileRange", {
    ...copies,
    encode: ({ size }, _request, out) => out.written(size),
  }),
  COPY_FILE_RANGE_64: forward("copyFileRange", {
    ...copies,
    encode: ({ size }, _request, out) => out.number64(BigInt(size)),
  }),
  GETLK: forward("getlk", { decode: decode.decodeGetlk, encode: ({ lock }, _request, out) => out.lock(lock) }),
  SETLK: forward("setlk", { ...locks, decode: decode.decodeSetlk(false) }),
  SETLKW: forward("setlk", { ...locks, decode: decode.decodeSetlk(true) }),
  STATX: forward("getattr", {
    decode: decode.decodeStatx,
    encode: (reply, request, out, believe) => out.statx(request.node, reply, believe),
    tells: (reply, request) => [{ node: request.node, attr: reply.attr }],
  }),

  INIT: driver("init"),
  DESTROY: driver("destroy"),
  INTERRUPT: driver("interrupt"),
  // Follows a NOTIFY_RETRIEVE, which the driver never sends; the kernel expects no reply to it.
  NOTIFY_REPLY: driver("ignore"),

  // The kernel remembers it (no_bmap) and fails FIBMAP, which concerns block devices only.
  BMAP: refuse("ENOSYS"),
  // The kernel remembers it (no_poll) and answers that files are always ready, as poll(2) says of regular files.
  POLL: refuse("ENOSYS"),
  // DAX of virtiofs; never sent without FUSE_MAP_ALIGNMENT.
  SETUPMAPPING: refuse("ENOSYS"),
  REMOVEMAPPING: refuse("ENOSYS"),
  // The kernel remembers it (sync_fs = 0) and syncfs(2) does what it did before: the files' own fsync. Sent by virtiofs alone.
  SYNCFS: refuse("ENOSYS"),
} satisfies Readonly<Record<OpcodeName, OpcodeRow>>;

type Commands = (typeof table)["IOCTL"]["rows"];
/** `forget` is made of the driver's own counts. */
type Covered =
  | Extract<(typeof table)[OpcodeName], ForwardedRow>["operation"]
  | Commands[keyof Commands]["operation"]
  | "forget";
type Uncovered = Exclude<OperationName, Covered>;
const uncovered: [Uncovered] extends [never] ? true : Uncovered = true;
void uncovered;

export const opcodeTable: Readonly<Record<OpcodeName, OpcodeRow>> = table;

export interface NumberedRow<Row = RequestRow> {
  readonly name: string;
  readonly row: Row;
}

const rows: (NumberedRow<OpcodeRow> | undefined)[] = [];
for (const name of Object.keys(opcodeNumbers) as OpcodeName[])
  rows[opcodeNumbers[name]] = { name, row: opcodeTable[name] };

/**
 * An opcode of a kernel newer than the table: ENOSYS is how the protocol says so, and the kernel that added the opcode knows
 * how to do without it.
 */
const unknownRow: NumberedRow = { name: "UNKNOWN", row: refuse("ENOSYS") };

export function rowOfOpcode(opcode: number): NumberedRow<OpcodeRow> {
  return rows[opcode] ?? unknownRow;
}

export function rowOfRequest(frame: RequestFrame): NumberedRow {
  const numbered = rowOfOpcode(frame.opcode);
  const { name, row } = numbered;
  if (row.kind !== "byCommand") return numbered as NumberedRow;
  return { name, row: row.rows[decode.ioctlCommand(frame)] ?? row.others };
}
