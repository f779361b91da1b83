import { Unavailable } from "../bench-error.ts";
import { needProgram } from "../system/packages.ts";
import { runChild } from "../system/run-child.ts";
import { Service } from "../system/service.ts";
import { fuseMount, unmountCommand } from "./fuse-mount.ts";
import type { Peer, PeerName } from "./peer.ts";

/** As it comes: write(2) returns before the server has the data. */
export const sshfs = sshfsWith("sshfs", "sshfs", []);

/** Its write(2) returns when the server has the data. */
export const sshfsSync = sshfsWith("sshfs-sync", "sshfs -o sshfs_sync", ["sshfs_sync"]);

function sshfsWith(name: PeerName, title: string, extraOptions: readonly string[]): Peer {
  const mountedBy = `sshfs -o ${["port=PORT", "IdentityFile=KEY", ...extraOptions].join()} USER@127.0.0.1:DIR MNT`;
  return {
    name,
    title,
    mountedBy,
    async prepare({ sshd, workspace, install, signal }) {
      const program = await needProgram("sshfs", "sshfs", install, signal);
      if (sshd instanceof Error) throw new Unavailable(sshd.message);
      const { output } = await runChild(program, ["--version"], { signal, timeoutMs: 10_000, output: "keep" });
      const { mountpoint, exported } = workspace;
      return {
        version: `${/SSHFS version (\S+)/.exec(output)?.[1] ?? "unknown"}, ${sshd.version.split(",")[0]}`,
        mount(ports) {
          // No user's own configuration of ssh; all else is as it comes.
          const options = [
            `port=${ports.ssh}`,
            `IdentityFile=${sshd.keyFile}`,
            "IdentitiesOnly=yes",
            `UserKnownHostsFile=${sshd.knownHostsFile}`,
            "BatchMode=yes",
            ...extraOptions,
          ].join(",");
          const args = ["-f", "-F", "/dev/null", "-o", options, `${sshd.user}@127.0.0.1:${exported}`, mountpoint];
          const service = new Service("sshfs", program, args);
          return fuseMount({ service, mountpoint, signal, unmountBy: unmountCommand(mountpoint) });
        },
      };
    },
  };
}
