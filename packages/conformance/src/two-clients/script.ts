import type { Identity } from "../case.ts";
import { bobInStaff } from "../identities.ts";

/** Who may make a call. */
export const callers = {
  root: { uid: 0, gid: 0, groups: [] },
  user: bobInStaff,
} as const satisfies Record<string, Identity>;
export type CallerName = keyof typeof callers;

/** Handles that each client can have open at once. */
export const slotsMax = 2;

/**
 * A call of a script. Paths are relative to the directory of the run, without "." and ".."; "" is that directory. A slot is one of
 * the calling client's. All symbolic links lead nowhere, so that following one is ENOENT on every side.
 */
export type Call =
  | {
      readonly call: "open";
      readonly slot: number;
      readonly path: string;
      readonly flags: number;
      readonly mode: number;
    }
  | { readonly call: "opendir"; readonly slot: number; readonly path: string }
  | { readonly call: "stat" | "list" | "readFile" | "readlink" | "listxattr"; readonly path: string }
  | { readonly call: "unlink" | "rmdir"; readonly path: string }
  | { readonly call: "symlink"; readonly path: string }
  | { readonly call: "mkdir" | "chmod"; readonly path: string; readonly mode: number }
  | { readonly call: "chown"; readonly path: string; readonly uid: number; readonly gid: number }
  | { readonly call: "truncate"; readonly path: string; readonly size: number }
  | { readonly call: "utimens"; readonly path: string; readonly sec: number | "now" }
  | { readonly call: "rename"; readonly path: string; readonly newPath: string; readonly flags: number }
  | { readonly call: "link"; readonly path: string; readonly newPath: string }
  | { readonly call: "getxattr" | "removexattr"; readonly path: string; readonly name: string }
  | {
      readonly call: "setxattr";
      readonly path: string;
      readonly name: string;
      readonly flags: number;
      readonly size: number;
      readonly fill: number;
    }
  | { readonly call: "fstat" | "listHandle" | "fsync" | "close"; readonly slot: number }
  | { readonly call: "fchmod"; readonly slot: number; readonly mode: number }
  | { readonly call: "ftruncate"; readonly slot: number; readonly size: number }
  | { readonly call: "read"; readonly slot: number; readonly at: number; readonly size: number }
  | { readonly call: "write"; readonly slot: number; readonly at: number; readonly size: number; readonly fill: number }
  | {
      readonly call: "fallocate";
      readonly slot: number;
      readonly mode: number;
      readonly at: number;
      readonly size: number;
    }
  | { readonly call: "seek"; readonly slot: number; readonly at: number; readonly whence: number }
  | {
      readonly call: "copy";
      readonly slot: number;
      readonly newSlot: number;
      readonly at: number;
      readonly newAt: number;
      readonly size: number;
    };

/** What else may happen: a client's connection breaks, answers being lost first or not; the server is killed and started again. */
export type Disturbance =
  | { readonly call: "break"; readonly client: 0 | 1; readonly losesAnswers: boolean }
  | { readonly call: "kill" };

/** A call and who makes it: one of two clients, or a program on the storage host, which has no slots. */
export type CallStep = Call & { readonly client: 0 | 1 | "host"; readonly as: CallerName };

/** A step with `overlap` begins while the one before it is under way; any other one after all before it were answered. */
export type Step = (CallStep | Disturbance) & { readonly overlap?: boolean };
export type Script = readonly Step[];

export const isDisturbance = (step: Step): step is Disturbance => step.call === "break" || step.call === "kill";

/** The steps that are under way at the same time, each group after the one before. */
export function batchesOf(script: Script): Step[][] {
  const batches: Step[][] = [];
  for (const step of script) {
    const batch = step.overlap ? batches.at(-1) : undefined;
    if (batch === undefined) batches.push([step]);
    else batch.push(step);
  }
  return batches;
}

/** A script as the text of a TypeScript array. */
export function textOfScript(script: Script): string {
  return `[\n${script.map((step) => `  ${textOfStep(step)},\n`).join("")}]`;
}

export function textOfStep(step: Step): string {
  const fields = Object.entries(step).map(([key, value]) => `${key}: ${JSON.stringify(value)}`);
  return `{ ${fields.join(", ")} }`;
}

const made = (call: Call): CallStep => ({ ...call, client: 0, as: "root" });

/** What every script begins with, so that most of its calls find something. */
export const beginning: Script = [
  made({ call: "mkdir", path: "a", mode: 0o777 }),
  made({ call: "mkdir", path: "b", mode: 0o777 }),
  made({ call: "open", slot: 0, path: "a/a", flags: 0o102, mode: 0o666 }),
  made({ call: "write", slot: 0, at: 0, size: 5000, fill: 120 }),
  made({ call: "close", slot: 0 }),
  made({ call: "symlink", path: "b/b" }),
];
