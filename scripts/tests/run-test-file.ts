import { chmodSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { run } from "node:test";
import { stopMarkedProcesses, waitForMarkedProcesses } from "../support/marked-processes.ts";
import { abortFuseConnection, detachMountsUnder, mountsUnder } from "../support/mounts.ts";
import { type FileResult, FileTally, type TestEventData } from "./test-results.ts";

export interface RunTestFileOptions {
  readonly root: string;
  /** Path from the root. */
  readonly file: string;
  /** A path that does not exist: the file's TMPDIR is made there, and must be empty when it has ended. */
  readonly folder: string;
  readonly timeoutMs: number;
  /** Aborts when the whole run is given up. */
  readonly signal: AbortSignal;
}

/** The variable by which the processes that a test file started, and those that they started, are found again. */
const markVariable = "KEDGE_TEST_FOLDER";
/** How long processes may take to end after their test file has, and after SIGTERM, milliseconds. */
const graceMs = 5_000;

/** Runs one test file in a process of its own, and afterwards looks for what it left: processes, mounts, temporary files. */
export async function runTestFile(options: RunTestFileOptions): Promise<FileResult> {
  const { file, folder, timeoutMs } = options;
  const start = performance.now();
  const tally = new FileTally();
  // As /tmp itself: some tests run programs as another user.
  mkdirSync(folder);
  chmodSync(folder, 0o1777);

  const giveUp = new AbortController();
  const stop = (): void => giveUp.abort();
  options.signal.addEventListener("abort", stop);
  const timer = setTimeout(() => {
    const running = tally.runningTests().join("; ") || "none of its tests had begun";
    tally.fail("the file as a whole", `It took longer than ${timeoutMs / 1000} s. Not finished: ${running}.`);
    stop();
  }, timeoutMs);
  try {
    await Promise.race([collect(options, giveUp.signal, tally), stuck(folder, giveUp.signal)]);
  } finally {
    clearTimeout(timer);
    options.signal.removeEventListener("abort", stop);
  }
  if (options.signal.aborted) tally.fail("the file as a whole", "The run was given up.");
  await clearUp(folder, tally);
  const { passed, failures, skips, output } = tally;
  return { file, passed, failures, skips, output, durationMs: performance.now() - start };
}

async function collect({ root, file, folder }: RunTestFileOptions, signal: AbortSignal, tally: FileTally) {
  const env = { ...process.env, TMPDIR: folder, [markVariable]: folder };
  const events = run({ cwd: root, files: [join(root, file)], isolation: "process", concurrency: 1, signal, env });
  for await (const event of events) {
    const data = event.data as unknown as TestEventData & { readonly message?: string };
    switch (event.type) {
      case "test:dequeue":
        tally.started(data);
        break;
      case "test:complete":
        tally.completed(data);
        break;
      case "test:pass":
      case "test:fail":
        // The file's own failure to end in time was noted, with more to tell.
        if (!(signal.aborted && data.entryFile === undefined)) tally.finished(data, event.type === "test:pass");
        break;
      case "test:stdout":
      case "test:stderr":
        tally.print(data.message ?? "");
        break;
      default:
        break;
    }
  }
}

/** Resolves once a file that was given up has been ended by force, for a process that waits on a mount hears no SIGTERM. */
async function stuck(folder: string, signal: AbortSignal): Promise<void> {
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  await waitForMarkedProcesses(markVariable, folder, graceMs);
  for (const mount of mountsUnder(folder)) abortFuseConnection(mount);
  await stopMarkedProcesses(markVariable, folder, graceMs);
}

async function clearUp(folder: string, tally: FileTally): Promise<void> {
  const found: string[] = [];
  for (const { pid, command } of await waitForMarkedProcesses(markVariable, folder, graceMs)) {
    found.push(`process ${pid}: ${command}`);
  }
  for (const { path } of mountsUnder(folder)) found.push(`mount ${path}`);
  for (const mount of mountsUnder(folder)) abortFuseConnection(mount);
  for (const { pid } of await stopMarkedProcesses(markVariable, folder, graceMs)) {
    found.push(`process ${pid} did not end even by SIGKILL`);
  }
  for (const { path } of detachMountsUnder(folder)) found.push(`mount ${path} could not be detached`);
  for (const name of readdirSync(folder)) found.push(`temporary file ${name}`);
  if (mountsUnder(folder).length === 0) rmSync(folder, { recursive: true, force: true });
  if (found.length > 0) tally.fail("the file as a whole", `It left behind:\n${found.join("\n")}`);
}
