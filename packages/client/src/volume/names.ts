import { FsError, isDirectory, RENAME_EXCHANGE, RENAME_NOREPLACE } from "@kedgefs/core";
import { pathBytes } from "./path.ts";
import type { Volume, VolumePath } from "./types.ts";
import { type Place, runCall, type VolumeCall, type VolumeContext } from "./volume-call.ts";

type NameCalls = Pick<Volume, "rmdir" | "unlink" | "rename" | "renameat2" | "link" | "symlink" | "readlink" | "mknod">;

export function nameCalls(volume: VolumeContext): NameCalls {
  const rename = (syscall: string, oldPath: VolumePath, newPath: VolumePath, flags: number) =>
    runCall(volume, { syscall, path: oldPath, dest: newPath }, async (call) => {
      const from = await call.place(oldPath);
      const to = await call.place(newPath).catch(async (error) => {
        // The first path's last directory is searched before the second path is walked.
        await call.requireSearch(from.parent);
        throw error;
      });
      if (isUnusual(from) || isUnusual(to)) await requireRenamable(call, from, to, flags);
      const request = { parent: from.parent, name: from.name, newParent: to.parent, newName: to.name, flags };
      await call.fileSystem.rename(request, call.context);
    });

  function readlink(path: VolumePath): Promise<string>;
  function readlink(path: VolumePath, encoding: "buffer"): Promise<Buffer>;
  async function readlink(path: VolumePath, encoding?: "buffer"): Promise<string | Buffer> {
    const target = await runCall(volume, { syscall: "readlink", path }, async (call) => {
      const node = await call.node(path, false);
      return Buffer.from((await call.fileSystem.readlink({ node }, call.context)).target);
    });
    return encoding === "buffer" ? target : target.toString();
  }

  return {
    readlink,
    rename: (oldPath, newPath) => rename("rename", oldPath, newPath, 0),
    renameat2: (oldPath, newPath, flags) => rename("renameat2", oldPath, newPath, flags),

    rmdir: (path) =>
      runCall(volume, { syscall: "rmdir", path }, async (call) => {
        const { parent, name, last } = await call.place(path);
        if (last !== "name") throw new FsError(rmdirErrno[last]);
        await call.fileSystem.rmdir({ parent, name }, call.context);
      }),

    unlink: (path) =>
      runCall(volume, { syscall: "unlink", path }, async (call) => {
        const { parent, name, last, trailingSlash } = await call.place(path);
        if (last !== "name") throw new FsError("EISDIR");
        if (trailingSlash) {
          const { attr } = await call.lookup(parent, name);
          throw new FsError(isDirectory(attr.mode) ? "EISDIR" : "ENOTDIR");
        }
        await call.fileSystem.unlink({ parent, name }, call.context);
      }),

    link: (existingPath, newPath) =>
      runCall(volume, { syscall: "link", path: existingPath, dest: newPath }, async (call) => {
        const node = await call.node(existingPath, false);
        const { parent, name } = await newNonDirectory(call, newPath);
        call.hold(await call.fileSystem.link({ node, newParent: parent, newName: name }, call.context));
      }),

    symlink: (target, path) =>
      runCall(volume, { syscall: "symlink", path: target, dest: path }, async (call) => {
        const bytes = pathBytes(target);
        const { parent, name } = await newNonDirectory(call, path);
        call.hold(await call.fileSystem.symlink({ parent, name, target: bytes }, call.context));
      }),

    mknod: (path, mode, rdev = 0) =>
      runCall(volume, { syscall: "mknod", path }, async (call) => {
        const { parent, name } = await newNonDirectory(call, path);
        call.hold(await call.fileSystem.mknod({ parent, name, mode, umask: call.umask, rdev }, call.context));
      }),
  };
}

// do_rmdir in the kernel's fs/namei.c.
const rmdirErrno = { dot: "EINVAL", dotdot: "ENOTEMPTY", root: "EBUSY" } as const;

/** The place of a new name that will not be a directory's: filename_create in the kernel's fs/namei.c. */
async function newNonDirectory(call: VolumeCall, path: VolumePath): Promise<Place> {
  const place = await call.place(path);
  if (place.last !== "name") throw new FsError("EEXIST");
  if (place.trailingSlash) {
    await call.lookup(place.parent, place.name);
    throw new FsError("EEXIST");
  }
  return place;
}

const isUnusual = ({ last, trailingSlash }: Place): boolean => last !== "name" || trailingSlash;

/** What special last components and trailing slashes ask for, in the order of do_renameat2 in the kernel's fs/namei.c. */
async function requireRenamable(call: VolumeCall, from: Place, to: Place, flags: number): Promise<void> {
  for (const { parent, last } of [from, to]) if (last !== "root") await call.requireSearch(parent);
  if (from.last !== "name") throw new FsError("EBUSY");
  if (to.last !== "name") throw new FsError(flags === RENAME_NOREPLACE ? "EEXIST" : "EBUSY");
  const source = await call.lookup(from.parent, from.name);
  const target = flags === 0 ? undefined : await call.lookupIfThere(to);
  if (flags === RENAME_NOREPLACE && target !== undefined) throw new FsError("EEXIST");
  if (flags === RENAME_EXCHANGE) {
    if (target === undefined) throw new FsError("ENOENT");
    if (to.trailingSlash && !isDirectory(target.attr.mode)) throw new FsError("ENOTDIR");
  }
  const asksDirectory = from.trailingSlash || (flags !== RENAME_EXCHANGE && to.trailingSlash);
  if (asksDirectory && !isDirectory(source.attr.mode)) throw new FsError("ENOTDIR");
}
