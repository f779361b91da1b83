import { resolve } from "node:path";
import { UsageError } from "./usage-error.ts";

export type Squash = "none" | "root" | "all";

export interface ExportSpec {
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  readonly readOnly: boolean;
  readonly squash: Squash;
}

export interface AllowSpec {
  readonly identity: string;
  readonly exportName: string;
  readonly readOnly: boolean;
}

const exportNameBytesMax = 128;
const squashes: readonly string[] = ["none", "root", "all"] satisfies Squash[];

/** Refuses a name that could not be typed in HOST/EXPORT, on a command line or in a table of mounts. */
export function checkExportName(name: string, whole: string): void {
  if (!/^[\p{L}\p{N}][\p{L}\p{N}._+@-]*$/u.test(name)) {
    throw new UsageError(
      `"${whole}": "${name}" is not a name for an export`,
      "A name begins with a letter or digit and has letters, digits and . _ + @ - in it.",
    );
  }
  if (Buffer.byteLength(name) > exportNameBytesMax) {
    throw new UsageError(`"${whole}": the name of an export has at most ${exportNameBytesMax} bytes`);
  }
}

/** Reads `NAME=PATH[,ro][,squash=root|all|none]`; a comma in the path is written `\,`. Relative paths start at the cwd. */
export function parseExportSpec(text: string): ExportSpec {
  const equals = text.indexOf("=");
  if (equals === -1) throw new UsageError(`--export "${text}": write NAME=PATH, for example docs=/srv/docs`);
  const name = text.slice(0, equals);
  checkExportName(name, text);
  const [path = "", ...options] = splitAtCommas(text.slice(equals + 1));
  if (path === "") throw new UsageError(`--export "${text}": the path is missing`);
  let readOnly = false;
  let squash: Squash = "none";
  for (const option of options) {
    if (option === "ro" || option === "rw") readOnly = option === "ro";
    else if (option.startsWith("squash=")) squash = parseSquash(option.slice("squash=".length), text);
    else throw unknownOption("--export", text, option, "ro, rw, squash=root, squash=all, squash=none");
  }
  return { name, path: resolve(path), readOnly, squash };
}

/** Reads `IDENTITY=EXPORT[,ro]`. An identity may have "=" in it, an export not. */
export function parseAllowSpec(text: string): AllowSpec {
  const [assignment = "", ...options] = splitAtCommas(text);
  const equals = assignment.lastIndexOf("=");
  const identity = assignment.slice(0, Math.max(equals, 0));
  const exportName = assignment.slice(equals + 1);
  if (identity === "" || exportName === "") {
    throw new UsageError(`--allow "${text}": write IDENTITY=EXPORT, for example alice=docs`);
  }
  checkExportName(exportName, text);
  let readOnly = false;
  for (const option of options) {
    if (option !== "ro" && option !== "rw") throw unknownOption("--allow", text, option, "ro, rw");
    readOnly = option === "ro";
  }
  return { identity, exportName, readOnly };
}

/** Refuses two exports of one name, and permission for an export that is not served. */
export function checkExports(exports: readonly ExportSpec[], allow: readonly AllowSpec[]): void {
  const names = new Set<string>();
  for (const { name } of exports) {
    if (names.has(name)) throw new UsageError(`two exports are named "${name}"`);
    names.add(name);
  }
  for (const { identity, exportName } of allow) {
    if (!names.has(exportName)) {
      throw new UsageError(
        `--allow "${identity}=${exportName}": no export is named "${exportName}"`,
        `Exports: ${[...names].join(", ")}`,
      );
    }
  }
}

function parseSquash(value: string, whole: string): Squash {
  if (!squashes.includes(value)) {
    throw new UsageError(`--export "${whole}": squash is one of ${squashes.join(", ")}, not "${value}"`);
  }
  return value as Squash;
}

function splitAtCommas(text: string): string[] {
  return text.split(/(?<!\\),/).map((part) => part.replaceAll("\\,", ","));
}

function unknownOption(flag: string, whole: string, option: string, known: string): UsageError {
  return new UsageError(
    `${flag} "${whole}": unknown option "${option}"`,
    `Known: ${known}. A comma in a path is written \\,`,
  );
}
