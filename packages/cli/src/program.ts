import { readFileSync } from "node:fs";
import { Command } from "commander";
import { addMountVerb } from "./verbs/mount.ts";
import { addPkiVerb } from "./verbs/pki.ts";
import { addServeVerb } from "./verbs/serve.ts";
import { addStatusVerb } from "./verbs/status.ts";
import { addUmountVerb } from "./verbs/umount.ts";

const examples = `
Examples:
  kedge pki init --dir ./certs                                    certificates for a server,
  kedge pki issue alice --dir ./certs                             and for a client
  kedge serve --pki ./certs --export docs=/srv/docs
  kedge mount localhost/docs /mnt/docs --pki ./certs
  kedge status
  kedge umount /mnt/docs

kedge VERB --help tells more about each. Exit codes: 0 done, 1 failed, 2 wrong usage, 70 a bug in kedge.
`;

/** The command line of `kedge`. It throws CommanderError in place of ending the process. */
export function createProgram(): Command {
  const program = new Command("kedge")
    .description("Serves directories and mounts them over mutual TLS; mounts survive a restart of their server.")
    .version(`kedge ${packageVersion()} (Node ${process.versions.node})`, "-V, --version", "print the version")
    .option("--debug", "print stack traces")
    .addHelpText("after", examples);
  addPkiVerb(program);
  addServeVerb(program);
  addMountVerb(program);
  addUmountVerb(program);
  addStatusVerb(program);
  configure(program);
  return program;
}

/** Every verb alike; commander copies settings to subcommands only if they come first, so it is done at the end. */
function configure(command: Command): void {
  command
    .exitOverride()
    .showSuggestionAfterError(true)
    .helpOption("-h, --help", "print this help")
    .configureHelp({ showGlobalOptions: true, helpWidth: 120 })
    .configureOutput({
      outputError: (text, write) => {
        const message = text
          .replace(/^error: /, "kedge: ")
          .replace(/\n\(Did you mean (.*)\?\)/, "\n  Did you mean $1?");
        write(`${message}  ${fullName(command)} --help tells what there is.\n`);
      },
    });
  if (command.commands.length > 0) {
    command.usage("[options] <verb>").helpCommand("help [verb]", "print the help of a verb");
  }
  for (const verb of command.commands) configure(verb);
}

function fullName(command: Command): string {
  return command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`;
}

function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  return String(version);
}
