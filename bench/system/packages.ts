import { accessSync, constants, existsSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { messageOf, Unavailable } from "../bench-error.ts";
import { runChild } from "./run-child.ts";

const aptTimeoutMs = 300_000;
/** Where Debian keeps servers; not in the PATH of ordinary users. */
const extraFolders = ["/usr/sbin", "/sbin"];
/** Debian asks this program whether a package may start its service (invoke-rc.d); 101 means no. */
const policyFile = "/usr/sbin/policy-rc.d";

/** The path of a program, or undefined if it is not installed. */
export function findProgram(name: string): string | undefined {
  for (const folder of [...(process.env.PATH ?? "").split(delimiter), ...extraFolders]) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}

/** The path of a program. Installs its Debian package where it is missing and this is root; Unavailable where that fails. */
export async function needProgram(
  name: string,
  debianPackage: string,
  install: boolean,
  signal: AbortSignal,
): Promise<string> {
  const found = findProgram(name);
  if (found !== undefined) return found;
  const byHand = `${name} is not installed; on Debian: sudo apt-get install -y ${debianPackage}`;
  if (!install || process.getuid?.() !== 0 || findProgram("apt-get") === undefined) throw new Unavailable(byHand);
  process.stderr.write(`bench: installing ${debianPackage} …\n`);
  try {
    await aptInstall(debianPackage, signal);
  } catch (error) {
    signal.throwIfAborted();
    throw new Unavailable(`${name} could not be installed: ${messageOf(error)}`);
  }
  const installed = findProgram(name);
  if (installed === undefined) throw new Unavailable(byHand);
  return installed;
}

async function aptInstall(debianPackage: string, signal: AbortSignal): Promise<void> {
  const options = { signal, timeoutMs: aptTimeoutMs, env: { DEBIAN_FRONTEND: "noninteractive" } };
  const install = () =>
    runChild("apt-get", ["install", "-y", "-qq", "--no-install-recommends", debianPackage], options);
  // The benchmark runs a server of its own; a package must not start the one of the system.
  const forbid = !existsSync(policyFile);
  if (forbid) writeFileSync(policyFile, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    // The lists of packages may be missing or old; fetching them takes long, so only if it does not work without.
    await install().catch(async () => {
      await runChild("apt-get", ["update", "-qq"], options);
      await install();
    });
  } finally {
    if (forbid) rmSync(policyFile, { force: true });
  }
}
