import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { initPki, issueClient } from "@kedgefs/pki";

const bin = resolve(import.meta.dirname, "../../packages/cli/bin/kedge.js");
const readyTimeoutMs = 20_000;

export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, and kills it when it takes too long. */
export async function run(
  command: string,
  args: readonly string[],
  options: SpawnOptions & { timeoutMs?: number; input?: string } = {},
): Promise<Finished> {
  const { timeoutMs = 120_000, input, ...rest } = options;
  const child = spawn(command, args, { ...rest, stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr?.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  if (input !== undefined) child.stdin?.end(input);
  const timer = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
  const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  clearTimeout(timer);
  return { code, signal, stdout, stderr };
}

/** Like run, and throws with everything that was printed unless the program ends with 0. */
export async function succeed(...call: Parameters<typeof run>): Promise<string> {
  const { code, signal, stdout, stderr } = await run(...call);
  if (code !== 0) {
    const [command, args] = call;
    throw new Error(`${command} ${args.join(" ")}: ended with ${code ?? signal}\n${stdout}\n${stderr}`);
  }
  return stdout;
}

/** The text as a shell command, run in a folder. */
export const shell = (script: string, cwd: string, timeoutMs = 120_000): Promise<string> =>
  succeed("bash", ["-euo", "pipefail", "-c", script], { cwd, timeoutMs });

export interface ServeOptions {
  readonly exports?: readonly string[];
  readonly allow?: readonly string[];
  readonly state?: string;
  readonly pki?: string;
  readonly port?: number;
  readonly uid?: number;
}

/** A `kedge serve` of a test. */
export class Server {
  readonly port: number;
  readonly #args: readonly string[];
  readonly #uid: number | undefined;
  #child: ChildProcess | undefined;
  log = "";

  constructor(port: number, args: readonly string[], uid: number | undefined) {
    this.port = port;
    this.#args = args;
    this.#uid = uid;
  }

  /** Resolves when it has said that it is ready. */
  async start(): Promise<void> {
    const child = spawn(process.execPath, [bin, ...this.#args], {
      stdio: ["ignore", "pipe", "pipe"],
      ...(this.#uid === undefined ? {} : { uid: this.#uid, gid: this.#uid }),
    });
    this.#child = child;
    child.stderr?.on("data", (chunk: Buffer) => {
      this.log += chunk.toString();
    });
    await new Promise<void>((ready, failed) => {
      const timer = setTimeout(
        () => failed(new Error(`the server did not start in time\n${this.log}`)),
        readyTimeoutMs,
      );
      child.once("exit", (code, signal) => failed(new Error(`the server ended with ${code ?? signal}\n${this.log}`)));
      child.stdout?.once("data", () => {
        clearTimeout(timer);
        ready();
      });
    });
  }

  /** Resolves with the exit code when the process is gone. */
  async stop(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const gone = once(child, "exit");
    child.kill(signal);
    const [code] = (await gone) as [number | null];
    return code;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }
}

/** A test's own storage host and clients: certificates, exported folder, mounts. Everything is gone after dispose. */
export class Site implements AsyncDisposable {
  readonly dir: string;
  readonly data: string;
  readonly pki: string;
  readonly #servers: Server[] = [];
  readonly #mounts: string[] = [];

  private constructor(dir: string) {
    this.dir = dir;
    this.data = join(dir, "data");
    this.pki = join(dir, "pki");
    mkdirSync(this.data);
  }

  static async create(): Promise<Site> {
    const site = new Site(mkdtempSync(join(tmpdir(), "k-")));
    await initPki({ dir: site.pki });
    await issueClient({ dir: site.pki, name: "tester" });
    return site;
  }

  async serve(options: ServeOptions = {}): Promise<Server> {
    const port = options.port ?? (await freePort());
    const exports = options.exports ?? [`data=${this.data}`];
    const args = ["serve", "--pki", options.pki ?? this.pki, "--listen", `127.0.0.1:${port}`];
    args.push("--state", options.state ?? join(this.dir, "state"));
    for (const each of exports) args.push("--export", each);
    for (const each of options.allow ?? []) args.push("--allow", each);
    const server = new Server(port, args, options.uid);
    this.#servers.push(server);
    await server.start();
    return server;
  }

  /** Mounts an export of a server; returns the mount point. */
  async mount(
    server: Server,
    options: { name?: string; export?: string; args?: readonly string[] } = {},
  ): Promise<string> {
    const mountpoint = join(this.dir, options.name ?? `mnt${this.#mounts.length}`);
    mkdirSync(mountpoint, { recursive: true });
    this.#mounts.push(mountpoint);
    const source = `127.0.0.1:${server.port}/${options.export ?? "data"}`;
    await this.kedge("mount", source, mountpoint, "--pki", this.pki, ...(options.args ?? []));
    return mountpoint;
  }

  async umount(mountpoint: string): Promise<void> {
    await this.kedge("umount", mountpoint);
  }

  /** Runs the command to a good end. */
  kedge(...args: string[]): Promise<string> {
    return succeed(process.execPath, [bin, ...args], { timeoutMs: 60_000 });
  }

  /** Runs the command to whatever end. */
  tryKedge(...args: string[]): Promise<Finished> {
    return run(process.execPath, [bin, ...args], { timeoutMs: 60_000 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // A mount whose server is gone ends at once only when it is detached; its daemon goes with it.
    for (const mountpoint of this.#mounts) {
      if (isMounted(mountpoint)) await run("umount", ["-l", mountpoint]);
    }
    for (const server of this.#servers) await server.stop("SIGKILL");
    const until = Date.now() + 10_000;
    while (Date.now() < until && this.#mounts.some((mountpoint) => daemonsOf(mountpoint))) await delay(20);
    rmSync(this.dir, { recursive: true, force: true });
  }
}

export function isMounted(mountpoint: string): boolean {
  return readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .some((line) => line.split(" ")[1] === mountpoint);
}

function daemonsOf(mountpoint: string): boolean {
  return isMounted(mountpoint);
}

/** A port of the loopback interface that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
