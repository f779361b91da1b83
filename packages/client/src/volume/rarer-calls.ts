import { O_RDONLY, O_RDWR } from "@kedgefs/core";
import { O_TMPFILE, type OpenNode, openPath } from "./open-path.ts";
import type { RarerCalls, VolumePath } from "./types.ts";
import { runCall, type VolumeCall, type VolumeContext } from "./volume-call.ts";

/** Opens a file for one call, and closes it. */
async function opened<Result>(
  call: VolumeCall,
  path: VolumePath,
  flags: number,
  body: (open: OpenNode) => Promise<Result>,
): Promise<Result> {
  const { fileSystem, context } = call;
  const open = await openPath(call, path, flags, 0o666);
  try {
    return await body(open);
  } finally {
    const { node, handle } = open;
    await (open.isDirectory
      ? fileSystem.releasedir({ node, handle }, context)
      : fileSystem.release({ node, handle }, context));
  }
}

export function rarerCalls(volume: VolumeContext): RarerCalls {
  const on = <Result>(
    syscall: string,
    path: VolumePath,
    flags: number,
    body: (call: VolumeCall, open: OpenNode) => Promise<Result>,
  ): Promise<Result> =>
    runCall(volume, { syscall, path }, (call) => opened(call, path, flags, (open) => body(call, open)));

  return {
    fallocate: (path, mode, offset, length) =>
      on("fallocate", path, O_RDWR, ({ fileSystem, context }, { node, handle }) =>
        fileSystem.fallocate({ node, handle, mode, offset, length }, context),
      ),
    lseek: (path, offset, whence) =>
      on("lseek", path, O_RDONLY, async ({ fileSystem, context }, { node, handle }) => {
        const reply = await fileSystem.lseek({ node, handle, offset, whence }, context);
        return reply.offset;
      }),
    copyFileRange: (path, offset, newPath, newOffset, length) =>
      on("copy_file_range", path, O_RDONLY, (call, { node, handle }) =>
        opened(call, newPath, O_RDWR, async ({ node: newNode, handle: newHandle }) => {
          const request = { node, handle, offset, newNode, newHandle, newOffset, length };
          return (await call.fileSystem.copyFileRange(request, call.context)).size;
        }),
      ),
    getInodeFlags: (path) =>
      on("ioctl", path, O_RDONLY, async ({ fileSystem, context }, { node, handle }) => {
        const { flags } = await fileSystem.getInodeFlags({ node, handle }, context);
        return flags;
      }),
    setInodeFlags: (path, flags) =>
      on("ioctl", path, O_RDONLY, ({ fileSystem, context }, { node, handle }) =>
        fileSystem.setInodeFlags({ node, handle, flags }, context),
      ),
    nameUnnamed: (directory, data, newPath, flags = 0) =>
      on("linkat", directory, O_TMPFILE | O_RDWR | flags, async (call, { node, handle }) => {
        const { fileSystem, context } = call;
        await fileSystem.write({ node, handle, offset: 0n, data: Buffer.from(data) }, context);
        const { parent, name } = await call.place(newPath);
        call.hold(await fileSystem.link({ node, newParent: parent, newName: name }, context));
      }),
  };
}
