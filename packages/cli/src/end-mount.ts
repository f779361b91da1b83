import { type Logger, UserError } from "@kedgefs/core";
import type { ControlAnswer } from "./control-socket.ts";
import type { ServedMount } from "./make-mount.ts";
import { within } from "./within.ts";

const unmountLimits = {
  /** How long programs may go on using a mount that was detached under them by SIGTERM, milliseconds. */
  stopGraceMs: 10_000,
  /** How long `kedge umount --lazy` waits for them before it says that they go on, milliseconds. */
  lazyWaitMs: 1_000,
} as const;

/** What `kedge umount` asks for. */
export async function unmountOnRequest(mount: ServedMount, lazy: boolean, logger: Logger): Promise<ControlAnswer> {
  try {
    await mount.unmount({ lazy });
  } catch (error) {
    if (error instanceof UserError) {
      return { ok: false, message: error.message, ...(error.hint === undefined ? {} : { hint: error.hint }) };
    }
    logger.error("unmount failed", { reason: (error as Error).message });
    return { ok: false, message: `the mount could not be unmounted: ${(error as Error).message}` };
  }
  if (!lazy) {
    await mount.closed;
    return { ok: true };
  }
  return (await within(unmountLimits.lazyWaitMs, mount.closed)) ? { ok: true } : { ok: true, lingering: true };
}

/** Leaves nothing mounted: what programs still use is detached, and they get a while to come to their end. */
export async function endMount(mount: ServedMount, logger: Logger): Promise<void> {
  if (await within(0, mount.closed)) return;
  try {
    await mount.unmount({ lazy: false });
  } catch (error) {
    logger.warn("programs still use the mount; it is detached, and they have a moment to finish", {
      reason: (error as Error).message,
      graceMs: unmountLimits.stopGraceMs,
    });
    await mount.unmount({ lazy: true });
  }
  if (!(await within(unmountLimits.stopGraceMs, mount.closed))) {
    logger.warn("programs did not finish in time; their calls fail from now on");
  }
}
