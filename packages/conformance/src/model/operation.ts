import { constants } from "node:fs";
import { RENAME_EXCHANGE, RENAME_NOREPLACE } from "@kedgefs/core";
import fc from "fast-check";

const { O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY } = constants;

/** Handles that a sequence of operations can have open at once. */
export const slotsMax = 3;

/** What an operation does; paths are relative to the directory of the run. */
export type Action =
  | { readonly kind: "writeFile" | "appendFile"; readonly path: string; readonly size: number; readonly fill: number }
  | { readonly kind: "mkdir" | "chmod"; readonly path: string; readonly mode: number }
  | {
      readonly kind: "rmdir" | "unlink" | "readlink" | "readdir" | "stat" | "lstat" | "readFile";
      readonly path: string;
    }
  | { readonly kind: "rename" | "link"; readonly path: string; readonly newPath: string }
  | { readonly kind: "renameat2"; readonly path: string; readonly newPath: string; readonly flags: number }
  | { readonly kind: "symlink"; readonly target: string; readonly absolute: boolean; readonly path: string }
  | { readonly kind: "chown" | "lchown"; readonly path: string; readonly uid: number; readonly gid: number }
  | { readonly kind: "truncate"; readonly path: string; readonly size: number }
  | {
      readonly kind: "utimensat";
      readonly path: string;
      readonly sec: number | "now" | "omit";
      readonly nofollow: boolean;
    }
  | { readonly kind: "access"; readonly path: string; readonly mode: number }
  | {
      readonly kind: "open";
      readonly slot: number;
      readonly path: string;
      readonly flags: number;
      readonly mode: number;
    }
  | {
      readonly kind: "handleWrite";
      readonly slot: number;
      readonly size: number;
      readonly fill: number;
      readonly at: number;
    }
  | { readonly kind: "handleRead"; readonly slot: number; readonly size: number; readonly at: number }
  | { readonly kind: "handleTruncate"; readonly slot: number; readonly size: number }
  | { readonly kind: "handleChmod"; readonly slot: number; readonly mode: number }
  | { readonly kind: "handleStat" | "handleSync" | "close"; readonly slot: number };

/** An action, by whom it is done (an index into the actors), and through which of two views. */
export interface Operation {
  readonly action: Action;
  readonly actor: number;
  readonly view: number;
}

const name = fc.constantFrom("a", "b", "c");
const further = fc.oneof({ weight: 9, arbitrary: name }, { weight: 1, arbitrary: fc.constant("..") });
const components = fc.oneof(
  { weight: 5, arbitrary: fc.tuple(name) },
  { weight: 5, arbitrary: fc.tuple(name, further) },
  { weight: 1, arbitrary: fc.tuple(name, further, name) },
);
const ending = fc.oneof(
  { weight: 9, arbitrary: fc.constant("") },
  { weight: 1, arbitrary: fc.constantFrom("/", "/.") },
);
const path = fc.tuple(components, ending).map(([names, end]) => names.join("/") + end);
const target = fc.oneof(
  path,
  path.map((rest) => `../${rest}`),
);
const usualMode = fc.constantFrom(0o777, 0o755, 0o666);
const anyMode = fc.constantFrom(0o700, 0o644, 0o600, 0o444, 0o222, 0o111, 0, 0o2777, 0o2755, 0o4755, 0o6777);
const mode = fc.oneof({ weight: 3, arbitrary: usualMode }, { weight: 2, arbitrary: anyMode });
const size = fc.constantFrom(0, 1, 5, 4096, 5000, 70_000);
const fill = fc.integer({ min: 1, max: 255 });
const slot = fc.nat({ max: slotsMax - 1 });
const id = fc.constantFrom(0, 12_001, 12_002, 12_100);
const flags = fc
  .tuple(fc.constantFrom(O_RDONLY, O_WRONLY, O_RDWR), fc.subarray([O_CREAT, O_EXCL, O_TRUNC, O_APPEND, O_NOFOLLOW]))
  // O_EXCL without O_CREAT and O_TRUNC without writing mean nothing that is defined.
  .map(([access, more]) => more.reduce((sum, flag) => sum | flag, access))
  .filter(
    (all) => ((all & O_EXCL) === 0 || (all & O_CREAT) !== 0) && ((all & O_TRUNC) === 0 || (all & 3) !== O_RDONLY),
  );

const kinds = <Kind extends Action["kind"]>(...all: readonly Kind[]) => fc.constantFrom(...all);

const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ kind: kinds("writeFile", "appendFile"), path, size, fill }),
  fc.record({ kind: kinds("mkdir", "mkdir", "chmod"), path, mode }),
  fc.record({ kind: kinds("rmdir", "unlink", "readlink", "readdir", "stat", "lstat", "readFile"), path }),
  fc.record({ kind: kinds("rename", "rename", "link"), path, newPath: path }),
  fc.record({
    kind: kinds("renameat2"),
    path,
    newPath: path,
    flags: fc.constantFrom(RENAME_NOREPLACE, RENAME_EXCHANGE),
  }),
  fc.record({ kind: kinds("symlink"), target, absolute: fc.boolean(), path }),
  fc.record({ kind: kinds("chown", "lchown"), path, uid: id, gid: id }),
  fc.record({ kind: kinds("truncate"), path, size }),
  fc.record({
    kind: kinds("utimensat"),
    path,
    sec: fc.oneof(fc.integer({ min: -10, max: 1000 }), fc.constantFrom("now" as const, "omit" as const)),
    nofollow: fc.boolean(),
  }),
  fc.record({ kind: kinds("access"), path, mode: fc.nat({ max: 7 }) }),
  fc.record({ kind: kinds("open"), slot, path, flags, mode }),
  fc.record({ kind: kinds("handleWrite"), slot, size, fill, at: size }),
  fc.record({ kind: kinds("handleRead"), slot, size, at: size }),
  fc.record({ kind: kinds("handleTruncate"), slot, size }),
  fc.record({ kind: kinds("handleChmod"), slot, mode }),
  fc.record({ kind: kinds("handleStat", "handleSync", "close"), slot }),
);

/** Sequences of operations by `actorCount` actors. */
export function operationSequences(actorCount: number, lengthMax: number): fc.Arbitrary<Operation[]> {
  const root = { weight: 2, arbitrary: fc.constant(0) };
  const actor = fc.oneof(root, { weight: 1, arbitrary: fc.nat({ max: actorCount - 1 }) });
  return fc.array(fc.record({ action, actor, view: fc.nat({ max: 1 }) }), {
    minLength: 1,
    maxLength: lengthMax,
    size: "max",
  });
}

const asRoot = (made: Action): Operation => ({ action: made, actor: 0, view: 0 });

/** What every sequence begins with, so that most operations find something. */
export const beginning: readonly Operation[] = [
  asRoot({ kind: "mkdir", path: "a", mode: 0o777 }),
  asRoot({ kind: "chmod", path: "a", mode: 0o777 }),
  asRoot({ kind: "mkdir", path: "a/a", mode: 0o755 }),
  asRoot({ kind: "writeFile", path: "a/a/a", size: 5, fill: 1 }),
  asRoot({ kind: "writeFile", path: "a/b", size: 5000, fill: 2 }),
  asRoot({ kind: "chown", path: "a/b", uid: 12_001, gid: 12_100 }),
  asRoot({ kind: "symlink", target: "../b", absolute: false, path: "a/c" }),
  asRoot({ kind: "mkdir", path: "b", mode: 0o755 }),
  asRoot({ kind: "chown", path: "b", uid: 12_002, gid: 12_002 }),
  asRoot({ kind: "symlink", target: "../a", absolute: false, path: "b/a" }),
  asRoot({ kind: "writeFile", path: "c", size: 70_000, fill: 3 }),
  asRoot({ kind: "chmod", path: "c", mode: 0o666 }),
  asRoot({ kind: "open", slot: 0, path: "c", flags: O_RDWR, mode: 0 }),
  asRoot({ kind: "open", slot: 1, path: "a/b", flags: O_RDONLY, mode: 0 }),
];
