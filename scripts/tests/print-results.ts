import type { FileResult } from "./test-results.ts";

const write = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

/** One line for a file, and under it what failed with the end of what the file printed. */
export function printFileResult(result: FileResult): void {
  const { file, passed, failures, skips, output, durationMs } = result;
  const counts = [`${passed} passed`];
  if (failures.length > 0) counts.push(`${failures.length} failed`);
  if (skips.length > 0) counts.push(`${skips.length} skipped`);
  write(`${failures.length > 0 ? "FAIL" : "ok  "}  ${file}  ${counts.join(", ")}  ${(durationMs / 1000).toFixed(1)} s`);
  for (const { name, detail } of failures) write(indent(`✖ ${name}\n${indent(detail, 2)}`, 6));
  if (failures.length > 0 && output.trim() !== "") write(indent(`What it printed:\n${indent(output.trimEnd(), 2)}`, 6));
}

/** Skips with their reasons, failures by name, remarks, and as the last line "N passed, N failed, N skipped" and nothing else. */
export function printSummary(results: readonly FileResult[], remarks: readonly string[]): void {
  const skips = results.flatMap(({ file, skips: list }) => list.map((skip) => ({ file, ...skip })));
  const failures = results.flatMap(({ file, failures: list }) => list.map((failure) => ({ file, ...failure })));
  const passed = results.reduce((sum, result) => sum + result.passed, 0);
  if (skips.length > 0) write("\nSkipped, because something is missing:");
  for (const { file, name, reason } of skips) write(`  ${file}: ${name}: ${reason}`);
  if (failures.length > 0) write("\nFailed:");
  for (const { file, name } of failures) write(`  ${file}: ${name}`);
  for (const remark of remarks) write(`\n${remark}`);
  write("");
  write(`${passed} passed, ${failures.length} failed, ${skips.length} skipped`);
}

function indent(text: string, columns: number): string {
  return text.replace(/^(?=.)/gm, " ".repeat(columns));
}
