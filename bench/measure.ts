import { join } from "node:path";
import { messageOf } from "./bench-error.ts";
import type { Ports, ReadyPeer } from "./peers/peer.ts";
import type { Cell } from "./report/result.ts";
import { runChild } from "./system/run-child.ts";
import type { Workspace } from "./system/workspace.ts";
import { gitEnvironment } from "./workloads/make-inputs.ts";
import type { Sizes } from "./workloads/sizes.ts";
import type { Workload } from "./workloads/workload.ts";

export interface MeasureOptions {
  readonly workspace: Workspace;
  readonly sizes: Sizes;
  readonly ports: Ports;
  /** Whether mounts are used a little before they are measured, see `useALittle`. */
  readonly usedMounts: boolean;
  /** Longest time of the measured program, milliseconds. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

const setupTimeoutMs = 120_000;

/**
 * A mount that has just been made runs code for the first time, which one that has been there for a day does not. So every
 * mount first copies, reads, writes and removes some files that no workload looks at. Over a delay that would take long and change
 * nothing, since the network is what is waited for. What a peer can't do of it doesn't matter.
 */
const useALittle = `
  mkdir "$M/used"
  cp -r "$L/tree/part-0" "$L/tree/part-1" "$M/used/"
  find "$M/used" -type f -exec cat {} + > /dev/null
  dd if="$B/input/big" of="$M/used/file" bs=1M count=32 conv=fsync
  cat "$M/used/file" > /dev/null
  dd if="$B/input/big" of="$M/used/file" bs=4k count=1000 conv=notrunc,fsync
  rm -rf "$M/used"
  true
`;

/**
 * A virtual machine's host gives memory when it is first touched, and takes it back some seconds after it was freed. That costs
 * more than the copy into it, and falls on whoever comes after a pause. So the page cache of a large file, at both ends, is
 * touched right before.
 */
const touchMemory = `
  head -c "$((WRITE_MIB * 3 << 20))" /dev/zero > "$L/memory"
  rm "$L/memory"
`;

/** Measures one workload on one peer once, and notes the outcome. Rejects only when the run was interrupted. */
export async function measure(workload: Workload, peer: ReadyPeer, cell: Cell, options: MeasureOptions): Promise<void> {
  const { workspace, ports, signal } = options;
  const environment = scriptEnvironment(options);
  const setUp = (script: string, env: NodeJS.ProcessEnv = environment) =>
    runChild("sh", ["-ec", script], { signal, timeoutMs: setupTimeoutMs, env, output: "keep" });
  try {
    await setUp('rm -rf "$B/out" "$B/used" && mkdir "$B/out"');
    if (workload.before !== undefined) await setUp(workload.before);
    // What others left to write to the disk must not be written while this one is measured.
    await setUp('sync -f "$B"');
    const mounted = await peer.mount(ports);
    const onMount = { ...environment, M: mounted.path };
    const run = () => runChild("sh", ["-c", workload.script], { signal, timeoutMs: options.timeoutMs, env: onMount });
    try {
      if (options.usedMounts) await setUp(useALittle, onMount);
      if (workload.kind === "sequential") await setUp(touchMemory, onMount);
      if (workload.again) await run();
      const { seconds } = await run();
      if (workload.stored !== undefined) noteStored(cell, (await setUp(workload.stored)).output);
      cell.seconds.push(seconds);
    } finally {
      await mounted.unmount();
    }
  } catch (error) {
    signal.throwIfAborted();
    cell.failures.push(messageOf(error).replaceAll(workspace.root, "…"));
  }
}

function scriptEnvironment({ workspace, sizes }: MeasureOptions): NodeJS.ProcessEnv {
  return {
    ...gitEnvironment,
    LC_ALL: "C.UTF-8",
    B: workspace.exported,
    L: workspace.local,
    NODE: process.execPath,
    RANDOM_IO: join(import.meta.dirname, "workloads/random-io.ts"),
    WRITE_MIB: String(sizes.writeMib),
    RANDOM_COUNT: String(sizes.randomCount),
    RANDOM_WRITE_MIB: String(sizes.randomWriteMib),
  };
}

function noteStored(cell: Cell, output: string): void {
  const [found = 0, expected = 1] = output.split("/").map(Number);
  cell.stored = Math.min(cell.stored ?? 1, found / expected);
}
