import { UserError } from "@kedgefs/core";
import type { Command } from "commander";
import { collectStatus } from "../collect-status.ts";
import { readMountTable } from "../mount-table.ts";
import { locateMountpoint } from "../mountpoint.ts";
import { renderStatusTable } from "../status-table.ts";

const help = `
States:
  connected      calls are answered
  reconnecting   the server is away; calls wait for it and can be interrupted with Ctrl-C
  closed         the mount is about to go
  dead           the process that served the mount is gone: kedge umount removes what is left
  silent         the process that serves the mount did not answer within 2 s
  unknown        another user's mount, of which only the table of mounts tells

With --json, an array with one object for each mount, times in milliseconds:
  { "mountpoint": "/mnt/docs", "source": "nas:7440/docs", "server": "nas:7440", "exportName": "docs",
    "readOnly": false, "driver": "kernel" | "fuse-native" | null, "pid": 1234 | null,
    "mountedAt": "2030-01-01T12:00:00.000Z" | null, "state": "reconnecting", "stateMs": 12000 | null,
    "attempts": 3, "lastError": "connection refused" | null, "serverIncarnation": "…" | null,
    "inFlightCount": 1, "inFlight": [{ "operation": "read", "pid": 4321, "ageMs": 11800 }] }

Examples:
  kedge status
  kedge status /mnt/docs
  kedge status --json
`;

export function addStatusVerb(program: Command): void {
  program
    .command("status")
    .summary("show the mounts of this machine")
    .description(
      "Shows what is mounted where, whether its server answers, and which calls wait for it. It never touches a mount, so\n" +
        "it does not hang. The exit code is 1 if nothing is mounted at MOUNTPOINT, else 0, whatever the state of a mount.",
    )
    .argument("[mountpoint]", "show only the mount at this path")
    .option("--json", "print JSON (see below)")
    .addHelpText("after", help)
    .action(async (mountpoint: string | undefined, options: { json?: true }) => {
      const table = await readMountTable();
      let mounts = await collectStatus(table);
      if (mountpoint !== undefined) {
        const located = await locateMountpoint(mountpoint, table);
        mounts = mounts.filter((mount) => mount.mountpoint === located);
        if (mounts.length === 0)
          throw new UserError(`${located} is not a KedgeFS mount`, "kedge status lists all of them.");
      }
      process.stdout.write(options.json ? `${JSON.stringify(mounts, null, 2)}\n` : renderStatusTable(mounts));
    });
}
