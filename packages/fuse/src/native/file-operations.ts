import { FsError, O_CREAT, O_EXCL, O_RDWR } from "@kedgefs/core";
import { type AdapterState, walking } from "./adapter-state.ts";
import type { NativeOperations } from "./native-operations.ts";
import { forget } from "./path-walk.ts";

type FileOperations = Pick<NativeOperations, "open" | "create" | "read" | "write" | "flush" | "fsync" | "release">;

/** Files by their open number. The path that the binding passes along may lead elsewhere by now and is not looked at. */
export function createFileOperations(state: AdapterState): FileOperations {
  const { fileSystem, handles } = state;
  return {
    open: (context, path, flags) =>
      walking(state, context, async (walk) => {
        const { node } = await walk.to(path);
        const fd = handles.reserve();
        try {
          const { handle } = await fileSystem.open({ node, flags }, context);
          handles.fill(fd, { kind: "file", node, handle });
        } catch (error) {
          handles.remove(fd);
          throw error;
        }
        walk.leave(node);
        return fd;
      }),

    /**
     * The binding drops the flags. The kernel asks for a create only where it saw no file, so only one that came in between can
     * be met: O_EXCL finds it. Whether the program wanted O_EXCL is not known, but the kernel knows: at ESTALE it looks again
     * (LOOKUP_REVAL in do_filp_open) and opens, truncates or refuses what it then finds, as the program asked.
     */
    create: (context, path, mode) =>
      walking(state, context, async (walk) => {
        const place = await walk.toParent(path);
        const fd = handles.reserve();
        try {
          const flags = O_RDWR | O_CREAT | O_EXCL;
          const reply = await fileSystem.create({ ...place, mode: mode & 0o7777, flags }, context);
          // Not `took`: the one reference that the answer gave belongs to the open file from here on.
          handles.fill(fd, { kind: "file", node: reply.node, handle: reply.handle });
        } catch (error) {
          handles.remove(fd);
          if ((error as { code?: unknown } | null)?.code === "EEXIST") {
            throw new FsError("ESTALE", "the file came into being between lookup and create");
          }
          throw error;
        }
        return fd;
      }),

    async read(context, fd, size, offset) {
      const { data } = await fileSystem.read({ ...handles.get(fd), size, offset }, context);
      return data;
    },

    async write(context, fd, data, offset) {
      const { size } = await fileSystem.write({ ...handles.get(fd), data, offset }, context);
      return size;
    },

    flush: (context, fd) => fileSystem.flush(handles.get(fd), context),

    fsync: (context, fd, datasync) => fileSystem.fsync({ ...handles.get(fd), datasync }, context),

    async release(context, fd) {
      const open = handles.get(fd);
      handles.remove(fd);
      try {
        await fileSystem.release(open, context);
      } finally {
        forget(state, context, open.node, 1);
      }
    },
  };
}
