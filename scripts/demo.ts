/**
 * Shows that a mount keeps working while its server is killed and restarted: `scripts/demo [--keep]`. Works in a temporary
 * folder and removes it, also after Ctrl-C or a failure. Exits 0 if every byte was in place, 1 if not, 130 after Ctrl-C.
 */
import { basename, dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { compareListings, type Listing, parseListing } from "./demo-steps/compare-listings.ts";
import { type CopyFigures, copyWithKills } from "./demo-steps/copy-with-kills.ts";
import { DemoError } from "./demo-steps/demo-error.ts";
import { DemoServer } from "./demo-steps/demo-server.ts";
import { type PickedTree, pickTree } from "./demo-steps/pick-tree.ts";
import { runProgram } from "./demo-steps/run-program.ts";
import { count, megabytes, rate, say, seconds, showProgress } from "./demo-steps/say.ts";
import {
  checkFuse,
  createWorkspace,
  freePort,
  markVariable,
  removeWorkspace,
  type Workspace,
} from "./demo-steps/workspace.ts";
import { waitForMarkedProcesses } from "./support/marked-processes.ts";
import { mountsUnder } from "./support/mounts.ts";

const root = resolve(import.meta.dirname, "..");
const kedge = join(root, "node_modules", ".bin", "kedge");
const candidates = ["doc", "man", "perl", "zoneinfo", "locale", "icons", "i18n"].map((name) => `/usr/share/${name}`);
candidates.push("/usr/include", "/usr/lib/python3", join(root, "node_modules"));

const interrupted = new AbortController();
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => interrupted.abort());
const { signal } = interrupted;
/** Every step has a time limit of its own; this one is for what nobody thought of. */
const demoTimeoutMs = 40 * 60_000;
const killsMin = 4;
const watchdog = setTimeout(() => interrupted.abort(), demoTimeoutMs);

async function demonstrate(space: Workspace, tree: PickedTree, keep: boolean): Promise<void> {
  const env = { ...process.env, [markVariable]: space.folder };
  const run = (program: string, args: readonly string[], timeoutMs = 60_000): Promise<string> =>
    runProgram(program, args, { signal, env, timeoutMs });
  const list = async (dir: string): Promise<Listing> =>
    parseListing(await run(process.execPath, [join(root, "scripts/demo-steps/list-tree.ts"), dir], 600_000));

  const exportedTree = join(space.exported, "tree");
  say(`1. Copying real files of this machine into ${exportedTree}`);
  for (const [folder, names] of tree.sources) {
    const target = join(exportedTree, basename(folder));
    await run("mkdir", ["-p", target]);
    for (let first = 0; first < names.length; first += 500) {
      const paths = names.slice(first, first + 500).map((name) => join(folder, name));
      await run("cp", ["-a", "-t", target, "--", ...paths], 300_000);
    }
  }
  const original = await list(exportedTree);
  say(`   ${count(tree.files)} files, ${megabytes(tree.bytes)}, from ${[...tree.sources.keys()].join(", ")}`);

  say("2. Making certificates, starting the server, mounting");
  await run(kedge, ["pki", "init", "--dir", space.pki]);
  await run(kedge, ["pki", "issue", "demo", "--dir", space.pki]);
  const address = `127.0.0.1:${await freePort()}`;
  // Root of a client counts as nobody unless told otherwise, and could not copy owners.
  const squash = process.getuid?.() === 0 ? ",squash=none" : "";
  const serve = ["serve", "--pki", space.pki, "--export", `demo=${space.exported}${squash}`, "--listen", address];
  const server = new DemoServer([kedge, ...serve, "--state", space.state], space.logs, env, signal);
  say(`   ${await server.start()}`);
  await run(kedge, ["mount", `${address}/demo`, space.mount, "--pki", space.pki]);
  say(`   mounted ${address}/demo on ${space.mount}`);

  const copying = { entries: original.size, server, env, signal };
  const report = ({ durationMs, kills, longestPauseMs }: CopyFigures): void =>
    say(
      `   done in ${seconds(durationMs)} (${rate(tree.bytes, durationMs)}) with ${kills} kills; ` +
        `longest pause ${seconds(longestPauseMs)}`,
    );
  say("3. Copying out of the mount with cp -a, and killing the server with SIGKILL meanwhile");
  const copy = join(space.copy, "tree");
  const out = await copyWithKills({ from: join(space.mount, "tree"), to: copy, ...copying });
  report(out);
  say("4. Copying that copy back into the mount, and killing the server again");
  const back = await copyWithKills({ from: copy, to: join(space.mount, "back"), ...copying });
  report(back);
  const kills = out.kills + back.kills;
  if (kills < killsMin) throw new DemoError(`the copies were over after ${kills} kills, which shows too little`);

  say("5. Comparing names, contents (SHA-256), modes, owners, times in nanoseconds, links");
  const compared: [string, string][] = [
    ["what was copied out", copy],
    ["what was copied in, on the server's disk", join(space.exported, "back")],
    ["what was copied in, read through the mount", join(space.mount, "back")],
    ["the original, read through the mount", join(space.mount, "tree")],
  ];
  for (const [what, dir] of compared) {
    showProgress(`   ${what} …`);
    const differences = compareListings(original, await list(dir));
    if (differences.length > 0) {
      const shown = differences.slice(0, 10).join("\n  ");
      throw new DemoError(`${what} differs from the original in ${count(differences.length)} points`, `${shown}`);
    }
    say(`   ${what}: ${count(original.size)} entries, all the same`);
  }

  if (keep) {
    tellHowToStop(space, server);
  } else {
    say("6. Unmounting and stopping the server");
    await run(kedge, ["umount", space.mount]);
    await server.stop();
    const left = [
      ...mountsUnder(space.folder).map(({ path }) => `mount ${path}`),
      ...(await waitForMarkedProcesses(markVariable, space.folder, 10_000)).map(({ command }) => `process ${command}`),
    ];
    if (left.length > 0) throw new DemoError("something was left after unmounting and stopping", left.join("\n"));
    say("   no mount and no process is left");
  }

  const pause = seconds(Math.max(out.longestPauseMs, back.longestPauseMs));
  say("");
  say(
    `${count(tree.files)} files (${megabytes(tree.bytes)}) went out of the mount and back into it over mutual TLS, while`,
  );
  say(`the server was killed with SIGKILL and started again ${kills} times. cp saw no error, the longest pause`);
  say(`was ${pause}, and no byte, mode, owner, time or link differs.`);
  say(`With the kills in it: ${rate(tree.bytes, out.durationMs)} out, ${rate(tree.bytes, back.durationMs)} in.`);
}

function tellHowToStop(space: Workspace, server: DemoServer): void {
  const kedgeCommand = "npx kedge";
  const serve = [kedgeCommand, ...server.command.slice(1)].join(" ");
  say("6. The mount stays, as you asked. In another shell:");
  say(`     cd ${root}`);
  say("   look at it:");
  say(`     ls -l ${space.mount}`);
  say(`     ${kedgeCommand} status`);
  say("   kill the server and start it again yourself:");
  say(`     kill -9 ${server.pid}`);
  say(`     ${serve}`);
  say("   stop and remove everything:");
  say(`     ${kedgeCommand} umount ${space.mount}`);
  say(`     kill ${server.pid}`);
  say(`     rm -rf ${space.folder}`);
}

const { values: options } = parseArgs({ options: { keep: { type: "boolean", default: false } } });
let space: Workspace | undefined;
let kept = false;
try {
  checkFuse();
  const tree = pickTree(candidates);
  // The tree, its copy, the copy of the copy, and some room for blocks that are not full.
  space = createWorkspace(3 * (tree.bytes + tree.files * 4096) + 50_000_000);
  say(`KedgeFS demo in ${dirname(space.mount)}`);
  await demonstrate(space, tree, options.keep);
  kept = options.keep;
} catch (error) {
  process.exitCode = signal.aborted ? 130 : 1;
  const known = error instanceof DemoError ? error : undefined;
  say(signal.aborted ? "Interrupted; cleaning up …" : `The demo failed: ${known?.message ?? String(error)}`);
  if (!signal.aborted && known?.hint) say(`  ${known.hint.replaceAll("\n", "\n  ")}`);
  if (known === undefined && !signal.aborted && error instanceof Error) say(error.stack ?? "");
} finally {
  clearTimeout(watchdog);
  if (space !== undefined && !kept) {
    for (const left of await removeWorkspace(space)) {
      say(`Could not remove: ${left}`);
      process.exitCode ||= 1;
    }
  }
}
// A copy that not even SIGKILL could end would keep this process alive; all is told.
setTimeout(() => process.exit(), 1_000).unref();
