import type { Command } from "commander";
import { unmount } from "../unmount.ts";

const examples = `
Examples:
  kedge umount /mnt/docs
  kedge umount --lazy /mnt/docs     detach it although programs use it, or although its server is away
`;

export function addUmountVerb(program: Command): void {
  program
    .command("umount")
    .summary("unmount")
    .description(
      "Unmounts, waits until what this machine holds is on the server, and returns when nothing is left. A mount that programs\n" +
        "still use is refused. What a dead process left mounted is removed.",
    )
    .argument("<mountpoint>", "as given to kedge mount")
    .option("-l, --lazy", "detach the mount now; programs that have files open may go on until they close them")
    .addHelpText("after", examples)
    .action(async (mountpoint: string, options: { lazy?: true }) => {
      const note = await unmount(mountpoint, options.lazy === true);
      if (note !== undefined) process.stderr.write(`kedge: ${note}\n`);
    });
}
