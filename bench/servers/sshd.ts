import { copyFileSync, existsSync, mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { BenchError } from "../bench-error.ts";
import { freePort } from "../system/free-port.ts";
import { needProgram } from "../system/packages.ts";
import { runChild } from "../system/run-child.ts";
import { Service } from "../system/service.ts";

/** sshd run by root wants this folder for its unprivileged half, and the system's service makes it when it starts. */
const privilegeFolder = "/run/sshd";
const readyTimeoutMs = 20_000;

export interface Sshd extends AsyncDisposable {
  readonly port: number;
  readonly user: string;
  readonly version: string;
  /** The client's private key. */
  readonly keyFile: string;
  readonly knownHostsFile: string;
}

export interface SshdOptions {
  /** Holds the throwaway keys and the configuration. */
  readonly folder: string;
  readonly install: boolean;
  readonly signal: AbortSignal;
}

/** Starts an sshd of our own on loopback that serves SFTP to one throwaway key. */
export async function startSshd({ folder, install, signal }: SshdOptions): Promise<Sshd> {
  const sshd = await needProgram("sshd", "openssh-server", install, signal);
  const keygen = await needProgram("ssh-keygen", "openssh-client", install, signal);
  mkdirSync(folder, { mode: 0o700 });
  const file = (name: string): string => join(folder, name);
  const makeKey = (name: string) =>
    runChild(keygen, ["-q", "-t", "ed25519", "-N", "", "-C", "kedge-bench", "-f", file(name)], {
      signal,
      timeoutMs: 30_000,
    });
  await makeKey("host");
  await makeKey("client");
  copyFileSync(file("client.pub"), file("authorized_keys"));

  const port = await freePort();
  const user = userInfo().username;
  writeFileSync(file("sshd_config"), sshdConfig(folder, port, user));
  const madeFolder = process.getuid?.() === 0 && !existsSync(privilegeFolder);
  if (madeFolder) mkdirSync(privilegeFolder, { mode: 0o755 });
  const service = new Service("sshd", sshd, ["-D", "-e", "-f", file("sshd_config")]);
  const dispose = async (): Promise<void> => {
    await service[Symbol.asyncDispose]();
    if (madeFolder) rmdirSync(privilegeFolder);
  };
  try {
    await listening(service, port);
    // Any port: the relay's ports differ from the server's own.
    const { output } = await runChild("cat", [file("host.pub")], { signal, timeoutMs: 10_000, output: "keep" });
    writeFileSync(file("known_hosts"), `* ${output}`);
    return {
      port,
      user,
      version: await sshVersion(signal),
      keyFile: file("client"),
      knownHostsFile: file("known_hosts"),
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

const sshdConfig = (folder: string, port: number, user: string): string => `\
ListenAddress 127.0.0.1:${port}
HostKey ${folder}/host
AuthorizedKeysFile ${folder}/authorized_keys
PidFile none
AllowUsers ${user}
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
StrictModes no
Subsystem sftp internal-sftp
`;

async function listening(service: Service, port: number): Promise<void> {
  const until = Date.now() + readyTimeoutMs;
  while (Date.now() < until) {
    if (!service.running) throw new BenchError(`sshd ended: ${service.log}`);
    if (await accepts(port)) return;
    await delay(50);
  }
  throw new BenchError(`sshd did not listen after ${readyTimeoutMs / 1000} s`);
}

function accepts(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  return new Promise((resolve) => {
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
  }).finally(() => socket.destroy()) as Promise<boolean>;
}

/** ssh -V says it on standard error. */
async function sshVersion(signal: AbortSignal): Promise<string> {
  const options = { signal, timeoutMs: 10_000, output: "keep" } as const;
  const { output } = await runChild("sh", ["-c", "ssh -V 2>&1"], options);
  return output.trim();
}
