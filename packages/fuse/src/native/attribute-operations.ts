import type { SetattrRequest } from "@kedgefs/core";
import { type AdapterState, walking } from "./adapter-state.ts";
import type { NativeOperations } from "./native-operations.ts";

type AttributeOperations = Pick<
  NativeOperations,
  "access" | "statfs" | "getattr" | "fgetattr" | "truncate" | "ftruncate" | "utimens" | "chown" | "chmod"
>;

const leaveAsItIs = 0xffff_ffff;

/** What is asked or set of a node, by its path or by an open file. */
export function createAttributeOperations(state: AdapterState): AttributeOperations {
  const { fileSystem, handles } = state;

  const setattr = (
    context: Parameters<NativeOperations["chmod"]>[0],
    path: string,
    change: Omit<SetattrRequest, "node" | "handle">,
  ): Promise<void> =>
    walking(state, context, async (walk) => {
      const { node } = await walk.to(path);
      await fileSystem.setattr({ node, ...change }, context);
    });

  return {
    access: (context, path, mask) =>
      walking(state, context, async (walk) => {
        const { node } = await walk.to(path);
        await fileSystem.access({ node, mask }, context);
      }),

    statfs: (context, path) =>
      walking(state, context, async (walk) => {
        const { node } = await walk.to(path);
        return await fileSystem.statfs({ node }, context);
      }),

    getattr(context, path) {
      state.hiddenTargets.lookedAt(path);
      return walking(state, context, async (walk) => {
        const { node, attr } = await walk.to(path);
        return attr ?? (await fileSystem.getattr({ node }, context)).attr;
      });
    },

    async fgetattr(context, fd) {
      const reply = await fileSystem.getattr(handles.get(fd), context);
      return reply.attr;
    },

    truncate: (context, path, size) => setattr(context, path, { size }),

    async ftruncate(context, fd, size) {
      await fileSystem.setattr({ ...handles.get(fd), size }, context);
    },

    utimens: (context, path, { atime, mtime }) =>
      setattr(context, path, { atime: { ...atime, now: false }, mtime: { ...mtime, now: false } }),

    chown: (context, path, uid, gid) =>
      setattr(context, path, {
        uid: uid === leaveAsItIs ? undefined : uid,
        gid: gid === leaveAsItIs ? undefined : gid,
      }),

    chmod: (context, path, mode) => setattr(context, path, { mode: mode & 0o7777 }),
  };
}
