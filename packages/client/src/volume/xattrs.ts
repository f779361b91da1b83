import type { NodeId } from "@kedgefs/core";
import type { VolumePath, XattrCalls } from "./types.ts";
import { runCall, type VolumeCall, type VolumeContext } from "./volume-call.ts";

export function xattrCalls(volume: VolumeContext): XattrCalls {
  const on = <Result>(
    syscall: string,
    path: VolumePath,
    options: { nofollow?: boolean } | undefined,
    body: (call: VolumeCall, node: NodeId) => Promise<Result>,
  ): Promise<Result> =>
    runCall(volume, { syscall, path }, async (call) => body(call, await call.node(path, !options?.nofollow)));

  return {
    getxattr: (path, name, options) =>
      on("getxattr", path, options, async ({ fileSystem, context }, node) => {
        const { value } = await fileSystem.getxattr({ node, name: Buffer.from(name) }, context);
        return Buffer.from(value);
      }),
    setxattr: (path, name, value, flags = 0, options) =>
      on("setxattr", path, options, ({ fileSystem, context }, node) =>
        fileSystem.setxattr({ node, name: Buffer.from(name), value, flags }, context),
      ),
    listxattr: (path, options) =>
      on("listxattr", path, options, async ({ fileSystem, context }, node) => {
        const { names } = await fileSystem.listxattr({ node }, context);
        return Buffer.from(names).toString().split("\0").slice(0, -1);
      }),
    removexattr: (path, name, options) =>
      on("removexattr", path, options, ({ fileSystem, context }, node) =>
        fileSystem.removexattr({ node, name: Buffer.from(name) }, context),
      ),
  };
}
