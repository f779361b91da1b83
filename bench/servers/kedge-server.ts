import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { runChild } from "../system/run-child.ts";
import { Service } from "../system/service.ts";

const repository = resolve(import.meta.dirname, "../..");
const bin = join(repository, "packages/cli/bin/kedge.js");
const readyTimeoutMs = 30_000;

export interface KedgeServer extends AsyncDisposable {
  readonly port: number;
  readonly pki: string;
  readonly version: string;
}

export interface KedgeServerOptions {
  /** Holds certificates and state. */
  readonly folder: string;
  readonly exported: string;
  readonly signal: AbortSignal;
}

/** Arguments of process.execPath that run `kedge`. */
export const kedgeArgs = (...args: readonly string[]): string[] => [bin, ...args];

/** Serves the exported folder as "bench", with certificates of its own. */
export async function startKedgeServer({ folder, exported, signal }: KedgeServerOptions): Promise<KedgeServer> {
  const pki = join(folder, "pki");
  const run = (...args: string[]) => runChild(process.execPath, kedgeArgs(...args), { signal, timeoutMs: 60_000 });
  await run("pki", "init", "--dir", pki);
  await run("pki", "issue", "bench", "--dir", pki);
  const args = ["serve", "--pki", pki, "--export", `bench=${exported}`, "--state", join(folder, "state")];
  const service = new Service("kedge serve", process.execPath, kedgeArgs(...args, "--listen", "127.0.0.1:0"));
  try {
    const [, port] = await service.said(/ on 127\.0\.0\.1:(\d+)$/m, readyTimeoutMs);
    return {
      port: Number(port),
      pki,
      version: await kedgeVersion(signal),
      [Symbol.asyncDispose]: () => service[Symbol.asyncDispose](),
    };
  } catch (error) {
    await service[Symbol.asyncDispose]();
    throw error;
  }
}

/** The package's version, and the commit where this is a checkout. */
async function kedgeVersion(signal: AbortSignal): Promise<string> {
  const { version } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8")) as { version: string };
  if (!existsSync(join(repository, ".git"))) return version;
  const script =
    "git rev-parse --short HEAD && git status --porcelain --untracked-files=no -- packages proto | head -1";
  const options = {
    signal,
    timeoutMs: 30_000,
    cwd: repository,
    output: "keep",
    env: { GIT_OPTIONAL_LOCKS: "0" },
  } as const;
  const { output } = await runChild("sh", ["-c", script], options);
  const [commit, change] = output.trim().split("\n");
  return `${version}, commit ${commit}${change === undefined ? "" : " and changes"}`;
}
