import { globSync } from "node:fs";

export interface TestGroup {
  readonly title: string;
  readonly files: readonly string[];
  /** Files that run at the same time. */
  readonly concurrency: number;
  /** Longest time of one file, milliseconds. */
  readonly fileTimeoutMs: number;
}

/** Every test file, as a path from the root of the repository, less those that none of the filters is a part of. */
export function testGroups(root: string, filters: readonly string[]): TestGroup[] {
  const find = (pattern: string): string[] =>
    globSync(pattern, { cwd: root, exclude: ["**/node_modules"] })
      .filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter.replace(/^\.\//, ""))))
      .sort();
  return [
    {
      title: "Unit tests, two files at a time",
      files: [...find("packages/*/src/**/*.test.ts"), ...find("scripts/**/*.test.ts")],
      concurrency: 2,
      fileTimeoutMs: 180_000,
    },
    // These start servers and mounts and measure how long things take, so they have the machine to themselves.
    {
      title: "Tests across processes, one file at a time",
      files: [...find("bench/**/*.test.ts"), ...find("test/**/*.test.ts")],
      concurrency: 1,
      fileTimeoutMs: 900_000,
    },
  ];
}
