import { constants } from "node:fs";
import { O_CREAT, O_EXCL, O_RDONLY, O_WRONLY } from "@kedgefs/core";
import { FileHandle } from "./file-handle.ts";
import { nodeError } from "./node-error.ts";
import { openFlagsFrom } from "./open-flags.ts";
import { openPath } from "./open-path.ts";
import type { Volume, VolumeFileHandle, VolumePath, WriteFileOptions } from "./types.ts";
import { runCall, type VolumeContext } from "./volume-call.ts";

type FileCalls = Pick<Volume, "open" | "readFile" | "writeFile" | "appendFile" | "copyFile">;

const defaultMode = 0o666;
const copyChunkBytes = 1 << 20;

export function fileCalls(volume: VolumeContext): FileCalls {
  const open = (path: VolumePath, flags: string | number = "r", mode = defaultMode): Promise<FileHandle> =>
    runCall(volume, { syscall: "open", path }, async (call) => {
      const numeric = openFlagsFrom(flags);
      const opened = await openPath(call, path, numeric, mode);
      return new FileHandle(volume, opened, numeric, call.keep(opened.node));
    });

  function readFile(path: VolumePath): Promise<Buffer>;
  function readFile(path: VolumePath, encoding: "utf8"): Promise<string>;
  async function readFile(path: VolumePath, encoding?: "utf8"): Promise<Buffer | string> {
    const data = await using(open(path, "r"), (handle) => handle.readFile());
    return encoding === undefined ? data : data.toString(encoding);
  }

  const write = (path: VolumePath, data: string | Uint8Array, flag: string, mode?: number) =>
    using(open(path, flag, mode), (handle) => handle.writeFile(data));

  return {
    open,
    readFile,
    writeFile: (path, data, options: WriteFileOptions = {}) => write(path, data, options.flag ?? "w", options.mode),
    appendFile: (path, data, options: WriteFileOptions = {}) => write(path, data, options.flag ?? "a", options.mode),
    copyFile: async (source, destination, mode = 0) => {
      if ((mode & constants.COPYFILE_FICLONE_FORCE) !== 0) {
        const unsupported = Object.assign(new Error(), { code: "ENOTSUP" });
        throw nodeError(unsupported, { syscall: "copyfile", path: source, dest: destination });
      }
      const exclusive = (mode & constants.COPYFILE_EXCL) === 0 ? 0 : O_EXCL;
      await using(open(source, O_RDONLY), async (from) => {
        const { mode: permissions } = await from.stat();
        const made = open(destination, O_WRONLY | O_CREAT | exclusive, permissions & 0o7777);
        await using(made, (to) => copyContents(from, to));
      });
    },
  };
}

async function using<Result>(
  opening: Promise<VolumeFileHandle>,
  body: (handle: VolumeFileHandle) => Promise<Result>,
): Promise<Result> {
  const handle = await opening;
  try {
    return await body(handle);
  } finally {
    await handle.close();
  }
}

async function copyContents(from: VolumeFileHandle, to: VolumeFileHandle): Promise<void> {
  const [source, destination] = await Promise.all([from.stat({ bigint: true }), to.stat({ bigint: true })]);
  // A copy onto itself would begin by emptying the file.
  if (source.ino === destination.ino) return;
  await to.truncate(0);
  await to.chmod(Number(source.mode & 0o7777n));
  const chunk = Buffer.allocUnsafe(copyChunkBytes);
  for (let ended = false; !ended; ) {
    const { bytesRead } = await from.read(chunk);
    await to.write(chunk, 0, bytesRead);
    ended = bytesRead < chunk.length;
  }
}
