import type { Capability } from "../capabilities.ts";
import type { ConformanceTarget } from "../target.ts";
import { realPlace } from "./real-place.ts";

/** A file system that stands mounted, served by a process other than this one, until `unmount`. */
export interface StandingMount {
  readonly mountpoint: string;
  /** Where the same file system is mounted once more, by another client. */
  readonly secondMountpoint?: string | undefined;
  /** Unmounts, and removes what the cases left in the backing directory. */
  unmount(): Promise<void>;
}

/**
 * A mount by `mountFn`, which must have another process serve it: this one makes calls on it, and would wait for itself. As
 * root the mount takes `allow_other`, or the capabilities "identities" has to be among the missing.
 */
export function mountTarget(
  name: string,
  mountFn: () => Promise<StandingMount>,
  { missing = [], unavailable }: { missing?: readonly Capability[]; unavailable?: string | undefined } = {},
): ConformanceTarget {
  return {
    name,
    unavailable,
    setup: async () => {
      const { mountpoint, secondMountpoint, unmount } = await mountFn();
      try {
        return await realPlace(mountpoint, {
          missing: [...missing, "past-fuse"],
          cleanUp: unmount,
          keepsFiles: true,
          secondParent: secondMountpoint,
        });
      } catch (error) {
        await unmount();
        throw error;
      }
    },
  };
}
