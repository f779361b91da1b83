import type { Connection } from "@kedgefs/client";
import type { Logger } from "@kedgefs/core";
import { type FuseMount, type MountOptions, mountFuseNative, mountKernel } from "@kedgefs/fuse";
import type { MountRecord } from "./mount-record.ts";

/** What both drivers have. */
export type ServedMount = Pick<FuseMount, "closed" | "unmount" | "pause" | "resume">;

/** Mounts what the session gives access to, by the driver of the record. UserError if that is not possible. */
export async function makeMount(
  record: MountRecord,
  session: Connection,
  mountOptions: MountOptions,
  logger: Logger,
): Promise<ServedMount> {
  const isRoot = process.geteuid?.() === 0;
  const mount = record.driver === "kernel" ? mountKernel : mountFuseNative;
  return await mount(session.fileSystem, {
    mountpoint: record.mountpoint,
    source: record.source,
    subtype: "kedge",
    mountOptions: {
      ...mountOptions,
      allowOther: mountOptions.allowOther ?? isRoot,
      defaultPermissions: mountOptions.defaultPermissions ?? isRoot,
      readOnly: record.readOnly,
      // Times that don't tell every change would let the page cache keep what another client has overwritten.
      directIo: mountOptions.directIo || session.coarseTimes,
    },
    leases: session.leases,
    onRecall: session.onRecall,
    logger,
  });
}
