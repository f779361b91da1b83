import { setTimeout as delay } from "node:timers/promises";
import { detachMountsUnder, mountsUnder } from "../../scripts/support/mounts.ts";
import { BenchError } from "../bench-error.ts";
import { runChild } from "../system/run-child.ts";
import type { Service } from "../system/service.ts";
import type { Mounted } from "./peer.ts";

const mountTimeoutMs = 60_000;
const unmountTimeoutMs = 30_000;
/** How long the process of a mount may take to end by itself after it was unmounted, milliseconds. */
const endTimeoutMs = 5_000;

export interface FuseMountOptions {
  /** The process that serves the mount, in the foreground. */
  readonly service: Service;
  readonly mountpoint: string;
  readonly signal: AbortSignal;
  /** The program and arguments that unmount it. */
  readonly unmountBy: readonly [string, ...string[]];
}

/** Waits until the process has mounted and the mount answers. If that fails, nothing is left of it. */
export async function fuseMount({ service, mountpoint, signal, unmountBy }: FuseMountOptions): Promise<Mounted> {
  const clear = async (): Promise<void> => {
    detachMountsUnder(mountpoint);
    await service[Symbol.asyncDispose]();
  };
  try {
    const until = Date.now() + mountTimeoutMs;
    while (mountsUnder(mountpoint).length === 0) {
      if (!service.running) throw new BenchError(`${service.name} ended: ${service.log}`);
      if (Date.now() > until) throw new BenchError(`not mounted after ${mountTimeoutMs / 1000} s: ${service.log}`);
      await delay(10, undefined, { signal });
    }
    await runChild("stat", [mountpoint], { signal, timeoutMs: mountTimeoutMs });
  } catch (error) {
    await clear();
    throw error;
  }
  const [program, ...args] = unmountBy;
  return {
    path: mountpoint,
    async unmount() {
      try {
        if (!signal.aborted) await runChild(program, args, { signal, timeoutMs: unmountTimeoutMs });
        await service.ends(signal.aborted ? 0 : endTimeoutMs);
      } catch {
        // Busy or stuck; what follows does not ask.
      } finally {
        await clear();
      }
    },
  };
}

export const unmountCommand = (mountpoint: string): readonly [string, ...string[]] =>
  process.getuid?.() === 0 ? ["umount", mountpoint] : ["fusermount3", "-u", "--", mountpoint];
