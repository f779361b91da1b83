import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants } from "node:fs";
import { mkdtemp, rmdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const serveMemory = fileURLToPath(new URL("./serve-memory.ts", import.meta.url));

/** Why mounts can't be tested here, or undefined. */
export function missingForMounts(): string | undefined {
  if (process.getuid?.() !== 0) return "mounting needs root";
  try {
    accessSync("/dev/fuse", constants.R_OK | constants.W_OK);
    return undefined;
  } catch {
    return "/dev/fuse is missing or not accessible";
  }
}

/** Serves a file system in memory from a process of its own, since a process must not use a mount that it serves. */
export class ServedMount {
  readonly mountpoints: readonly string[];
  readonly process: ChildProcess;
  readonly #lines: string[] = [];
  readonly #exited: Promise<unknown>;
  #wake: () => void = () => {};

  private constructor(mountpoints: readonly string[], options: string, uid: number | undefined) {
    this.mountpoints = mountpoints;
    this.process = spawn(process.execPath, [serveMemory, options, ...mountpoints], {
      stdio: ["pipe", "pipe", "inherit"],
      ...(uid === undefined ? {} : { uid, gid: uid }),
    });
    this.#exited = once(this.process, "exit");
    if (this.process.stdout === null) throw new Error("the server has no stdout");
    createInterface(this.process.stdout).on("line", (line) => {
      this.#lines.push(line);
      this.#wake();
    });
    void this.#exited.then(() => this.#wake());
  }

  /** Starts serving on new folders and waits until they answer. */
  static async start({ options = "", mounts = 1 } = {}): Promise<ServedMount> {
    const mountpoints: string[] = [];
    for (let index = 0; index < mounts; index += 1) mountpoints.push(await mkdtemp(join(tmpdir(), "kedge-mount-")));
    const served = new ServedMount(mountpoints, options, undefined);
    await served.line("ready");
    return served;
  }

  /** Starts the server on a folder that exists already, and waits for nothing. */
  static startOn(mountpoint: string, { options = "", uid }: { options?: string; uid?: number } = {}): ServedMount {
    return new ServedMount([mountpoint], options, uid);
  }

  /** A path on the first mount. */
  path(...names: readonly string[]): string {
    return join(this.mountpoints[0] ?? "", ...names);
  }

  command(command: "unmount" | "lazy" | "pause" | "resume" | "recall" | "lookups"): void {
    this.process.stdin?.write(`${command}\n`);
  }

  /** The next line that begins so, after those that were asked for before. Rejects when the server ends without it. */
  async line(start: string): Promise<string> {
    for (;;) {
      const index = this.#lines.findIndex((line) => line.startsWith(start));
      if (index >= 0) return this.#lines.splice(0, index + 1).at(-1) ?? "";
      if (this.process.exitCode !== null || this.process.signalCode !== null) {
        throw new Error(`the server ended without saying "${start}": ${this.#lines.join("; ")}`);
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async exitCode(): Promise<number | null> {
    await this.#exited;
    return this.process.exitCode;
  }

  /** Takes everything down, whatever state it is in. */
  async stop(): Promise<void> {
    for (const mountpoint of this.mountpoints) spawnSync("umount", ["-l", mountpoint], { stdio: "ignore" });
    this.process.kill("SIGKILL");
    await this.#exited;
    for (const mountpoint of this.mountpoints) await rmdir(mountpoint).catch(() => {});
  }
}
