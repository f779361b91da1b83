import { type CallContext, RENAME_NOREPLACE } from "@kedgefs/core";
import { type AdapterState, walking } from "./adapter-state.ts";
import type { NativeOperations } from "./native-operations.ts";
import { nameFromText, notUtf8, textFromBytes } from "./native-path.ts";

type NameOperations = Pick<
  NativeOperations,
  "readlink" | "mknod" | "mkdir" | "symlink" | "link" | "unlink" | "rmdir" | "rename"
>;

/** What makes, moves and removes names. The kernel has applied the umask to every mode. */
export function createNameOperations(state: AdapterState): NameOperations {
  const { fileSystem, hiddenTargets, logger } = state;

  const rename = (context: CallContext, path: string, newPath: string, flags: number): Promise<void> =>
    walking(state, context, async (walk) => {
      const from = await walk.toParent(path);
      const to = await walk.toParent(newPath);
      await fileSystem.rename({ ...from, newParent: to.parent, newName: to.name, flags }, context);
    });

  const putBack = async (context: CallContext, hidden: string, path: string): Promise<void> => {
    try {
      await rename(context, hidden, path, RENAME_NOREPLACE);
    } catch (error) {
      logger.error("a rename onto an open file failed, and the file could not be put back", {
        path,
        hidden,
        error: String(error),
      });
    }
  };

  return {
    readlink: (context, path) =>
      walking(state, context, async (walk) => {
        const { node } = await walk.to(path);
        const { target } = await fileSystem.readlink({ node }, context);
        const text = textFromBytes(target);
        if (text === undefined) throw notUtf8();
        return text;
      }),

    mknod: (context, path, mode, rdev) =>
      walking(state, context, async (walk) => {
        const place = await walk.toParent(path);
        walk.took(await fileSystem.mknod({ ...place, mode, rdev }, context));
      }),

    mkdir: (context, path, mode) =>
      walking(state, context, async (walk) => {
        const place = await walk.toParent(path);
        walk.took(await fileSystem.mkdir({ ...place, mode: mode & 0o7777 }, context));
      }),

    symlink: (context, target, path) =>
      walking(state, context, async (walk) => {
        const place = await walk.toParent(path);
        walk.took(await fileSystem.symlink({ ...place, target: nameFromText(target) }, context));
      }),

    link: (context, path, newPath) =>
      walking(state, context, async (walk) => {
        const { node } = await walk.to(path);
        const { parent, name } = await walk.toParent(newPath);
        walk.took(await fileSystem.link({ node, newParent: parent, newName: name }, context));
      }),

    unlink: (context, path) =>
      walking(state, context, async (walk) => {
        hiddenTargets.removed(path);
        await fileSystem.unlink(await walk.toParent(path), context);
      }),

    rmdir: (context, path) =>
      walking(state, context, async (walk) => {
        await fileSystem.rmdir(await walk.toParent(path), context);
      }),

    async rename(context, path, newPath) {
      try {
        await rename(context, path, newPath, 0);
        hiddenTargets.renamed(path, newPath);
      } catch (error) {
        const hidden = hiddenTargets.take(newPath);
        if (hidden !== undefined) await putBack(context, hidden, newPath);
        throw error;
      }
    },
  };
}
