import { resolve } from "node:path";
import { isatty } from "node:tty";
import type { LogLevel } from "@kedgefs/core";
import { type Command, Option } from "commander";
import { startMountInBackground } from "../background-mount.ts";
import { collect } from "../collect.ts";
import { logLevelOption } from "../log-level-option.ts";
import type { MountConfig } from "../mount-config.ts";
import { mountOptionsHelp, parseMountOptionsText } from "../mount-options.ts";
import { type DriverName, driverNames } from "../mount-record.ts";
import { parseMountSpec } from "../mount-spec.ts";
import { checkMountpoint } from "../mountpoint.ts";

interface MountVerbOptions {
  readonly pki: string;
  readonly cert?: string;
  readonly options?: readonly string[];
  readonly foreground?: true;
  readonly daemon?: true;
  readonly driver: DriverName;
  readonly logLevel: LogLevel;
  readonly debug?: true;
}

const examples = `
${mountOptionsHelp}

Examples:
  kedge mount nas.example.org/docs /mnt/docs --pki ~/.kedge
  kedge mount nas:7441/docs /mnt/docs --pki /etc/kedge/client --cert alice -o ro
  kedge mount nas:/docs /mnt/docs -o port=7441 --pki ~/.kedge
  kedge mount [::1]/docs /mnt/docs --pki ./certs --foreground
`;

export function addMountVerb(program: Command): void {
  program
    .command("mount")
    .summary("mount an export of a server")
    .description(
      "Mounts an export, and returns when the mount answers; a process in the background serves it from then on. While the\n" +
        "server is away, calls on the mount wait for it. SIGTERM to that process unmounts.",
    )
    .argument("<source>", "HOST/EXPORT, HOST:PORT/EXPORT or HOST:/EXPORT; an IPv6 address in brackets")
    .argument("<mountpoint>", "an existing folder")
    .requiredOption("--pki <dir>", "folder with ca.crt, NAME.crt and NAME.key (see kedge pki issue)")
    .option("--cert <name>", "which certificate of that folder (default: the only one there)")
    .option("-o, --options <list>", "mount options, separated by commas; repeatable", collect)
    .option("--foreground", "stay, and log to stderr; Ctrl-C unmounts")
    .addOption(new Option("--driver <driver>", "what speaks to FUSE").choices(driverNames).default("kernel"))
    .addOption(logLevelOption())
    .addOption(new Option("--daemon", "the background process of a mount; for kedge itself").hideHelp())
    .addHelpText("after", examples)
    .action(mount);
}

async function mount(source: string, mountpoint: string, _: MountVerbOptions, command: Command): Promise<void> {
  const options = command.optsWithGlobals<MountVerbOptions>();
  const optionsText = (options.options ?? []).filter((text) => text !== "").join(",");
  const { port } = await parseMountOptionsText(optionsText, options.driver);
  const config: MountConfig = {
    source,
    spec: parseMountSpec(source, port),
    mountpoint: await checkMountpoint(mountpoint),
    pki: resolve(options.pki),
    cert: options.cert,
    driver: options.driver,
    optionsText,
    logLevel: options.logLevel,
  };
  const debug = options.debug === true;
  if (options.daemon || options.foreground) {
    const { mountInForeground } = await import("../foreground-mount.ts");
    process.exitCode = await mountInForeground(config, { debug, daemon: options.daemon === true });
    return;
  }
  const message = await startMountInBackground(config, debug);
  if (message.kind === "failed") {
    process.stderr.write(message.text);
    process.exitCode = message.exitCode;
  } else if (isatty(1)) {
    process.stdout.write(`kedge: mounted ${message.source} on ${config.mountpoint}\n`);
  }
}
