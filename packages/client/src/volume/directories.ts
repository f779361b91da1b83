import { batchesOf, direntOf, typeOf } from "./directory-batches.ts";
import type { Volume, VolumeDir, VolumeDirent, VolumePath } from "./types.ts";
import { runCall, type VolumeContext } from "./volume-call.ts";
import { VolumeDirectory } from "./volume-directory.ts";

interface ReaddirOptions {
  readonly withFileTypes?: boolean;
  readonly encoding?: "buffer";
}

export function directoryCalls(volume: VolumeContext): Pick<Volume, "readdir" | "opendir"> {
  const list = (path: VolumePath, withFileTypes: boolean) =>
    runCall(volume, { syscall: "scandir", path }, async (call) => {
      const node = await call.node(path);
      const found: { name: Buffer; mode: number }[] = [];
      for await (const batch of batchesOf(call, node)) {
        for (const entry of batch) {
          const mode = withFileTypes ? await typeOf(call, node, entry) : 0;
          found.push({ name: Buffer.from(entry.name), mode });
        }
      }
      return found;
    });

  function readdir(path: VolumePath): Promise<string[]>;
  function readdir(path: VolumePath, options: "buffer"): Promise<Buffer[]>;
  function readdir(path: VolumePath, options: { withFileTypes: true }): Promise<VolumeDirent[]>;
  function readdir(
    path: VolumePath,
    options: { withFileTypes: true; encoding: "buffer" },
  ): Promise<VolumeDirent<Buffer>[]>;
  async function readdir(
    path: VolumePath,
    options: "buffer" | ReaddirOptions = {},
  ): Promise<string[] | Buffer[] | VolumeDirent[] | VolumeDirent<Buffer>[]> {
    const { withFileTypes = false, encoding } = options === "buffer" ? { encoding: options } : options;
    const found = await list(path, withFileTypes);
    if (encoding === "buffer") {
      return withFileTypes ? found.map(({ name, mode }) => direntOf(name, mode)) : found.map(({ name }) => name);
    }
    const named = found.map(({ name, mode }) => ({ name: name.toString(), mode }));
    return withFileTypes ? named.map(({ name, mode }) => direntOf(name, mode)) : named.map(({ name }) => name);
  }

  const opendir = (path: string): Promise<VolumeDir> =>
    runCall(volume, { syscall: "opendir", path }, async (call) => {
      const node = await call.node(path);
      const { handle } = await call.fileSystem.opendir({ node }, call.context);
      return new VolumeDirectory(volume, path, { node, handle, held: call.keep(node) });
    });

  return { readdir, opendir };
}
