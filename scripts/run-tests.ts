/**
 * Runs the tests: `node scripts/run-tests.ts [--root DIR] [PART-OF-A-PATH]...`. Exits 0 if all passed, 1 if one failed, left something
 * behind, or none ran, 130 after Ctrl-C.
 */
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { listMounts, mountsUnder } from "./support/mounts.ts";
import { printFileResult, printSummary } from "./tests/print-results.ts";
import { runTestFile } from "./tests/run-test-file.ts";
import { type TestGroup, testGroups } from "./tests/test-groups.ts";
import type { FileResult } from "./tests/test-results.ts";

const { values: options, positionals: filters } = parseArgs({
  options: { root: { type: "string", default: resolve(import.meta.dirname, "..") } },
  allowPositionals: true,
});
const root = resolve(options.root);
// Short, because unix sockets below it have 107 bytes for their path (unix(7)).
const scratch = mkdtempSync(join(tmpdir(), "kedge-t-"));
chmodSync(scratch, 0o755);

const giveUp = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => giveUp.abort());

const kedgeMounts = (): string[] =>
  listMounts()
    .filter(({ path, type }) => type.startsWith("fuse.kedge") && !path.startsWith(scratch))
    .map(({ path }) => path);

async function runGroup(group: TestGroup, results: FileResult[]): Promise<void> {
  if (group.files.length === 0) return;
  console.log(`\n${group.title}:`);
  const waiting = group.files.values();
  const work = async (): Promise<void> => {
    for (const file of waiting) {
      if (giveUp.signal.aborted) return;
      const folder = join(scratch, String(nextFolder++));
      const result = await runTestFile({ root, file, folder, timeoutMs: group.fileTimeoutMs, signal: giveUp.signal });
      results.push(result);
      printFileResult(result);
    }
  };
  await Promise.all(Array.from({ length: group.concurrency }, work));
}

let nextFolder = 0;
const mountsBefore = kedgeMounts();
const groups = testGroups(root, filters);
const results: FileResult[] = [];
const remarks: string[] = [];
try {
  for (const group of groups) await runGroup(group, results);
} finally {
  if (mountsUnder(scratch).length === 0) rmSync(scratch, { recursive: true, force: true });
}

// Tests mount below their TMPDIR, where each file's leftovers are its failure. A mount elsewhere may be somebody's at work.
for (const path of kedgeMounts().filter((mount) => !mountsBefore.includes(mount))) {
  remarks.push(`${path} was mounted meanwhile, outside of the tests' temporary folder; it was left alone.`);
}
if (results.length === 0) remarks.push(filters.length > 0 ? `No test file matches ${filters.join(", ")}.` : "No test.");
if (giveUp.signal.aborted) remarks.push("The run was given up before its end.");
printSummary(results, remarks);
const failed = results.some((result) => result.failures.length > 0);
const ran = results.some((result) => result.passed > 0);
process.exitCode = giveUp.signal.aborted ? 130 : failed || !ran ? 1 : 0;
// A test process that not even SIGKILL could end would keep this one alive; all is told.
setTimeout(() => process.exit(), 2_000).unref();
