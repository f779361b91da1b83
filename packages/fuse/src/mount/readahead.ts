import { writeFile } from "node:fs/promises";
import type { Logger } from "@kedgefs/core";
import { mountAt } from "./mountinfo.ts";

/**
 * Raises how far the kernel reads ahead on a mount, past what INIT can (it only lowers the kernel's own 128 KiB). The device
 * number comes from mountinfo: a stat of the mount would be a request to ourselves. Only root may write the setting; without
 * it the kernel's default stays, which is slower and nothing else.
 */
export async function raiseReadahead(mountpoint: string, readaheadBytes: number, logger: Logger): Promise<void> {
  try {
    const mount = await mountAt(mountpoint);
    if (mount === undefined) return;
    await writeFile(`/sys/class/bdi/${mount.device}/read_ahead_kb`, `${Math.ceil(readaheadBytes / 1024)}\n`);
  } catch (error) {
    logger.debug("the kernel's default for readahead stays", { mountpoint, reason: (error as Error).message });
  }
}
