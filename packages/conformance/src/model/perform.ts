import type { CaseApi } from "../case.ts";
import type { ExactTime, VolumeFileHandle } from "../volume-api.ts";
import type { Action, Operation } from "./operation.ts";
import { comparable, digest, type World } from "./world.ts";

const nsPerSec = 1_000_000_000n;

/** Runs an operation in a world and tells its outcome in a form that can be compared: a value, or an errno name. */
export async function perform(world: World, { action, actor, view }: Operation): Promise<unknown> {
  const api = world.apis[view]?.[actor];
  // Whether others may link a file that is not theirs is a setting of the machine (protected_hardlinks in proc(5)).
  const chosen = action.kind === "link" ? world.apis[view]?.[0] : api;
  if (chosen === undefined) throw new Error("an operation names an actor that is not there");
  try {
    return { value: await run(world, chosen, action, world.dirs[view] ?? world.dirs[0]) };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (typeof code !== "string" || !/^E[A-Z0-9]+$/.test(code)) throw error;
    return { error: code };
  }
}

async function run(world: World, fs: CaseApi, action: Action, dir: string): Promise<unknown> {
  if ("slot" in action) return runOnHandle(world, fs, action, dir);
  const path = `${dir}/${action.path}`;
  switch (action.kind) {
    case "writeFile":
    case "appendFile":
      return fs[action.kind](path, Buffer.alloc(action.size, action.fill));
    case "mkdir":
      return fs.mkdir(path, { mode: action.mode });
    case "chmod":
      return fs.chmod(path, action.mode);
    case "rmdir":
    case "unlink":
    case "readlink":
      return fs[action.kind](path);
    case "readdir":
      return (await fs.readdir(path)).sort();
    case "stat":
    case "lstat":
      return comparable(world, await fs[action.kind](path, { bigint: true }));
    case "readFile":
      return digest(await fs.readFile(path));
    case "rename":
    case "link":
      return fs[action.kind](path, `${dir}/${action.newPath}`);
    case "renameat2":
      return fs.renameat2(path, `${dir}/${action.newPath}`, action.flags);
    case "symlink":
      return fs.symlink(
        action.absolute && world.absoluteLinks ? `${world.dirs[0]}/${action.target}` : action.target,
        path,
      );
    case "chown":
    case "lchown":
      return fs[action.kind](path, action.uid, action.gid);
    case "truncate":
      return truncate(fs, path, action.size);
    case "utimensat": {
      const time: ExactTime = typeof action.sec === "string" ? action.sec : BigInt(action.sec) * nsPerSec + 7n;
      return fs.utimensat(path, time, time, { nofollow: action.nofollow });
    }
    case "access":
      return fs.access(path, action.mode);
  }
}

/** node's truncate is an open and an ftruncate, which changes times even where truncate(2) finds nothing to do. */
async function truncate(fs: CaseApi, path: string, size: number): Promise<void> {
  const handle = await fs.open(path, "r+");
  try {
    await handle.truncate(size);
  } finally {
    await handle.close();
  }
}

type HandleAction = Extract<Action, { slot: number }>;

async function runOnHandle(world: World, fs: CaseApi, action: HandleAction, dir: string): Promise<unknown> {
  const handle = world.handles.get(action.slot);
  if (action.kind === "open") {
    const opened = await fs.open(`${dir}/${action.path}`, action.flags, action.mode);
    world.handles.set(action.slot, opened);
    return handle?.close();
  }
  if (handle === undefined) return "nothing is open";
  if (action.kind === "close") {
    world.handles.delete(action.slot);
    return handle.close();
  }
  return useHandle(world, handle, action);
}

async function useHandle(
  world: World,
  handle: VolumeFileHandle,
  action: Exclude<HandleAction, { kind: "open" | "close" }>,
): Promise<unknown> {
  switch (action.kind) {
    case "handleWrite":
      return (await handle.write(Buffer.alloc(action.size, action.fill), 0, action.size, action.at)).bytesWritten;
    case "handleRead": {
      const buffer = Buffer.alloc(action.size);
      const { bytesRead } = await handle.read(buffer, 0, action.size, action.at);
      return digest(buffer.subarray(0, bytesRead));
    }
    case "handleTruncate":
      return handle.truncate(action.size);
    case "handleChmod":
      return handle.chmod(action.mode);
    case "handleStat":
      return comparable(world, await handle.stat({ bigint: true }));
    case "handleSync":
      return handle.datasync();
  }
}
