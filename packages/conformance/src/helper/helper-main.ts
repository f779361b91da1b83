/**
 * A process that makes file system calls on behalf of the tests, as a user of its own: `helper-main.ts UID GID GROUPS UMASK`,
 * with groups separated by commas. A process has one identity, so another one takes another process.
 */
import fs from "node:fs";
import type { VolumeFileHandle } from "../volume-api.ts";
import { beyondNode } from "./beyond-node.ts";
import type { HelperFailure, HelperReply, HelperRequest, HelperValue } from "./protocol.ts";

const handles = new Map<number, VolumeFileHandle>();
let nextHandle = 1;

takeIdentity();
process.on("disconnect", () => process.exit(0));
process.on("message", (request: HelperRequest) => void answer(request));

function takeIdentity(): void {
  const [uid = "", gid = "", groups = "", umask = ""] = process.argv.slice(2);
  process.umask(Number(umask));
  if (process.getuid?.() !== 0) return;
  process.setgroups?.(groups === "" ? [] : groups.split(",").map(Number));
  process.setgid?.(Number(gid));
  process.setuid?.(Number(uid));
}

async function answer(request: HelperRequest): Promise<void> {
  const { id } = request;
  process.send?.(
    await perform(request).then(
      (value): HelperReply => ({ id, value: toValue(value) }),
      (error): HelperReply => ({ id, failure: toFailure(error) }),
    ),
  );
}

async function perform({ target, method, args }: HelperRequest): Promise<unknown> {
  const object = target === "fs" ? fs.promises : target === "raw" ? beyondNode : handles.get(target);
  if (object === undefined) throw new Error(`the helper has no handle ${target}`);
  if (typeof target === "number" && method === "read") {
    const [length, position] = args as [number, number | bigint | null];
    const buffer = Buffer.alloc(length);
    const { bytesRead } = await (object as VolumeFileHandle).read(buffer, 0, length, position);
    return buffer.subarray(0, bytesRead);
  }
  if (typeof target === "number" && method === "close") handles.delete(target);
  const call = (object as unknown as Record<string, (...args: readonly unknown[]) => Promise<unknown>>)[method];
  if (call === undefined) throw new Error(`the helper knows no ${method}`);
  return call.apply(object, [...args]);
}

function toValue(value: unknown): HelperValue {
  if (isHandle(value)) {
    const handle = nextHandle;
    nextHandle += 1;
    handles.set(handle, value);
    return { kind: "handle", handle };
  }
  if (value instanceof fs.Stats || isBigIntStats(value)) {
    const { atime, mtime, ctime, birthtime } = value;
    return { kind: "stats", mode: Number(value.mode), fields: { ...value, atime, mtime, ctime, birthtime } };
  }
  if (Array.isArray(value) && value[0] instanceof fs.Dirent)
    return { kind: "dirents", dirents: value.map(direntFields) };
  return { kind: "plain", value };
}

const isHandle = (value: unknown): value is VolumeFileHandle =>
  typeof value === "object" && value !== null && "datasync" in value;

const isBigIntStats = (value: unknown): value is fs.BigIntStats =>
  typeof value === "object" && value !== null && "mtimeNs" in value;

function direntFields(dirent: fs.Dirent | fs.Dirent<Buffer>) {
  const { constants } = fs;
  const mode = dirent.isFile()
    ? constants.S_IFREG
    : dirent.isDirectory()
      ? constants.S_IFDIR
      : dirent.isSymbolicLink()
        ? constants.S_IFLNK
        : dirent.isFIFO()
          ? constants.S_IFIFO
          : dirent.isSocket()
            ? constants.S_IFSOCK
            : dirent.isBlockDevice()
              ? constants.S_IFBLK
              : constants.S_IFCHR;
  return { name: dirent.name, mode };
}

function toFailure(error: NodeJS.ErrnoException): HelperFailure {
  const { message, code, errno, syscall, path } = error;
  return { message, code, errno, syscall, path };
}
