import assert from "node:assert/strict";
import { test } from "node:test";
import { rootCaller } from "@kedgefs/core";
import fc from "fast-check";
import type { CaseApi, Identity } from "../case.ts";
import { alice, bobInStaff } from "../identities.ts";
import { memory } from "../memory/memory.ts";
import type { ConformancePlace, ConformanceTarget, View } from "../target.ts";
import { volume } from "../volume-api.ts";
import { beginning, type Operation, operationSequences } from "./operation.ts";
import { perform } from "./perform.ts";
import { snapshot, type World } from "./world.ts";

export interface ModelCheckOptions {
  /** Sequences to try. Default 100. */
  readonly runs?: number;
  /** Most operations of one sequence. Default 60. */
  readonly operationsMax?: number;
  /** The seed that a failure printed, to see it again. Default a new one each time. */
  readonly seed?: number | undefined;
}

const timeoutMs = 300_000;
/** The directory of a run is this deep in one of its own, so that no ".." leads to what other runs left. */
const depth = "/x/x/x/x";
const actorsBesideRoot: readonly Identity[] = [alice, bobInStaff];

/**
 * Registers one node:test test: random sequences of operations, by several users through two views, must have the same
 * outcomes on the target as on the model in memory, and leave the same tree. A failure is shrunk, and prints its seed.
 */
export function runModelCheck(
  target: ConformanceTarget,
  { runs = 100, operationsMax = 60, seed }: ModelCheckOptions = {},
): void {
  const skip = target.unavailable ?? false;
  test(`${target.name} does what the model does`, { skip, timeout: timeoutMs }, async (t) => {
    const place = await target.setup();
    try {
      const missing = (["root", "rename-flags", "nanoseconds", "set-id"] as const).filter(
        (capability) => !place.capabilities.has(capability),
      );
      if (missing.length > 0) return t.skip(`takes ${missing.join(", ")}`);
      const actors = place.as === undefined ? [] : actorsBesideRoot;
      let run = 0;
      const sequences = operationSequences(actors.length + 1, operationsMax);
      await fc.assert(
        fc.asyncProperty(sequences, async (operations) => {
          run += 1;
          await compare(place, actors, `run-${run}${depth}`, operations);
        }),
        { numRuns: runs, ...(seed === undefined ? {} : { seed }) },
      );
    } finally {
      await place.teardown();
    }
  });
}

async function compare(
  place: ConformancePlace,
  actors: readonly Identity[],
  runName: string,
  operations: readonly Operation[],
): Promise<void> {
  const model = volume(memory(), { umask: place.umask });
  const { dir, second = place } = place;
  const modelView: View = { fs: model, raw: model, dir, as: (identity) => model.as({ ...identity, pid: 0 }) };
  const real = await makeWorld(place, [place, second], actors, runName);
  const ideal = await makeWorld(place, [modelView, modelView], actors, runName);
  try {
    for (const [index, operation] of [...beginning, ...operations].entries()) {
      const [expected, actual] = [await perform(ideal, operation), await perform(real, operation)];
      assert.deepEqual(actual, expected, `operation ${index + 1 - beginning.length}: ${JSON.stringify(operation)}`);
    }
    assert.deepEqual(await snapshot(real), await snapshot(ideal), "the trees after all operations");
  } finally {
    for (const { handles } of [real, ideal]) for (const handle of handles.values()) await handle.close();
  }
}

async function makeWorld(
  { capabilities, dir, second }: ConformancePlace,
  views: readonly [View, View],
  actors: readonly Identity[],
  runName: string,
): Promise<World> {
  const apis = views.map((view) => [rootApi(view), ...actors.map((actor) => apiAs(view, actor))]);
  const [{ fs }] = views;
  const dirs = [`${views[0].dir}/${runName}`, `${views[1].dir}/${runName}`] as const;
  await fs.mkdir(dirs[0], { recursive: true });
  await fs.chown(dirs[0], rootCaller.uid, rootCaller.gid);
  await fs.chmod(dirs[0], 0o777);
  const absoluteLinks = second === undefined || second.dir === dir;
  return { apis, dirs, absoluteLinks, handles: new Map(), comparesDirectoryLinks: capabilities.has("directory-nlink") };
}

const rootApi = ({ fs, raw }: View): CaseApi => ({ ...raw, ...fs });

function apiAs(view: View, identity: Identity): CaseApi {
  if (view.as === undefined) throw new Error("a view lacks the identities that the other one has");
  return view.as(identity);
}
