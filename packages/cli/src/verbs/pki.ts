import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import { collect } from "../collect.ts";

interface InitOptions {
  readonly dir: string;
  readonly host?: readonly string[];
}

interface IssueOptions {
  readonly dir: string;
  readonly renew?: true;
}

export function addPkiVerb(program: Command): void {
  const pki = program
    .command("pki")
    .summary("make certificates")
    .description("Makes the certificates that servers and clients know each other by. There is no mode without them.");

  pki
    .command("init")
    .summary("make a CA and a server certificate")
    .description(
      "Makes a certificate authority and a server certificate in DIR: ca.crt, ca.key, server.crt, server.key. Keys are 0600.\n" +
        "Safe to run again: what is there and good is kept. The server certificate is always good for localhost, 127.0.0.1,\n" +
        "::1 and this machine's name.",
    )
    .requiredOption("--dir <dir>", "folder for the certificates; made if it is missing")
    .option("--host <name-or-ip>", "a name or address that clients will use for the server; repeatable", collect)
    .addHelpText("after", initExamples)
    .action(async (options: InitOptions) => {
      const { initPki } = await import("@kedgefs/pki");
      const summary = await initPki({ dir: options.dir, hosts: options.host ?? [] });
      print(
        ...summary.messages,
        "",
        "Next:",
        `  kedge serve --pki ${options.dir} --export NAME=PATH     on this machine`,
        `  kedge pki issue NAME --dir ${options.dir}               a certificate for each client`,
        `Keep ${join(options.dir, "ca.key")} secret: who has it can make certificates that every server and client accepts.`,
      );
    });

  pki
    .command("issue")
    .summary("make a client certificate")
    .description(
      "Makes a certificate for the identity NAME, signed by the CA in DIR: DIR/NAME.crt and DIR/NAME.key (0600).",
    )
    .argument("<name>", "identity of the client, as in kedge serve --allow NAME=EXPORT")
    .requiredOption("--dir <dir>", "folder that kedge pki init made")
    .option("--renew", "replace the certificate and key that NAME has")
    .addHelpText("after", issueExamples)
    .action(async (name: string, options: IssueOptions) => {
      const { issueClient } = await import("@kedgefs/pki");
      const issued = await issueClient({ dir: options.dir, name, renew: options.renew === true });
      print(
        `Issued ${issued.cert} and ${issued.key} for the identity "${name}", valid until ${day(issued.certificate.notAfter)}.`,
        "",
        "Copy these three files into one folder on the client, readable by the user who mounts:",
        `  ${join(options.dir, "ca.crt")}`,
        `  ${issued.cert}`,
        `  ${issued.key}`,
        `There: kedge mount HOST/EXPORT MOUNTPOINT --pki FOLDER --cert ${name}`,
      );
    });

  pki
    .command("renew-server")
    .summary("make a new server certificate")
    .description(
      "Makes a new key and certificate for the server in DIR, signed by the CA that is there, for the hosts of the old one\n" +
        "and those given. A running server takes it up on SIGHUP.",
    )
    .requiredOption("--dir <dir>", "folder that kedge pki init made")
    .option("--host <name-or-ip>", "a name or address that clients will use for the server; repeatable", collect)
    .addHelpText("after", renewExamples)
    .action(async (options: InitOptions) => {
      const { describeCertificate, issueServer } = await import("@kedgefs/pki");
      const former = await readFile(join(options.dir, "server.crt")).catch(() => undefined);
      const hosts = [...(options.host ?? []), ...(former === undefined ? [] : describeCertificate(former).sans)];
      const { cert, certificate } = await issueServer({ dir: options.dir, hosts });
      print(`Issued ${cert} for ${certificate.sans.join(", ")}, valid until ${day(certificate.notAfter)}.`);
    });
}

const initExamples = `
Examples:
  kedge pki init --dir /etc/kedge/pki --host files.example.org
  kedge pki init --dir ./certs --host 192.0.2.7 --host 2001:db8::7
`;

const issueExamples = `
Examples:
  kedge pki issue alice --dir /etc/kedge/pki
  kedge pki issue alice --dir /etc/kedge/pki --renew
`;

const renewExamples = `
Example:
  kedge pki renew-server --dir /etc/kedge/pki --host files.example.org && systemctl reload kedge
`;

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}

function print(...lines: readonly string[]): void {
  process.stdout.write(`${lines.join("\n")}\n`);
}
