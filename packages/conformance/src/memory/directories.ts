import {
  type DirEntry,
  direntType,
  type FileSystem,
  FsError,
  O_RDONLY,
  type ReaddirRequest,
  S_IFDIR,
} from "@kedgefs/core";
import { cookieOfDot, cookieOfDotDot } from "./directory-entries.ts";
import type { DirectoryInode } from "./inode.ts";
import { entryOf } from "./names.ts";
import { mayExecute, mayRead, permits, requirePermission } from "./permission.ts";
import { type MemoryState, nameFromKey } from "./state.ts";

type DirectoryOperations = Pick<FileSystem, "opendir" | "readdir" | "readdirplus" | "releasedir" | "fsyncdir">;

/** struct fuse_direntplus without the name, bytes (linux/fuse.h); names are padded to a multiple of 8. */
const direntplusBytes = 152;

export function directoryOperations(state: MemoryState): DirectoryOperations {
  const directoryOf = ({ node, handle }: Pick<ReaddirRequest, "node" | "handle">): DirectoryInode => {
    const { inode } = state.handle(handle, node);
    if (inode.kind !== "directory") throw new FsError("ENOTDIR");
    return inode;
  };

  const list = (request: ReaddirRequest, plus: boolean) => {
    const directory = directoryOf(request);
    if (directory.nlink === 0) throw new FsError("ENOENT");
    directory.atime = state.now();
    const entries: DirEntry[] = [];
    let bytes = 0;
    for (const entry of entriesAfter(directory, request.offset, plus)) {
      bytes += direntplusBytes + ((entry.name.length + 7) & ~7);
      if (entries.length > 0 && bytes > request.size) return { entries, end: false };
      entries.push(entry);
    }
    return { entries, end: true };
  };

  return {
    async opendir({ node }, { caller }) {
      const directory = state.directory(node);
      requirePermission(directory, caller, mayRead);
      return { handle: state.openHandle(directory, O_RDONLY) };
    },
    async readdir(request) {
      return list(request, false);
    },
    async readdirplus(request, { caller }) {
      return list(request, permits(state.directory(request.node), caller, mayExecute));
    },
    async releasedir({ node, handle }) {
      directoryOf({ node, handle });
      state.closeHandle(handle, node);
    },
    async fsyncdir({ node, handle }) {
      directoryOf({ node, handle });
    },
  };
}

function* entriesAfter(directory: DirectoryInode, offset: bigint, plus: boolean): Generator<DirEntry> {
  const type = direntType(S_IFDIR);
  if (offset < cookieOfDot) yield { name: Buffer.from("."), ino: directory.ino, type, offset: cookieOfDot };
  if (offset < cookieOfDotDot) {
    yield { name: Buffer.from(".."), ino: directory.parent.ino, type, offset: cookieOfDotDot };
  }
  for (const { key, cookie, inode } of directory.entries.after(offset)) {
    const entry = { name: nameFromKey(key), ino: inode.ino, type: direntType(inode.mode), offset: cookie };
    yield plus ? { ...entry, entry: entryOf(inode) } : entry;
  }
}
