import { constants } from "node:fs";
import { RENAME_EXCHANGE, RENAME_NOREPLACE } from "@kedgefs/core";
import fc from "fast-check";
import {
  type Call,
  type CallerName,
  type CallStep,
  isDisturbance,
  type Script,
  type Step,
  slotsMax,
} from "./script.ts";

const { O_APPEND, O_CREAT, O_EXCL, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY } = constants;

const XATTR_CREATE = 1;
const XATTR_REPLACE = 2;
const SEEK_DATA = 3;
const SEEK_HOLE = 4;
const allocate = 0;
const keepSize = 1;
const punchHole = 3;

export interface ScriptKind {
  readonly steps: number;
  /** Whether calls may be under way at the same time, up to three of them. */
  readonly overlaps?: boolean;
  /** Whether connections break and the server is killed. */
  readonly disturbances?: boolean;
  /** Whether programs on the storage host change things. */
  readonly host?: boolean;
}

const name = fc.constantFrom("a", "b", "c");
const path = fc.oneof(
  { weight: 5, arbitrary: name },
  { weight: 6, arbitrary: fc.tuple(fc.constantFrom("a", "a", "b", "c"), name).map((names) => names.join("/")) },
  { weight: 1, arbitrary: fc.tuple(name, name, name).map((names) => names.join("/")) },
);
const directory = fc.oneof({ weight: 1, arbitrary: fc.constant("") }, { weight: 4, arbitrary: path });
const slot = fc.nat({ max: slotsMax - 1 });
const fill = fc.integer({ min: 97, max: 122 });
const fileMode = fc.constantFrom(0o666, 0o666, 0o644, 0o600, 0o444, 0o222, 0o000);
const setIdMode = fc.constantFrom(0o4777, 0o2777, 0o2755, 0o6775, 0o4666, 0o2666);
const directoryMode = fc.constantFrom(0o777, 0o777, 0o755, 0o700, 0o711, 0o555);
const id = fc.constantFrom(0, 12_001, 12_002, 12_100);
const xattr = fc.constantFrom("user.a", "user.b", "trusted.c");

const openFlags = fc
  .tuple(
    fc.constantFrom(O_RDONLY, O_WRONLY, O_RDWR, O_RDWR),
    fc.constantFrom(0, O_CREAT, O_CREAT, O_CREAT | O_EXCL),
    fc.constantFrom(0, 0, O_TRUNC, O_APPEND),
  )
  // O_TRUNC without writing means nothing that is defined.
  .map(([access, makes, more]) => access | makes | (access === O_RDONLY && more === O_TRUNC ? 0 : more));

const kinds = <Kind extends Call["call"]>(...all: readonly Kind[]) => fc.constantFrom(...all);

/** Sizes and offsets that calls which overlap may use lie within one word, which a machine reads and writes at once. */
const sizesOf = (overlaps: boolean) =>
  overlaps ? fc.constantFrom(1, 4, 8) : fc.constantFrom(1, 5, 100, 4096, 5000, 70_000);
const offsetsOf = (overlaps: boolean) =>
  overlaps ? fc.constantFrom(0, 8, 4096) : fc.constantFrom(0, 0, 1, 3000, 4096, 8192, 70_000);

function callOf({ overlaps = false }: ScriptKind): fc.Arbitrary<Call> {
  const size = sizesOf(overlaps);
  const at = offsetsOf(overlaps);
  const length = fc.oneof(fc.constant(0), size, at);
  const mode = overlaps ? fileMode : fc.oneof({ weight: 3, arbitrary: fileMode }, { weight: 1, arbitrary: setIdMode });
  const page = fc.constantFrom(4096, 8192);
  const weighted: [number, fc.Arbitrary<Call>][] = [
    [10, fc.record({ call: kinds("open"), slot, path, flags: openFlags, mode })],
    [1, fc.record({ call: kinds("opendir"), slot, path: directory })],
    [9, fc.record({ call: kinds("write"), slot, at, size, fill })],
    [6, fc.record({ call: kinds("read"), slot, at, size })],
    [6, fc.record({ call: kinds("stat"), path })],
    [4, fc.record({ call: kinds("readFile"), path })],
    [2, fc.record({ call: kinds("list"), path: directory })],
    [2, fc.record({ call: kinds("readlink", "symlink"), path })],
    [4, fc.record({ call: kinds("unlink", "unlink", "rmdir"), path })],
    [3, fc.record({ call: kinds("mkdir"), path, mode: directoryMode })],
    [2, fc.record({ call: kinds("chmod"), path, mode: fc.oneof(mode, directoryMode) })],
    [2, fc.record({ call: kinds("chown"), path, uid: id, gid: id })],
    [2, fc.record({ call: kinds("truncate"), path, size: length })],
    [
      2,
      fc.record({
        call: kinds("utimens"),
        path,
        sec: fc.oneof(fc.integer({ min: -10, max: 1000 }), fc.constant("now" as const)),
      }),
    ],
    [
      6,
      fc.record({
        call: kinds("rename"),
        path,
        newPath: path,
        flags: fc.constantFrom(0, 0, 0, RENAME_NOREPLACE, RENAME_EXCHANGE),
      }),
    ],
    [3, fc.record({ call: kinds("link"), path, newPath: path })],
    [2, fc.record({ call: kinds("getxattr", "removexattr"), path, name: xattr })],
    [
      2,
      fc.record({
        call: kinds("setxattr"),
        path,
        name: xattr,
        flags: fc.constantFrom(0, 0, XATTR_CREATE, XATTR_REPLACE),
        size: fc.constantFrom(0, 5, 300),
        fill,
      }),
    ],
    [1, fc.record({ call: kinds("listxattr"), path })],
    [5, fc.record({ call: kinds("fstat", "listHandle", "fsync", "close", "fstat"), slot })],
    [1, fc.record({ call: kinds("fchmod"), slot, mode })],
    [2, fc.record({ call: kinds("ftruncate"), slot, size: length })],
    [
      2,
      fc.record({
        call: kinds("fallocate"),
        slot,
        mode: fc.constantFrom(allocate, keepSize, punchHole),
        at,
        size: page,
      }),
    ],
    [2, fc.record({ call: kinds("seek"), slot, at, whence: fc.constantFrom(SEEK_DATA, SEEK_HOLE) })],
    [2, fc.record({ call: kinds("copy"), slot, newSlot: slot, at, newAt: at, size })],
  ];
  return fc.oneof(...weighted.map(([weight, arbitrary]) => ({ weight, arbitrary })));
}

/** Calls that ask the server more than once are at no one moment, and so overlap with nothing. */
const atOnce: ReadonlySet<string> = new Set([
  ...["open", "write", "read", "stat", "unlink", "rmdir", "mkdir", "chmod", "chown", "truncate", "rename", "link"],
  ...["symlink", "setxattr", "removexattr", "getxattr", "fstat", "ftruncate"],
]);

const hostCalls: ReadonlySet<string> = new Set([
  ...["unlink", "rmdir", "mkdir", "chmod", "chown", "truncate", "utimens", "rename", "link", "symlink", "setxattr"],
]);

function stepOf(kind: ScriptKind): fc.Arbitrary<Step> {
  const as = fc.constantFrom<CallerName>("root", "user");
  const call = fc
    .record({ call: callOf(kind), client: fc.constantFrom<0 | 1>(0, 1), as, among: fc.nat({ max: 9 }) })
    .map(({ call: made, client, as: who, among }): Step => {
      // Whether others may link a file that is not theirs is a setting of the machine (protected_hardlinks in proc(5)).
      const caller = made.call === "link" ? "root" : who;
      if (kind.host && among < 4 && hostCalls.has(made.call)) return { ...made, client: "host", as: "root" };
      const overlaps = (kind.overlaps && atOnce.has(made.call) && among < 6) === true;
      return { ...made, client, as: caller, ...(overlaps ? { overlap: true } : {}) };
    });
  if (!kind.disturbances) return call;
  const overlap = fc.boolean();
  const broken = fc.record({
    call: fc.constant("break" as const),
    client: fc.constantFrom<0 | 1>(0, 1),
    losesAnswers: fc.boolean(),
    overlap,
  });
  const killed = fc.record({ call: fc.constant("kill" as const), overlap });
  return fc.oneof({ weight: 16, arbitrary: call }, { weight: 2, arbitrary: broken }, { weight: 1, arbitrary: killed });
}

/** The script of a seed: always the same one. */
export function scriptOfSeed(seed: number, kind: ScriptKind): Script {
  const step = fc.record({ step: stepOf(kind), isAboutTheSame: fc.nat({ max: 9 }).map((among) => among < 6) });
  const scripts = fc.array(step, { minLength: kind.steps, maxLength: kind.steps, size: "max" });
  const [script] = fc.sample(scripts, { seed, numRuns: 1 });
  return separated(related(script ?? []), kind);
}

/** Makes many steps about the path or the handle that the one before was about: what can go wrong takes several at one file. */
function related(steps: readonly { readonly step: Step; readonly isAboutTheSame: boolean }[]): Step[] {
  const opened = new Map<string, string>();
  let path = "a/a";
  let held: { client: 0 | 1; slot: number } = { client: 0, slot: 0 };
  return steps.map(({ step, isAboutTheSame }) => {
    if (isDisturbance(step)) return step;
    const opens = step.call === "open" || step.call === "opendir";
    const made: CallStep & Step = {
      ...step,
      ...(isAboutTheSame && "path" in step ? { path } : {}),
      ...(isAboutTheSame && "slot" in step && !opens ? held : {}),
    };
    if ("newPath" in made) path = made.newPath;
    // The directory of the run is there to be listed.
    else if ("path" in made && made.path !== "") path = made.path;
    if ("slot" in made && made.client !== "host") {
      held = { client: made.client, slot: made.slot };
      const key = `${held.client} ${held.slot}`;
      if (opens) opened.set(key, path);
      else path = opened.get(key) ?? path;
    }
    return made;
  });
}

/** At most three calls at a time, and only ones that are made at once; each slot is that of one of them. */
function separated(script: Script, { overlaps = false }: ScriptKind): Script {
  let batch: Step[] = [];
  return script.map((step) => {
    const { overlap: _, ...alone } = step;
    const joins = step.overlap && batch.length > 0 && batch.length < 3 && (!overlaps || fits(batch, step));
    batch = joins ? [...batch, step] : [alone];
    return joins ? step : alone;
  });
}

function fits(batch: readonly Step[], step: Step): boolean {
  const slots = [...batch, step].flatMap((each) => ("slot" in each ? [`${each.client} ${each.slot}`] : []));
  const opens = [...batch, step].some(({ call }) => call === "open");
  return batch.every(({ call }) => atOnce.has(call)) && (!opens || new Set(slots).size === slots.length);
}

/** Simpler forms of a step. */
export function* simplerSteps(step: Step): Iterable<Step> {
  if (step.overlap) {
    const { overlap: _, ...alone } = step;
    yield alone as Step;
  }
  if (step.call === "break") {
    if (step.losesAnswers) yield { ...step, losesAnswers: false };
    return;
  }
  if (step.call === "kill") return;
  if (step.as === "user") yield { ...step, as: "root" };
  if (step.call === "open" || step.call === "setxattr" || step.call === "rename") {
    for (const flag of [O_EXCL, O_TRUNC, O_APPEND, XATTR_CREATE, XATTR_REPLACE]) {
      if ((step.flags & flag) !== 0 && (step.call === "open") === flag > O_RDWR) {
        yield { ...step, flags: step.flags & ~flag };
      }
    }
  }
  yield* simplerNumbers(step);
  for (const key of ["path", "newPath"] as const) {
    const text = (step as Partial<Record<typeof key, string>>)[key];
    if (text?.includes("/")) yield { ...step, [key]: text.slice(text.indexOf("/") + 1) };
  }
}

const simplest = { at: [0], newAt: [0], size: [1, 5], fill: [120], mode: [0o777, 0o666] } as const;

function* simplerNumbers(step: CallStep): Iterable<CallStep> {
  for (const [key, values] of Object.entries(simplest)) {
    const value = (step as unknown as Record<string, unknown>)[key];
    if (typeof value !== "number") continue;
    const isSimple = (values as readonly number[]).indexOf(value);
    for (const simpler of isSimple < 0 ? values : values.slice(0, isSimple)) yield { ...step, [key]: simpler };
  }
}
