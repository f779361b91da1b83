import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Unavailable } from "../bench-error.ts";
import { kedgeArgs } from "../servers/kedge-server.ts";
import { Service } from "../system/service.ts";
import { fuseMount } from "./fuse-mount.ts";
import type { Peer } from "./peer.ts";

function kedgePeer(driver: "kernel" | "fuse-native"): Peer {
  const option = driver === "kernel" ? [] : ["--driver", driver];
  return {
    name: driver,
    title: `KedgeFS, ${driver === "kernel" ? "kernel driver" : driver}`,
    mountedBy: ["kedge mount 127.0.0.1:PORT/bench MNT --pki DIR", ...option].join(" "),
    async prepare({ kedge, workspace, signal }) {
      if (kedge instanceof Error) throw new Unavailable(kedge.message);
      const { mountpoint } = workspace;
      const runtime = join(workspace.root, "run");
      mkdirSync(runtime, { recursive: true, mode: 0o700 });
      const env = { KEDGE_RUNTIME_DIR: runtime };
      return {
        version: kedge.version,
        mount(ports) {
          const source = `127.0.0.1:${ports.kedge}/bench`;
          const args = kedgeArgs("mount", source, mountpoint, "--pki", kedge.pki, "--foreground", ...option);
          const service = new Service(`kedge mount (${driver})`, process.execPath, args, { env });
          const unmountBy = ["env", `KEDGE_RUNTIME_DIR=${runtime}`, process.execPath] as const;
          return fuseMount({
            service,
            mountpoint,
            signal,
            unmountBy: [...unmountBy, ...kedgeArgs("umount", mountpoint)],
          });
        },
      };
    },
  };
}

export const kernel = kedgePeer("kernel");
export const fuseNative = kedgePeer("fuse-native");
