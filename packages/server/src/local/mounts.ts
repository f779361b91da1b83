import { closeSync, constants, openSync, readFileSync } from "node:fs";
import { FsError } from "@kedgefs/core";

/** Octal escapes of proc_pid_mountinfo(5). */
const unescapePath = (text: string): string =>
  Buffer.from(
    text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8))),
    "latin1",
  ).toString();

/**
 * One readable descriptor for each file system below the export's root, as open_by_handle_at(2) wants one of the file system
 * that a handle belongs to. Found in /proc/self/mountinfo by the device number, which does not change while it is mounted.
 */
export class Mounts {
  readonly #rootPath: string;
  readonly #fds = new Map<string, number>();

  constructor(rootPath: string, rootDevice: string, rootFd: number) {
    this.#rootPath = rootPath;
    this.#fds.set(rootDevice, rootFd);
  }

  /** `device` is "major:minor". ESTALE when no such file system is mounted below the export's root. */
  fd(device: string): number {
    const known = this.#fds.get(device);
    if (known !== undefined) return known;
    const prefix = this.#rootPath.endsWith("/") ? this.#rootPath : `${this.#rootPath}/`;
    for (const line of readFileSync("/proc/self/mountinfo", "latin1").split("\n")) {
      const fields = line.split(" ");
      const mountPoint = unescapePath(fields[4] ?? "");
      if (fields[2] !== device || !mountPoint.startsWith(prefix)) continue;
      const fd = openSync(mountPoint, constants.O_RDONLY | constants.O_DIRECTORY);
      this.#fds.set(device, fd);
      return fd;
    }
    throw new FsError("ESTALE", `no file system ${device} is mounted below ${this.#rootPath}`);
  }

  close(): void {
    for (const fd of this.#fds.values()) closeSync(fd);
  }
}
