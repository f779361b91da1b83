import { execFile } from "node:child_process";
import { UserError } from "@kedgefs/core";

/** How long a new mount may take to answer the first stat, milliseconds. */
const answerTimeoutMs = 20_000;

/**
 * Resolves once the mount answers a stat(2) of its root. The stat is made by another process, because one that serves a mount
 * must not wait for it.
 */
export async function verifyMount(mountpoint: string): Promise<void> {
  const script = "require('node:fs').statSync(process.argv[1])";
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  execFile(
    process.execPath,
    ["-e", script, mountpoint],
    { cwd: "/", timeout: answerTimeoutMs, killSignal: "SIGKILL", env: {} },
    (error, _stdout, stderr) => {
      if (error === null) return resolve();
      const reason = error.killed ? `nothing for ${answerTimeoutMs / 1000} s` : reasonOf(stderr, error.message);
      reject(new UserError(`the mount at ${mountpoint} was made but does not answer: ${reason}`));
    },
  );
  await promise;
}

function reasonOf(stderr: string, otherwise: string): string {
  return /^Error: (.*)$/m.exec(stderr)?.[1] ?? otherwise;
}
