import assert from "node:assert/strict";
import { test } from "node:test";
import { markdownReport } from "./markdown-report.ts";
import type { Cell, ProfileResult, WorkloadResult } from "./result.ts";
import { textTable } from "./text-table.ts";

const cell = (...seconds: number[]): Cell => ({ seconds, failures: [] });

function row(
  name: WorkloadResult["name"],
  kind: WorkloadResult["kind"],
  cells: WorkloadResult["cells"],
): WorkloadResult {
  return { name, kind, title: `the ${name} row`, description: "what it does", cells };
}

function profile(...workloads: WorkloadResult[]): ProfileResult {
  const peer = (name: "local" | "kernel" | "sshfs", title: string) => ({
    name,
    title,
    mountedBy: "by hand",
    version: "1",
  });
  return {
    delayed: false,
    startedAt: "2026-01-02T03:04:05.000Z",
    rounds: 3,
    quick: false,
    usedMounts: true,
    machine: {
      system: "Debian",
      kernel: "6.1",
      cpu: "x",
      cores: 2,
      memoryGib: 4,
      node: "v24",
      backing: "ext4",
      loadBefore: 0,
    },
    peers: [
      peer("local", "local directory"),
      peer("kernel", "KedgeFS"),
      peer("sshfs", "sshfs"),
      { name: "rclone", title: "rclone", mountedBy: "rclone mount", unavailable: "rclone is not installed" },
    ],
    workloads,
  };
}

test("rows that miss the goal are named, and those that reach it are counted", () => {
  const text = markdownReport([
    profile(
      row("seq-write", "sequential", { kernel: cell(2, 3, 1), sshfs: cell(1.9) }),
      row("untar", "writing", { kernel: cell(2), sshfs: cell(1) }),
      row("stat-cold", "cold", { kernel: cell(2.1), sshfs: cell(1) }),
      row("stat-warm", "warm", { kernel: cell(100), sshfs: cell(1) }),
    ),
  ]);
  assert.match(text, /is reached by 1 of 3 rows; not by: the seq-write row; the stat-cold row\./);
  assert.match(
    text,
    /slower, the worst first: the stat-warm row \(0\.010×\); the stat-cold row \(0\.48×\); the untar row \(0\.50×\)/,
  );
  assert.match(text, /within 10 %: the seq-write row \(0\.95×\)/);
});

test("a peer that is not there, a round that failed and a result that was not stored are said", () => {
  const failed: Cell = { seconds: [1], failures: ["dd failed"] };
  const early: Cell = { seconds: [1], failures: [], stored: 0.25 };
  const measured = profile(row("seq-write", "sequential", { local: cell(0.01), kernel: failed, sshfs: early }));
  for (const text of [markdownReport([measured]), textTable(measured)]) {
    assert.match(text, /rclone: not available: rclone is not installed/);
    assert.match(text, /the seq-write row, KedgeFS: (failed: )?dd failed/);
    assert.match(text, /10\.0 ms.* failed.* 1\.00 s \*/);
  }
});

test("rows answered from a cache that may lie, and uneven ones, carry their signs", () => {
  const text = markdownReport([profile(row("stat-warm", "warm", { kernel: cell(1, 2, 1), sshfs: cell(1) }))]);
  assert.match(text, /\| the stat-warm row † ~ /);
});
