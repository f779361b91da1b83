import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { initPki, issueClient } from "@kedgefs/pki";
import { stopMarkedProcesses, waitForMarkedProcesses } from "../../scripts/support/marked-processes.ts";
import { abortFuseConnection, detachMountsUnder, listMounts, mountsUnder } from "../../scripts/support/mounts.ts";
import { waitForEnd } from "./processes.ts";
import { type Finished, run, shell, succeed } from "./run.ts";
import { kedgeBin, Server } from "./server.ts";

export { type Finished, run, Server, shell, succeed };

/** By this variable the processes that a site started are found again. */
const siteVariable = "KEDGE_TEST_SITE";
/** How long processes may take to end once their mounts are gone, and again after each signal, milliseconds. */
const endMs = 5_000;

export interface ServeOptions {
  /** NAME=PATH[,options]; the site's folder `data` under that name by default. */
  readonly exports?: readonly string[];
  readonly allow?: readonly string[];
  readonly state?: string;
  readonly pki?: string;
  readonly port?: number;
  readonly uid?: number;
  /** Further arguments. */
  readonly args?: readonly string[];
}

export interface MountOptions {
  /** Of the mount point, below the site's folder. */
  readonly name?: string;
  readonly export?: string;
  readonly pki?: string;
  /** HOST:PORT/EXPORT in place of the server's own, for a mount through a relay. */
  readonly source?: string;
  readonly args?: readonly string[];
}

/** What `kedge status --json` prints of a mount, as far as tests look at it. */
export interface StatusLine {
  readonly mountpoint: string;
  readonly source: string;
  readonly exportName: string;
  readonly driver: string;
  readonly readOnly: boolean;
  readonly pid: number;
  readonly state: string;
  readonly stateMs: number;
  readonly attempts: number;
  readonly lastError: string | null;
  readonly serverIncarnation: string;
  readonly inFlightCount: number;
  readonly inFlight: readonly { readonly operation: string; readonly pid: number; readonly ageMs: number }[];
}

/** A test's own storage host and clients: certificates, exported folder, mounts. Everything is gone after dispose. */
export class Site implements AsyncDisposable {
  readonly dir: string;
  readonly data: string;
  readonly pki: string;
  readonly env: NodeJS.ProcessEnv;
  readonly #servers: Server[] = [];
  #mountCount = 0;

  private constructor(dir: string) {
    this.dir = dir;
    this.data = join(dir, "data");
    this.pki = join(dir, "pki");
    // A runtime folder of its own keeps the site's mounts apart from those of the machine.
    this.env = { ...process.env, [siteVariable]: dir, KEDGE_RUNTIME_DIR: join(dir, "run") };
    // Some tests act as another user in it.
    chmodSync(dir, 0o755);
    mkdirSync(this.data);
  }

  static async create(): Promise<Site> {
    const site = new Site(mkdtempSync(join(tmpdir(), "k-")));
    await initPki({ dir: site.pki });
    await issueClient({ dir: site.pki, name: "tester" });
    return site;
  }

  /** Starts a server and waits until it is ready. */
  async serve(options: ServeOptions = {}): Promise<Server> {
    const server = await this.prepareServer(options);
    await server.start();
    return server;
  }

  /** A server that is still to be started. */
  async prepareServer(options: ServeOptions = {}): Promise<Server> {
    const port = options.port ?? (await freePort());
    const exports = options.exports ?? [`data=${this.data}`];
    const args = ["serve", "--pki", options.pki ?? this.pki, "--listen", `127.0.0.1:${port}`];
    args.push("--state", options.state ?? join(this.dir, "state"));
    for (const each of exports) args.push("--export", each);
    for (const each of options.allow ?? []) args.push("--allow", each);
    args.push(...(options.args ?? []));
    const server = new Server({ port, args, env: this.env, uid: options.uid });
    this.#servers.push(server);
    return server;
  }

  /** Makes an empty folder below the site's; returns its path. */
  folder(name: string): string {
    const path = join(this.dir, name);
    mkdirSync(path, { recursive: true });
    return path;
  }

  /** Mounts an export of a server; returns the mount point. */
  async mount(server: Server, options: MountOptions = {}): Promise<string> {
    const mountpoint = this.folder(options.name ?? `mnt${this.#mountCount++}`);
    const source = options.source ?? `127.0.0.1:${server.port}/${options.export ?? "data"}`;
    await this.kedge("mount", source, mountpoint, "--pki", options.pki ?? this.pki, ...(options.args ?? []));
    return mountpoint;
  }

  async umount(mountpoint: string): Promise<void> {
    await this.kedge("umount", mountpoint);
  }

  /** Runs the command to a good end. */
  kedge(...args: string[]): Promise<string> {
    return succeed(process.execPath, [kedgeBin, ...args], { timeoutMs: 60_000, env: this.env });
  }

  /** Runs the command to whatever end. */
  tryKedge(...args: string[]): Promise<Finished> {
    return run(process.execPath, [kedgeBin, ...args], { timeoutMs: 60_000, env: this.env });
  }

  /** What `kedge status` tells of one mount. */
  async status(mountpoint: string): Promise<StatusLine> {
    const [status] = JSON.parse(await this.kedge("status", mountpoint, "--json")) as StatusLine[];
    if (status === undefined) throw new Error(`kedge status tells nothing of ${mountpoint}`);
    return status;
  }

  /** What `kedge status` tells of all the site's mounts. It shows those of the rest of the machine too, which are left out. */
  async statusOfAll(): Promise<StatusLine[]> {
    const all = JSON.parse(await this.kedge("status", "--json")) as StatusLine[];
    return all.filter(({ mountpoint }) => mountpoint.startsWith(`${this.dir}/`));
  }

  /** Asks for the status of a mount until it is in this state; returns the status. */
  async waitForState(mountpoint: string, state: string, timeoutMs = 30_000): Promise<StatusLine> {
    const until = performance.now() + timeoutMs;
    for (;;) {
      const status = await this.status(mountpoint);
      if (status.state === state) return status;
      if (performance.now() >= until) throw new Error(`${state} not after ${timeoutMs} ms: ${JSON.stringify(status)}`);
    }
  }

  /** Takes all mounts away by force; returns where they were. */
  async detachAll(): Promise<string[]> {
    const mounts = mountsUnder(this.dir);
    const serving = mounts.length === 0 ? [] : await this.statusOfAll();
    this.#abortMounts();
    for (const { pid } of serving) await waitForEnd(pid);
    return mounts.map(({ path }) => path);
  }

  /** Whatever program waits on a mount gets an error, and the process that serves the mount ends with it. */
  #abortMounts(): string[] {
    for (const mount of mountsUnder(this.dir)) abortFuseConnection(mount);
    return detachMountsUnder(this.dir).map(({ path }) => path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // First the servers: a client whose server is gone waits for nothing when its mount ends.
    await Promise.all(this.#servers.map((server) => server.stop("SIGKILL")));
    const stuck = this.#abortMounts();
    await waitForMarkedProcesses(siteVariable, this.dir, endMs);
    const left = await stopMarkedProcesses(siteVariable, this.dir, endMs);
    if (stuck.length > 0) throw new Error(`could not be detached: ${stuck.join(", ")}`);
    rmSync(this.dir, { recursive: true, force: true });
    if (left.length > 0) throw new Error(`did not end: ${left.map(({ command }) => command).join("; ")}`);
  }
}

export function isMounted(mountpoint: string): boolean {
  return listMounts().some(({ path }) => path === mountpoint);
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
