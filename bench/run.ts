// Measures KedgeFS beside its peers: npm run bench. See --help.
import { existsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { BenchError, Interrupted, messageOf } from "./bench-error.ts";
import { help, type MeasureCommand, parseCommandLine, type ReportCommand } from "./command-line.ts";
import { peerNames, type Site } from "./peers/peer.ts";
import { markdownReport } from "./report/markdown-report.ts";
import type { ProfileResult } from "./report/result.ts";
import { readResults, writeResult } from "./report/result-file.ts";
import { textTable } from "./report/text-table.ts";
import { runProfile } from "./run-profile.ts";
import { startKedgeServer } from "./servers/kedge-server.ts";
import { startSshd } from "./servers/sshd.ts";
import { Workspace } from "./system/workspace.ts";
import { workloadNames } from "./workloads/workload.ts";

const repository = resolve(import.meta.dirname, "..");
const resultsFolder = join(repository, "bench/results");
const roundsDefault = 3;
/** Over a delay the network is what is waited for, and its time hardly varies. */
const delayedRoundsDefault = 1;

try {
  const command = parseCommandLine(process.argv.slice(2));
  if (command.verb === "help") process.stdout.write(help);
  else if (command.verb === "report") report(command);
  else await measureAll(command);
} catch (error) {
  const expected = error instanceof BenchError;
  process.stderr.write(`bench: ${expected ? messageOf(error) : error instanceof Error ? error.stack : error}\n`);
  process.exitCode = error instanceof Interrupted ? 130 : 1;
}

function report({ files, out }: ReportCommand): void {
  const text = markdownReport(readResults(files));
  if (out === "-") {
    process.stdout.write(text);
    return;
  }
  const path = out ?? join(repository, "docs/benchmarks.md");
  writeFileSync(path, text);
  process.stderr.write(`bench: wrote ${path}\n`);
}

async function measureAll(command: MeasureCommand): Promise<void> {
  const signal = interruptSignal();
  const startedAt = new Date().toISOString().replaceAll(":", "-").replace(/\..*/, "");
  const path = command.out ?? join(resultsFolder, `${startedAt}.json`);
  const workspace = new Workspace(resolve(command.dir ?? tmpdir()));
  const done: ProfileResult[] = [];
  try {
    const { install, quick } = command;
    const needsSsh = command.peers.some((peer) => peer === "sshfs" || peer === "rclone");
    const unused = new BenchError("not asked for");
    const { root, exported } = workspace;
    const sshd = needsSsh
      ? await orError(() => startSshd({ folder: join(root, "ssh"), install, signal }), signal)
      : unused;
    await using _sshd = sshd instanceof Error ? undefined : sshd;
    const kedge = await orError(() => startKedgeServer({ folder: root, exported, signal }), signal);
    await using _kedge = kedge instanceof Error ? undefined : kedge;
    const site: Site = { workspace, sshd, kedge, install, signal };
    for (const delayed of command.delays) {
      const rounds = command.rounds ?? (quick || delayed ? delayedRoundsDefault : roundsDefault);
      const save = (result: ProfileResult): void => writeResult(path, [...done, result]);
      const result = await runProfile({ ...command, site, delayed, rounds, save });
      done.push(result);
      process.stdout.write(textTable(result));
    }
  } finally {
    await workspace.remove();
  }
  if (command.out === undefined && isWhole(command)) {
    // What the run did not measure, such as the other distance, stays as it was measured last.
    const latest = join(resultsFolder, "latest.json");
    writeResult(latest, readResults(existsSync(latest) ? [latest, path] : [path]));
  }
  process.stdout.write(`\nThe figures are in ${path}\nFor docs/benchmarks.md: npm run bench -- --report ${path}\n`);
}

const isWhole = ({ quick, only, peers }: MeasureCommand): boolean =>
  !quick && only.length === workloadNames.length && peers.length === peerNames.length;

/** Aborted by the first signal that asks to end; a second one ends at once, and `exit` handlers clean up what they can. */
function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(130);
      process.stderr.write("bench: interrupted; cleaning up …\n");
      controller.abort(new Interrupted());
    });
  }
  return controller.signal;
}

/** A server that cannot be started takes its peers out of the comparison, not the others. */
async function orError<T>(start: () => Promise<T>, signal: AbortSignal): Promise<T | Error> {
  try {
    return await start();
  } catch (error) {
    signal.throwIfAborted();
    return error instanceof Error ? error : new Error(String(error));
  }
}
