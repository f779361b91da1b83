import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { Unavailable } from "../bench-error.ts";
import { needProgram } from "../system/packages.ts";
import { runChild } from "../system/run-child.ts";
import { Service } from "../system/service.ts";
import { fuseMount, unmountCommand } from "./fuse-mount.ts";
import type { Peer } from "./peer.ts";

/**
 * With --vfs-cache-mode writes, which its manual asks for where programs do more than write files from start to end: without
 * it git and random writes fail. Files then go to the server in the background, after the program that wrote them has ended.
 */
export const rclone: Peer = {
  name: "rclone",
  title: "rclone",
  mountedBy: "rclone mount --vfs-cache-mode writes :sftp,host=127.0.0.1,port=PORT,user=USER,key_file=KEY:DIR MNT",
  async prepare({ sshd, workspace, install, signal }) {
    const program = await needProgram("rclone", "rclone", install, signal);
    if (sshd instanceof Error) throw new Unavailable(sshd.message);
    const { output } = await runChild(program, ["version"], { signal, timeoutMs: 10_000, output: "keep" });
    const { mountpoint, exported, root } = workspace;
    return {
      version: `${/rclone v(\S+)/.exec(output)?.[1] ?? "unknown"}, ${sshd.version.split(",")[0]}`,
      async mount(ports) {
        // A cache of its own for each mount: what one measurement left to upload must not come up in the next.
        const cache = mkdtempSync(join(root, "rclone-"));
        const login = `host=127.0.0.1,port=${ports.ssh},user=${sshd.user},key_file=${sshd.keyFile}`;
        const remote = `:sftp,${login}:${exported}`;
        const args = ["mount", "--vfs-cache-mode", "writes", "--cache-dir", cache, "--config", "", remote, mountpoint];
        const service = new Service("rclone", program, args);
        const unmountBy = unmountCommand(mountpoint);
        const { path, unmount } = await fuseMount({ service, mountpoint, signal, unmountBy });
        return {
          path,
          async unmount() {
            await unmount();
            await rm(cache, { recursive: true, force: true });
          },
        };
      },
    };
  },
};
