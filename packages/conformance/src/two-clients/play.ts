import { setTimeout as delay } from "node:timers/promises";
import { Identities, isAlike, type Tolerance } from "./comparison.ts";
import { type Outcome, type Seen, textOfOutcome } from "./outcome.ts";
import { batchesOf, beginning, type CallStep, isDisturbance, type Script, type Step, textOfStep } from "./script.ts";
import { ModelWorld, type World } from "./seam-world.ts";

export interface PlayOptions {
  /** Whether the place counts the links of directories as ext4 and tmpfs do. */
  readonly directoryLinks: boolean;
}

/** An answer that the model does not explain. */
export class Mismatch extends Error {}

/** How long one call, with what disturbs it, may take, milliseconds. Nothing is measured by it: it is for what never ends. */
const answerTimeoutMs = 60_000;
/** How long a change on the storage host may take to be seen, and how often is looked, milliseconds. */
const hostSeenMs = 10_000;
const hostLookMs = 10;
/** Ways to explain all answers so far that are kept apart. */
const explanationsMax = 24;

/** One order of the calls so far that explains all answers, and the model that made them in this order. */
interface Explanation {
  readonly model: ModelWorld;
  readonly history: readonly (readonly CallStep[])[];
}

/**
 * Plays a script, with what every one begins with, in a world. Throws a Mismatch where an answer is not the model's; of calls that
 * were under way at the same time, where no order of them explains all their answers, or in the end where no such order explains
 * what either client sees of the tree.
 */
export async function play(script: Script, world: World, options: PlayOptions): Promise<void> {
  const batches = [...batchesOf(beginning), ...batchesOf(script)];
  const player = new Player(world, await ModelWorld.create(), batches, options);
  for (const batch of batches) await player.play(batch);
  await player.compareTrees();
}

class Player {
  readonly #world: World;
  readonly #directoryLinks: boolean;
  /** Undefined where calls overlap: the order of their times is not known. */
  readonly #identities: Identities | undefined;
  #explanations: Explanation[];
  #wasKilled = false;

  constructor(world: World, model: ModelWorld, batches: readonly (readonly Step[])[], options: PlayOptions) {
    this.#world = world;
    this.#directoryLinks = options.directoryLinks;
    this.#explanations = [{ model, history: [] }];
    const overlaps = batches.some((batch) => batch.filter((step) => !isDisturbance(step)).length > 1);
    this.#identities = overlaps ? undefined : new Identities((ino) => model.has(ino));
  }

  async play(batch: readonly Step[]): Promise<void> {
    const calls = batch.filter((step): step is CallStep & Step => !isDisturbance(step));
    const disturbances = batch.filter(isDisturbance);
    if (disturbances.some(({ call }) => call === "kill")) this.#wasKilled = true;
    const isHost = calls.some(({ client }) => client === "host");
    if (isHost) await this.#world.settle?.();
    const prepared = [];
    for (const step of calls) prepared.push(await this.#world.prepare(step));
    const made = Promise.all(prepared.map((run) => run()));
    made.catch(() => {});
    for (const disturbance of disturbances) await this.#world.disturb?.(disturbance);
    const outcomes = await inTime(made, batch);
    const [step, ...others] = calls;
    if (step === undefined) return;
    if (others.length === 0) await this.#explainOne(step, outcomes[0] as Outcome);
    else await this.#explainAll(calls, outcomes);
    if (isHost) await this.#seeHostChange();
  }

  /** What each client sees of every path, that it is as the model has it. */
  async compareTrees(): Promise<void> {
    for (const client of [0, 1] as const) {
      for (const step of await this.#looksAtAll(client)) await this.play([step]);
    }
  }

  /** What was changed on the storage host is seen a moment later: by names and attributes, and so by all that goes by these. */
  async #seeHostChange(): Promise<void> {
    const [{ model } = failed("no model is left")] = this.#explanations;
    const untilMs = performance.now() + hostSeenMs;
    const looks = [...(await this.#looksAtAll(0)), ...(await this.#looksAtAll(1))].filter(
      ({ call }) => call === "stat" || call === "list",
    );
    for (const client of [0, 1] as const) {
      for (const slot of [0, 1]) looks.push({ call: "fstat", slot, client, as: "root" });
    }
    for (const step of looks) {
      for (;;) {
        const real = await (await this.#world.prepare(step))();
        const expected = await (await model.prepare(step))();
        if (isAlike(real, expected, this.#tolerance(false))) break;
        if (performance.now() > untilMs) throw mismatch(`${hostSeenMs} ms after`, step, real, expected);
        await delay(hostLookMs);
      }
    }
  }

  #tolerance(overlaps: boolean): Tolerance {
    return {
      directoryLinks: this.#directoryLinks && this.#identities !== undefined,
      fileLinks: !overlaps,
      // A server that is started again can't open what has no name: see the README.
      staleWhereGone: overlaps || this.#wasKilled,
    };
  }

  async #explainOne(step: CallStep, real: Outcome): Promise<void> {
    const explaining: Explanation[] = [];
    const expected: Outcome[] = [];
    for (const { model, history } of this.#explanations) {
      const outcome = await (await model.prepare(step))();
      expected.push(outcome);
      if (isAlike(real, outcome, this.#tolerance(false))) explaining.push({ model, history: [...history, [step]] });
    }
    const wrong = await this.#identities?.wrong(real, expected[0] as Outcome);
    if (explaining.length === 0 || wrong !== undefined) throw mismatch("", step, real, expected[0] as Outcome, wrong);
    this.#explanations = explaining;
  }

  async #explainAll(steps: readonly CallStep[], outcomes: readonly Outcome[]): Promise<void> {
    const explaining = new Map<string, Explanation>();
    const tried: string[] = [];
    for (const { history } of this.#explanations) {
      for (const order of ordersOf(steps.length)) {
        const model = await replay(history);
        const made = await makeInOrder(model, steps, order);
        const isExplained = made.every((outcome, index) =>
          isAlike(outcomes[index] as Outcome, outcome, this.#tolerance(true)),
        );
        if (isExplained) {
          const ordered = { model, history: [...history, order.map((index) => steps[index] as CallStep)] };
          explaining.set(await stateOf(model), ordered);
        } else tried.push(`${order.map((index) => index + 1).join(", ")}: ${made.map(textOfOutcome).join("; ")}`);
      }
    }
    if (explaining.size === 0) {
      const calls = steps.map((step, index) => `  ${textOfStep(step)}: ${textOfOutcome(outcomes[index] as Outcome)}`);
      throw new Mismatch(
        `no order of these explains their answers:\n${calls.join("\n")}\norders:\n${tried.join("\n")}`,
      );
    }
    this.#explanations = [...explaining.values()].slice(0, explanationsMax);
  }

  /** Steps of a client that look at all there is, by what the model has. */
  async #looksAtAll(client: 0 | 1): Promise<CallStep[]> {
    const paths = new Set<string>();
    for (const { model } of this.#explanations) for (const path of await pathsOf(model)) paths.add(path);
    return [...paths].flatMap((path) =>
      (["stat", "list", "readFile", "readlink", "listxattr"] as const).map(
        (call): CallStep => ({ call, path, client, as: "root" }),
      ),
    );
  }
}

function failed(words: string): never {
  throw new Error(words);
}

async function inTime(made: Promise<Outcome[]>, batch: readonly Step[]): Promise<Outcome[]> {
  const over = new AbortController();
  const late = delay(answerTimeoutMs, undefined, { signal: over.signal }).then(
    () => {
      throw new Mismatch(`no answer within ${answerTimeoutMs / 1000} s: ${batch.map(textOfStep).join(" and ")}`);
    },
    () => [],
  );
  try {
    return await Promise.race([made, late]);
  } finally {
    over.abort();
  }
}

function mismatch(when: string, step: CallStep, real: Outcome, model: Outcome, wrong?: string): Mismatch {
  const lines = [`${when} ${textOfStep(step)}`.trim(), `  was answered ${textOfOutcome(real)}`];
  lines.push(wrong === undefined ? `  and should be ${textOfOutcome(model)}` : `  but ${wrong}`);
  return new Mismatch(lines.join("\n"));
}

/** All orders of the numbers below `count`. */
function ordersOf(count: number): number[][] {
  if (count === 0) return [[]];
  return ordersOf(count - 1).flatMap((order) =>
    Array.from({ length: count }, (_, at) => order.toSpliced(at, 0, count - 1)),
  );
}

/** Outcomes by the index of the step. All paths are walked before the first call is made. */
async function makeInOrder(
  model: ModelWorld,
  steps: readonly CallStep[],
  order: readonly number[],
): Promise<Outcome[]> {
  const prepared = [];
  for (const step of steps) prepared.push(await model.prepare(step));
  const outcomes: Outcome[] = [];
  for (const index of order) outcomes[index] = (await prepared[index]?.()) as Outcome;
  return outcomes;
}

async function replay(history: Explanation["history"]): Promise<ModelWorld> {
  const model = await ModelWorld.create();
  for (const steps of history) {
    await makeInOrder(
      model,
      steps,
      steps.map((_, index) => index),
    );
  }
  return model;
}

/** What a model holds, as text. */
async function stateOf(model: ModelWorld): Promise<string> {
  const parts: string[] = [];
  const look = async (step: CallStep): Promise<void> => {
    const { isGone: _, seen, ...outcome } = await (await model.prepare(step))();
    const { mode, nlink, uid, gid, size } = seen ?? ({} as Partial<Seen>);
    parts.push(JSON.stringify({ ...step, ...outcome, mode, nlink, uid, gid, size }));
  };
  for (const path of await pathsOf(model)) {
    for (const call of ["stat", "list", "readFile", "listxattr"] as const) {
      await look({ call, path, client: 0, as: "root" });
    }
  }
  for (const client of [0, 1] as const) {
    for (const slot of [0, 1]) {
      await look({ call: "fstat", slot, client, as: "root" });
      await look({ call: "read", slot, at: 0, size: 1 << 18, client, as: "root" });
    }
  }
  return parts.join("\n");
}

/** Every path of a model, "" first. */
async function pathsOf(model: ModelWorld, path = ""): Promise<string[]> {
  const { value } = await (await model.prepare({ call: "list", path, client: 0, as: "root" }))();
  const paths = [path];
  for (const listed of (value ?? []) as string[]) {
    const name = listed.replace(/[/@]$/, "");
    paths.push(...(await pathsOf(model, path === "" ? name : `${path}/${name}`)));
  }
  return paths;
}
