import type { BigIntStats, BigIntStatsFs, Stats, StatsFs } from "node:fs";
import type { SetattrRequest } from "@kedgefs/core";
import { bigIntStatsFromAttr, bigIntStatsFsFrom, statsFromAttr, statsFsFrom } from "./stats.ts";
import { setTimeFrom, setTimeFromExact } from "./times.ts";
import type { Volume, VolumePath, VolumeTime } from "./types.ts";
import { runCall, type VolumeContext } from "./volume-call.ts";

type AttributeCalls = Pick<
  Volume,
  | "stat"
  | "lstat"
  | "chmod"
  | "chown"
  | "lchown"
  | "utimes"
  | "lutimes"
  | "utimensat"
  | "truncate"
  | "access"
  | "statfs"
>;

/** chown(2) takes this for "leave it". */
const unchangedId = 0xffffffff;

/** A setattr request of one chown(2). */
export function ownersFrom(uid: number, gid: number): Pick<SetattrRequest, "uid" | "gid"> {
  const isId = (id: number) => id !== -1 && id !== unchangedId;
  return { ...(isId(uid) ? { uid } : {}), ...(isId(gid) ? { gid } : {}) };
}

export function attributeCalls(volume: VolumeContext): AttributeCalls {
  const attr = (syscall: string, path: VolumePath, follow: boolean) =>
    runCall(volume, { syscall, path }, async (call) => (await call.entry(path, follow)).attr);

  const set = (syscall: string, path: VolumePath, follow: boolean, change: () => Omit<SetattrRequest, "node">) =>
    runCall(volume, { syscall, path }, async (call) => {
      const node = await call.node(path, follow);
      await call.fileSystem.setattr({ node, ...change() }, call.context);
    });

  const times = (atime: VolumeTime, mtime: VolumeTime) => () => ({
    atime: setTimeFrom(atime),
    mtime: setTimeFrom(mtime),
  });

  function stat(path: VolumePath): Promise<Stats>;
  function stat(path: VolumePath, options: { bigint: true }): Promise<BigIntStats>;
  async function stat(path: VolumePath, options?: { bigint: true }): Promise<Stats | BigIntStats> {
    const found = await attr("stat", path, true);
    return options?.bigint ? bigIntStatsFromAttr(found) : statsFromAttr(found);
  }

  function lstat(path: VolumePath): Promise<Stats>;
  function lstat(path: VolumePath, options: { bigint: true }): Promise<BigIntStats>;
  async function lstat(path: VolumePath, options?: { bigint: true }): Promise<Stats | BigIntStats> {
    const found = await attr("lstat", path, false);
    return options?.bigint ? bigIntStatsFromAttr(found) : statsFromAttr(found);
  }

  function statfs(path: VolumePath): Promise<StatsFs>;
  function statfs(path: VolumePath, options: { bigint: true }): Promise<BigIntStatsFs>;
  async function statfs(path: VolumePath, options?: { bigint: true }): Promise<StatsFs | BigIntStatsFs> {
    const found = await runCall(volume, { syscall: "statfs", path }, async (call) =>
      call.fileSystem.statfs({ node: await call.node(path) }, call.context),
    );
    return options?.bigint ? bigIntStatsFsFrom(found) : statsFsFrom(found);
  }

  return {
    stat,
    lstat,
    statfs,
    chmod: (path, mode) => set("chmod", path, true, () => ({ mode: mode & 0o7777 })),
    chown: (path, uid, gid) => set("chown", path, true, () => ownersFrom(uid, gid)),
    lchown: (path, uid, gid) => set("lchown", path, false, () => ownersFrom(uid, gid)),
    utimes: (path, atime, mtime) => set("utime", path, true, times(atime, mtime)),
    lutimes: (path, atime, mtime) => set("lutime", path, false, times(atime, mtime)),
    utimensat: (path, atime, mtime, options) =>
      set("utimensat", path, !options?.nofollow, () => ({
        atime: setTimeFromExact(atime),
        mtime: setTimeFromExact(mtime),
      })),
    truncate: (path, length = 0) => set("ftruncate", path, true, () => ({ size: BigInt(length) })),
    access: (path, mode = 0) =>
      runCall(volume, { syscall: "access", path }, async (call) => {
        const node = await call.node(path);
        await call.fileSystem.access({ node, mask: mode }, call.context);
      }),
  };
}
