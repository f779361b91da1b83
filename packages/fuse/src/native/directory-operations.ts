import { type CallContext, type DirEntry, FsError, type HandleRequest, limits } from "@kedgefs/core";
import { type AdapterState, walking } from "./adapter-state.ts";
import type { NativeOperations } from "./native-operations.ts";
import { shownTextFromBytes, textFromBytes } from "./native-path.ts";
import { forget } from "./path-walk.ts";

type DirectoryOperations = Pick<NativeOperations, "opendir" | "readdir" | "fsyncdir" | "releasedir">;

/** Most entries of one directory. libfuse 2 keeps a listing in memory as a whole, and so does the array that carries it there. */
export const readdirEntriesMax = 1 << 20;

export function createDirectoryOperations(state: AdapterState): DirectoryOperations {
  const { fileSystem, handles } = state;
  const warnOfName = createNameWarning(state);
  return {
    opendir: (context, path) =>
      walking(state, context, async (walk) => {
        const { node } = await walk.to(path);
        const fd = handles.reserve();
        try {
          const { handle } = await fileSystem.opendir({ node }, context);
          handles.fill(fd, { kind: "directory", node, handle });
        } catch (error) {
          handles.remove(fd);
          throw error;
        }
        walk.leave(node);
        return fd;
      }),

    /** The binding passes a path and no number, so a listing opens the directory for itself. EOVERFLOW past the bound. */
    readdir: (context, path) =>
      walking(state, context, async (walk) => {
        const { node } = await walk.to(path);
        const { handle } = await fileSystem.opendir({ node }, context);
        try {
          const entries = await readAll(state, context, { node, handle });
          for (const { name } of entries) if (textFromBytes(name) === undefined) warnOfName(path, name);
          return entries;
        } finally {
          fileSystem.releasedir({ node, handle }, context).catch(state.reportUnexpected);
        }
      }),

    fsyncdir: (context, fd, datasync) => fileSystem.fsyncdir({ ...handles.get(fd), datasync }, context),

    async releasedir(context, fd) {
      const open = handles.get(fd);
      handles.remove(fd);
      try {
        await fileSystem.releasedir(open, context);
      } finally {
        forget(state, context, open.node, 1);
      }
    },
  };
}

async function readAll(state: AdapterState, context: CallContext, open: HandleRequest): Promise<readonly DirEntry[]> {
  const all: DirEntry[] = [];
  for (let offset = 0n; ; ) {
    const { entries, end } = await state.fileSystem.readdir({ ...open, offset, size: limits.readdirBytesMax }, context);
    for (const entry of entries) all.push(entry);
    if (all.length > readdirEntriesMax) {
      throw new FsError("EOVERFLOW", `a directory has more than ${readdirEntriesMax} entries`);
    }
    const last = entries.at(-1);
    if (end || last === undefined) return all;
    offset = last.offset;
  }
}

/** Says once for each mount that there are names that cannot be reached; a listing may hold thousands. */
function createNameWarning({ logger }: AdapterState): (path: string, name: Uint8Array) => void {
  let said = false;
  return (path, name) => {
    if (said) return;
    said = true;
    logger.warn("names that are not valid UTF-8 are listed, but fuse-native cannot open or remove them (EILSEQ)", {
      directory: path,
      name: shownTextFromBytes(name),
    });
  };
}
