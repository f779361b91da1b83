import { accessSync, constants, mkdirSync, mkdtempSync, rmSync, statfsSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stopMarkedProcesses } from "../support/marked-processes.ts";
import { abortFuseConnection, detachMountsUnder, mountsUnder } from "../support/mounts.ts";
import { DemoError } from "./demo-error.ts";

/** The variable by which every process of a demo is found again, daemons included. Its value is the demo's folder. */
export const markVariable = "KEDGE_DEMO";

export interface Workspace {
  readonly folder: string;
  readonly pki: string;
  /** What the server serves. */
  readonly exported: string;
  readonly state: string;
  readonly mount: string;
  readonly logs: string;
  /** Where the copy out of the mount goes. */
  readonly copy: string;
}

/** Makes the demo's temporary folder on a disk that has `bytesNeeded` free. */
export function createWorkspace(bytesNeeded: number): Workspace {
  for (const base of new Set(["/var/tmp", tmpdir()])) {
    try {
      accessSync(base, constants.W_OK | constants.X_OK);
    } catch {
      continue;
    }
    const { bavail, bsize } = statfsSync(base);
    if (bavail * bsize < bytesNeeded) continue;
    const folder = mkdtempSync(join(base, "kedge-demo-"));
    const at = (name: string): string => join(folder, name);
    for (const name of ["export", "state", "mount", "logs", "copy"]) mkdirSync(at(name), { mode: 0o700 });
    return {
      folder,
      pki: at("pki"),
      exported: at("export"),
      state: at("state"),
      mount: at("mount"),
      logs: at("logs"),
      copy: at("copy"),
    };
  }
  throw new DemoError(
    `neither /var/tmp nor ${tmpdir()} has ${Math.ceil(bytesNeeded / 1e6)} MB free that may be written`,
    "Make room, or set TMPDIR to a folder that has it.",
  );
}

/** Ends every process of the demo, unmounts and deletes, whatever state it is in. Returns what could not be removed. */
export async function removeWorkspace({ folder }: Workspace): Promise<string[]> {
  // First the mounts: a process that waits for one cannot end before its call does.
  for (const mount of mountsUnder(folder)) abortFuseConnection(mount);
  const left: string[] = [];
  for (const { pid, command } of await stopMarkedProcesses(markVariable, folder, 5_000)) {
    left.push(`process ${pid}: ${command}`);
  }
  for (const { path } of detachMountsUnder(folder)) left.push(`mount ${path}`);
  // Never through a mount: it leads to files that may be somebody's.
  if (mountsUnder(folder).length === 0) rmSync(folder, { recursive: true, force: true });
  else left.push(`folder ${folder}`);
  return left;
}

/** A TCP port of 127.0.0.1 that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => {
        if (typeof address === "object" && address !== null) resolve(address.port);
        else reject(new Error("no port"));
      });
    });
  });
}

/** DemoError where this user cannot mount, with what to do about it. */
export function checkFuse(): void {
  const root = process.getuid?.() === 0;
  try {
    accessSync("/dev/fuse", constants.F_OK);
  } catch {
    throw new DemoError(
      "there is no /dev/fuse, so nothing can be mounted",
      `${root ? "" : "sudo "}modprobe fuse    (in a container: start it with --device /dev/fuse --cap-add SYS_ADMIN)`,
    );
  }
  if (root) return;
  try {
    accessSync("/dev/fuse", constants.R_OK | constants.W_OK);
  } catch {
    throw new DemoError("/dev/fuse may not be opened by you, so you cannot mount", "sudo chmod 666 /dev/fuse");
  }
}
