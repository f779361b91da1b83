import assert from "node:assert/strict";
import { test } from "node:test";
import { BenchError } from "./bench-error.ts";
import { parseCommandLine } from "./command-line.ts";
import { peerNames } from "./peers/peer.ts";
import { allWorkloads } from "./workloads/all-workloads.ts";
import { workloadNames } from "./workloads/workload.ts";

test("without options everything is measured at both distances", () => {
  const command = parseCommandLine([]);
  assert.ok(command.verb === "measure");
  assert.deepEqual(command.only, workloadNames);
  assert.deepEqual(command.peers, peerNames);
  assert.deepEqual(command.delays, [false, true]);
});

test("lists choose workloads and peers, in the order of the tables", () => {
  const command = parseCommandLine(["--only", "untar,seq-write", "--peers", "sshfs,local", "--delay", "20ms"]);
  assert.ok(command.verb === "measure");
  assert.deepEqual(command.only, ["seq-write", "untar"]);
  assert.deepEqual(command.peers, ["local", "sshfs"]);
  assert.deepEqual(command.delays, [true]);
});

test("a report takes several files", () => {
  assert.deepEqual(parseCommandLine(["--report", "a.json", "b.json", "--out", "-"]), {
    verb: "report",
    files: ["a.json", "b.json"],
    out: "-",
  });
});

for (const args of [
  ["--only", "nothing"],
  ["--peers", "nfs"],
  ["--rounds", "0"],
  ["--rounds", "1.5"],
  ["--delay", "5ms"],
  ["--unknown"],
  ["stray"],
]) {
  test(`${args.join(" ")} is refused`, () => {
    assert.throws(() => parseCommandLine(args), BenchError);
  });
}

test("each workload is in the table once", () => {
  assert.deepEqual(
    allWorkloads.map(({ name }) => name),
    workloadNames,
  );
});
