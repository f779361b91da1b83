import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rmdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { mountAt } from "../mount/mountinfo.ts";
import type { ChildRequest } from "./mount-memory.child.ts";

/** A mount for the tests that lives in a process of its own, since a process must not wait for a mount that it serves itself. */
export class MountedChild {
  readonly mountpoint: string;
  readonly #child: ChildProcess;
  readonly #exited: Promise<number | string>;

  private constructor(mountpoint: string, child: ChildProcess) {
    this.mountpoint = mountpoint;
    this.#child = child;
    this.#exited = once(child, "exit").then(([code, signal]) => code ?? signal);
  }

  static async start(): Promise<MountedChild> {
    const mountpoint = await mkdtemp(join(tmpdir(), "kedge-native-"));
    const program = fileURLToPath(new URL("./mount-memory.child.ts", import.meta.url));
    const child = spawn(process.execPath, [program, mountpoint], { stdio: ["ignore", "pipe", "inherit", "ipc"] });
    const mounted = new MountedChild(mountpoint, child);
    const ready = child.stdout ? once(child.stdout, "data") : Promise.reject(new Error("no stdout"));
    const died = mounted.#exited.then((code) => Promise.reject(new Error(`the mounting process ended: ${code}`)));
    try {
      await Promise.race([ready, died]);
    } catch (error) {
      await mounted.destroy();
      throw error;
    }
    return mounted;
  }

  path(...names: string[]): string {
    return join(this.mountpoint, ...names);
  }

  async isMounted(): Promise<boolean> {
    return (await mountAt(this.mountpoint)) !== undefined;
  }

  async ask(request: ChildRequest): Promise<void> {
    const answered = once(this.#child, "message");
    this.#child.send(request);
    const [answer] = await answered;
    if (answer !== "done") throw new Error(String(answer));
  }

  /** Asks the process to unmount, as `kedge umount` or SIGTERM would. */
  terminate(): void {
    this.#child.kill("SIGTERM");
  }

  /** Exit code, or the name of the signal that ended it. */
  exited(): Promise<number | string> {
    return this.#exited;
  }

  /** Takes everything away, however the test went. Ending the process fails what still waits for the mount (ENOTCONN). */
  async destroy(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill("SIGKILL");
    await this.#exited;
    if (await this.isMounted()) {
      await new Promise((resolve) => execFile("umount", ["-l", this.mountpoint], resolve));
    }
    await rmdir(this.mountpoint);
  }
}
