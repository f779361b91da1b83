import { randomInt } from "node:crypto";
import { type ScriptKind, scriptOfSeed, simplerSteps } from "./generate.ts";
import { Mismatch, type PlayOptions, play } from "./play.ts";
import { type Script, textOfScript } from "./script.ts";
import type { World } from "./seam-world.ts";
import { shrink } from "./shrink.ts";

/** A place that scripts are played in, one after the other. */
export interface Stage extends PlayOptions {
  /** A fresh world, in which nothing was done yet. */
  world(): Promise<World>;
}

export interface ScriptFailure {
  readonly seed: number;
  /** A smallest one that still fails. */
  readonly script: Script;
  readonly message: string;
}

const seedsMax = 2 ** 31 - 1;

/** The first seed, "fresh" for a new one each time, and how many scripts to try; both from the environment. */
function fromEnvironment(runs: number): { readonly first: number | undefined; readonly runs: number } {
  const { KEDGE_MODEL_SEED: seed, KEDGE_MODEL_RUNS: count } = process.env;
  const first = seed === "fresh" ? undefined : Number(seed ?? 1);
  const isOne = seed !== undefined && first !== undefined;
  return { first, runs: count === undefined ? (isOne ? 1 : runs) : Number(count) };
}

/** What a script fails with in a fresh world, or undefined. Whatever is not about an answer is thrown. */
export async function tryScript(script: Script, stage: Stage): Promise<string | undefined> {
  try {
    await play(script, await stage.world(), stage);
    return undefined;
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error;
    return error.message;
  }
}

/** The script of a seed, shrunk, if it fails. */
export async function failureOfSeed(seed: number, kind: ScriptKind, stage: Stage): Promise<ScriptFailure | undefined> {
  const script = scriptOfSeed(seed, kind);
  let message = await tryScript(script, stage);
  if (message === undefined) return undefined;
  const fails = async (smaller: Script): Promise<boolean> => {
    const said = await tryScript(smaller, stage);
    message = said ?? message;
    return said !== undefined;
  };
  const smallest = await shrink(script, fails, simplerSteps);
  return { seed, script: smallest, message };
}

/**
 * Plays `runs` scripts, each in its own world, those of the seeds from 1 on; throws with the seeds of all that failed, and the first of
 * them shrunk. KEDGE_MODEL_SEED plays that one alone, or with "fresh" takes new ones, KEDGE_MODEL_RUNS so many from there on.
 */
export async function checkScripts(name: string, runs: number, kind: ScriptKind, stage: Stage): Promise<void> {
  const asked = fromEnvironment(runs);
  const seeds: number[] = [];
  let shown: ScriptFailure | undefined;
  for (let run = 0; run < asked.runs; run += 1) {
    const seed = asked.first === undefined ? randomInt(seedsMax) : asked.first + run;
    if (shown !== undefined) {
      if ((await tryScript(scriptOfSeed(seed, kind), stage)) !== undefined) seeds.push(seed);
      continue;
    }
    shown = await failureOfSeed(seed, kind, stage);
    if (shown !== undefined) seeds.push(seed);
  }
  if (shown !== undefined) throw new Error(textOfFailure(name, shown, seeds));
}

export function textOfFailure(name: string, { seed, script, message }: ScriptFailure, seeds = [seed]): string {
  return [
    `${name}: not what the model does, with KEDGE_MODEL_SEED=${seeds.join(", ")}`,
    message,
    `The smallest script that showed it, of the seed ${seed}:`,
    textOfScript(script),
  ].join("\n");
}
