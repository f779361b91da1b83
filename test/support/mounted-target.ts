import { type Capability, type ConformanceTarget, mountTarget } from "@kedgefs/conformance";
import { Site } from "./site.ts";

/** The cases' target: an export mounted twice through the command `kedge`, by one driver. */
export function mountedTarget(
  driver: "kernel" | "fuse-native",
  lacks: { readonly missing?: readonly Capability[]; readonly unavailable: string | false },
): ConformanceTarget {
  const mount = async () => {
    const site = await Site.create();
    try {
      const server = await site.serve();
      const args = ["--driver", driver];
      const mountpoint = await site.mount(server, { args, name: "first" });
      const secondMountpoint = await site.mount(server, { args, name: "second" });
      return {
        mountpoint,
        secondMountpoint,
        async unmount() {
          await using _ = site;
          await site.umount(mountpoint);
          await site.umount(secondMountpoint);
        },
      };
    } catch (error) {
      await site[Symbol.asyncDispose]();
      throw error;
    }
  };
  const { missing = [], unavailable } = lacks;
  return mountTarget(`a mount by the driver ${driver}`, mount, {
    missing,
    ...(unavailable === false ? {} : { unavailable }),
  });
}
