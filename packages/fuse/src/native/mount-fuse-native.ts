import { isMainThread } from "node:worker_threads";
import { CallContext, type Caller, type FileSystem, type Logger, UserError } from "@kedgefs/core";
import type { FuseMount } from "../mount/mount-kernel.ts";
import { mountAt } from "../mount/mountinfo.ts";
import { checkMountpoint, noteServed } from "../mount/mountpoint.ts";
import type { MountOptions } from "../mount/options.ts";
import type { AdapterState } from "./adapter-state.ts";
import { detach } from "./detach.ts";
import { devicePollMs, fuseDescriptors, isAnyOpen, whenClosed } from "./device-watch.ts";
import { checkFuse } from "./fuse-check.ts";
import { createNativeOperations } from "./fuse-native-operations.ts";
import { optionText, textBytesMax } from "./fuse-native-options.ts";
import { HandleTable } from "./handle-table.ts";
import { HiddenTargets } from "./hidden-targets.ts";
import { loadNativeBinding } from "./native-binding.ts";
import { NativeDispatcher } from "./native-dispatcher.ts";
import { startLibfuse } from "./start-libfuse.ts";

export interface MountFuseNativeOptions {
  /** An existing directory. */
  readonly mountpoint: string;
  /** What /proc/mounts shows as the device, for example "host:/export". */
  readonly source: string;
  /** The part of the file system type after "fuse."; "kedge" if left out. */
  readonly subtype?: string;
  /** `directIo` is always on here; `readaheadBytes` has no meaning, since there is no page cache to read ahead into. */
  readonly mountOptions: MountOptions;
  readonly logger: Logger;
}

/**
 * A mount by libfuse 2 that this process serves: what FuseMount is to the kernel driver, less the invalidations. `closed`
 * waits also for the release of everything that the mount held, and what `pause` holds up waits in this process.
 */
export type FuseNativeMount = Omit<FuseMount, "invalidateInode" | "invalidateEntry">;

/** How long the files of a mount that was torn down may take to be released. */
const releaseAllMs = 5_000;

/** libfuse cannot be told apart from a second one of the same process (its device, its threads), so there is one at a time. */
let taken = false;

/**
 * Mounts by libfuse 2 through the package fuse-native. Resolves once the kernel has greeted the mount (FUSE_INIT), so that it
 * answers. UserError where the package, the device, the mount point or the options do not allow it.
 */
export async function mountFuseNative(
  fileSystem: FileSystem,
  options: MountFuseNativeOptions,
): Promise<FuseNativeMount> {
  const binding = loadNativeBinding();
  if (!isMainThread) throw new Error("fuse-native answers on the main thread's loop and mounts only from there");
  if (taken) throw new UserError("this process has a mount by the driver fuse-native already, and can have only one");
  taken = true;
  try {
    const caller = callerOfThisProcess();
    const asRoot = caller.uid === 0;
    const { source, subtype = "kedge", mountOptions, logger } = options;
    const mountpoint = await checkMountpoint(options.mountpoint, `fuse.${subtype}`);
    if (Buffer.byteLength(mountpoint) > textBytesMax) {
      throw new UserError(`the mount point's path has more than ${textBytesMax} bytes, which fuse-native cannot carry`);
    }
    await checkFuse(asRoot);
    const text = optionText({ source, subtype, mountOptions, asRoot });

    const { node } = await fileSystem.root(new CallContext(caller));
    const reportUnexpected = (error: unknown): void =>
      logger.error("giving back a node or handle failed", { error: String(error) });
    const handles = new HandleTable();
    const hiddenTargets = new HiddenTargets();
    const state: AdapterState = { fileSystem, root: node, reportUnexpected, handles, hiddenTargets, logger };

    let device: ReadonlySet<string> | undefined;
    const isConnected = (): boolean => device === undefined || isAnyOpen(device);
    const operations = createNativeOperations(state);
    const dispatcher = new NativeDispatcher({ operations, caller, logger, isConnected });

    const before = await fuseDescriptors();
    const libfuse = startLibfuse(binding, { mountpoint, text, dispatcher });
    const own = new Set([...(await fuseDescriptors())].filter((fd) => !before.has(fd)));
    device = own;

    const closed = whenClosed(own).then(async () => {
      dispatcher.abort();
      await releaseAll(state, caller);
      await whenIdle(dispatcher);
      libfuse.end();
      taken = false;
    });
    noteServed(mountpoint, closed);
    await Promise.race([libfuse.greeted, closed.then(() => failEarly(mountpoint))]);
    logger.debug("mounted by fuse-native", { mountpoint, options: text });
    return {
      mountpoint,
      closed,
      async unmount({ lazy = false } = {}) {
        if ((await mountAt(mountpoint)) !== undefined) await detach(mountpoint, { lazy });
        if (!lazy) await closed;
      },
      inFlight: () => dispatcher.inFlight(),
      pause: () => dispatcher.pause(),
      resume: () => dispatcher.resume(),
    };
  } catch (error) {
    taken = false;
    throw error;
  }
}

function failEarly(mountpoint: string): never {
  throw new UserError(`${mountpoint} was unmounted before it was ready`);
}

/** Everybody's work on the mount is done as this process's user, since the binding tells of no other. */
function callerOfThisProcess(): Caller {
  return {
    uid: process.geteuid?.() ?? 0,
    gid: process.getegid?.() ?? 0,
    groups: process.getgroups?.() ?? [],
    pid: 0,
  };
}

/**
 * The kernel sends no release for what was open when a mount was torn down. A server that is away cannot hold this up for longer
 * than the time that is given to it: the calls are aborted then.
 */
async function releaseAll({ fileSystem, handles, reportUnexpected }: AdapterState, caller: Caller): Promise<void> {
  const context = new CallContext(caller);
  const timer = setTimeout(() => context.abort(), releaseAllMs);
  await Promise.all(
    handles.drain().map(async ({ node, handle, kind }) => {
      const release = kind === "file" ? fileSystem.release : fileSystem.releasedir;
      await release.call(fileSystem, { node, handle }, context).catch(reportUnexpected);
      await fileSystem.forget({ node, nlookup: 1 }, context).catch(reportUnexpected);
    }),
  );
  clearTimeout(timer);
}

/** libfuse removes hidden files (.fuse_hidden…) of a torn down mount after it closed the device, and needs our answers for it. */
async function whenIdle(dispatcher: NativeDispatcher): Promise<void> {
  do {
    await new Promise((resolve) => setTimeout(resolve, devicePollMs));
  } while (dispatcher.inFlight().length > 0);
}
