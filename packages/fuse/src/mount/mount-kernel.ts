import { endianness } from "node:os";
import type { FileSystem, Logger, Name, NodeId } from "@kedgefs/core";
import { rootContext, UserError } from "@kedgefs/core";
import type { InFlightRequest } from "../calls.ts";
import { FuseDevice } from "../device.ts";
import { Driver } from "../driver.ts";
import { REQUEST_ROOM_BYTES } from "../protocol/constants.ts";
import { encodeIncEpoch, encodeInvalEntry, encodeInvalInode } from "../protocol/notify.ts";
import { ReadGate } from "../read-gate.ts";
import { mountAsRoot } from "./mount-root.ts";
import { mountAsUser } from "./mount-user.ts";
import { mountAt, mountWithin } from "./mountinfo.ts";
import { checkMountpoint, noteServed } from "./mountpoint.ts";
import { type MountOptions, mayTellNames } from "./options.ts";
import { raiseReadahead } from "./readahead.ts";
import { type UnmountOptions, unmountPath } from "./unmount.ts";

export interface MountKernelOptions {
  /** An existing directory. */
  readonly mountpoint: string;
  /** What /proc/mounts shows as the device, for example "host:/export". */
  readonly source: string;
  /** The part of the file system type after "fuse."; "kedge" if left out. */
  readonly subtype?: string;
  readonly mountOptions: MountOptions;
  /** Whether the FileSystem answers under leases, so that the kernel may be told names; as `onRecall` if left out. */
  readonly leases?: boolean;
  /** Where the FileSystem answers under leases: it calls the listener for each recall, and waits for what that returns. */
  readonly onRecall?: (listener: RecallListener) => void;
  readonly logger: Logger;
}

/** `node` undefined: every node. */
export type RecallListener = (node: NodeId | undefined) => Promise<unknown> | undefined;

/** A mount that this process serves. */
export interface FuseMount {
  /** Absolute, without symbolic links. */
  readonly mountpoint: string;
  /** Resolves when the mount is gone, whoever unmounted it. Never rejects. */
  readonly closed: Promise<void>;
  /**
   * Unmounts and waits for `closed`. UserError where a program uses the mount. With `lazy` it resolves as soon as the mount is
   * out of the tree; files that are open are served until they are closed, and then `closed` resolves.
   */
  unmount(options?: UnmountOptions): Promise<void>;
  /** Requests that were read and not answered yet. */
  inFlight(): readonly InFlightRequest[];
  /** Stops reading the device: requests wait in the kernel. Those that were read go on. */
  pause(): void;
  resume(): void;
  /**
   * Tells the kernel that data (`length` bytes from `offset`, or all from there on with a length of 0) and attributes of a node
   * have changed; with a negative offset the attributes alone. Resolves when its cache is dropped. Waits for reads and writes
   * of the node that are in flight, so no answer to those may wait for it.
   */
  invalidateInode(node: NodeId, offset: bigint, length: bigint): Promise<void>;
  /**
   * Tells the kernel that a name may lead elsewhere. Waits for operations in flight on the directory, so no answer to those may
   * wait for it.
   */
  invalidateEntry(parent: NodeId, name: Name): Promise<void>;
}

/**
 * Mounts a FileSystem with the kernel's FUSE. Resolves when the mount answers. As root it calls mount(2), otherwise it asks
 * fusermount3. UserError where something is in the way, with what to do about it.
 */
export async function mountKernel(fileSystem: FileSystem, options: MountKernelOptions): Promise<FuseMount> {
  if (endianness() !== "LE") throw new UserError("this driver is written for little-endian machines");
  const { source, subtype = "kedge", mountOptions, logger } = options;
  const mountpoint = await checkMountpoint(options.mountpoint, `fuse.${subtype}`);
  const { node: root } = await fileSystem.root(rootContext());
  const call = { mountpoint, source, subtype, options: mountOptions };
  const fd = process.geteuid?.() === 0 ? mountAsRoot(call) : await mountAsUser(call);

  const fileSystemDevice = (await mountAt(mountpoint))?.device ?? "";
  const leasesNames = (options.leases ?? options.onRecall !== undefined) && mayTellNames(mountOptions);
  const device = new FuseDevice(fd, mountOptions.maxWriteBytes + REQUEST_ROOM_BYTES, logger);
  const gate = new ReadGate(device);
  const notify = async (lane: "inode" | "lease", message: Uint8Array): Promise<boolean> => {
    try {
      return await device.notify(lane, message);
    } catch (error) {
      logger.error("the kernel did not drop what it believes", { error: (error as Error).message });
      throw error;
    }
  };
  const driver = new Driver({
    fileSystem,
    root,
    port: device,
    dropPages: async (nodeid) => void (await notify("inode", encodeInvalInode(nodeid, 0n, 0n))),
    dropAttributes: (nodeid) => notify("lease", encodeInvalInode(nodeid, -1n, 0n)),
    async dropNames() {
      // The kernel takes a name from which it has an older epoch for a wrong one, and whatever is mounted there goes with it
      // (d_invalidate).
      const within = await mountWithin(fileSystemDevice);
      if (within !== undefined) {
        logger.info(`names are asked for one by one from now on, since ${within.mountpoint} is mounted there`);
        return false;
      }
      return await notify("lease", encodeIncEpoch());
    },
    full: (isFull) => gate.hold("full", isFull),
    options: { ...mountOptions, leasesNames },
    logger,
  });
  options.onRecall?.((node) => driver.recall(node));
  const closed = device.closed.then(() => driver.end());
  noteServed(mountpoint, closed);
  device.start(driver.receive);
  try {
    await Promise.race([driver.ready, closed.then(() => driver.ready)]);
  } catch (error) {
    await unmountPath(mountpoint, { lazy: true }).catch(() => {});
    await device.close();
    throw error;
  }
  await raiseReadahead(mountpoint, mountOptions.readaheadBytes, logger);
  logger.debug("mounted", { mountpoint, source });

  return {
    mountpoint,
    closed,
    async unmount({ lazy = false } = {}) {
      if ((await mountAt(mountpoint)) !== undefined) await unmountPath(mountpoint, { lazy });
      if (!lazy) await closed;
    },
    inFlight: () => driver.inFlight(),
    pause: () => gate.hold("asked", true),
    resume: () => gate.hold("asked", false),
    async invalidateInode(node, offset, length) {
      const nodeid = driver.nodeidOf(node);
      if (nodeid !== undefined) await device.notify("inode", encodeInvalInode(nodeid, offset, length));
    },
    async invalidateEntry(parent, name) {
      const nodeid = driver.nodeidOf(parent);
      if (nodeid !== undefined) await device.notify("entry", encodeInvalEntry(nodeid, name));
    },
  };
}
