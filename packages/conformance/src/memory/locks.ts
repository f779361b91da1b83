import {
  type FileSystem,
  FsError,
  type GetlkRequest,
  type HandleId,
  type LockAsk,
  type LockManager,
  lockChangeOf,
  lockLengthOf,
  type NodeId,
  O_ACCMODE,
  O_RDONLY,
  O_WRONLY,
} from "@kedgefs/core";
import type { MemoryState } from "./state.ts";

export function lockOperations(
  state: MemoryState,
  locks: LockManager<NodeId, HandleId>,
): Pick<FileSystem, "getlk" | "setlk"> {
  const askOf = (request: GetlkRequest): LockAsk<NodeId, HandleId> => {
    const { node, handle, kind, owner, pid } = request;
    state.handle(handle, node);
    return { file: node, kind, owner, change: lockChangeOf(request), pid, through: handle };
  };
  return {
    async getlk(request) {
      const found = locks.getlk(askOf(request));
      if (found === undefined) return {};
      const { range, pid, owner } = found;
      return { lock: { type: range.type, start: range.start, length: lockLengthOf(range), pid }, owner };
    },

    async setlk(request, context) {
      const ask = askOf(request);
      const access = state.handle(request.handle, request.node).flags & O_ACCMODE;
      const { type } = ask.change;
      const isForbidden = (type === "read" && access === O_WRONLY) || (type === "write" && access === O_RDONLY);
      if (ask.kind === "posix" && isForbidden) throw new FsError("EBADF");
      await locks.setlk(ask, request.wait ? context : undefined);
    },
  };
}
