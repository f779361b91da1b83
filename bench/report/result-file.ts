import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { BenchError, messageOf } from "../bench-error.ts";
import { type ProfileResult, type Result, resultFormat } from "./result.ts";

/** Writes profiles to a file, whole or not at all. */
export function writeResult(path: string, profiles: readonly ProfileResult[]): void {
  const result: Result = { format: resultFormat, profiles };
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, `${JSON.stringify(result, undefined, 2)}\n`);
  renameSync(`${path}.new`, path);
}

/** Reads files of `writeResult`. Where several have the same profile, that of the last counts. */
export function readResults(paths: readonly string[]): ProfileResult[] {
  const profiles = new Map<boolean, ProfileResult>();
  for (const path of paths) {
    let result: Result;
    try {
      result = JSON.parse(readFileSync(path, "utf8")) as Result;
    } catch (error) {
      throw new BenchError(`${path} cannot be read: ${messageOf(error)}`);
    }
    if (result.format !== resultFormat) throw new BenchError(`${path} is not a result of this benchmark`);
    for (const profile of result.profiles) profiles.set(profile.delayed, profile);
  }
  return [...profiles.values()].sort((a, b) => Number(a.delayed) - Number(b.delayed));
}
