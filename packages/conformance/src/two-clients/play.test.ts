import assert from "node:assert/strict";
import { test } from "node:test";
import { type CallContext, type FileSystem, FsError, type LookupRequest } from "@kedgefs/core";
import { memory } from "../memory/memory.ts";
import { failureOfSeed, type Stage, tryScript } from "./check-scripts.ts";
import { scriptOfSeed } from "./generate.ts";
import { batchesOf, type Script, textOfScript } from "./script.ts";
import { makeRunDirectory, seamWorld } from "./seam-world.ts";

/** Worlds in memory, the second client having something wrong with it. */
function stageOf(broken: (right: FileSystem) => Partial<FileSystem> = () => ({})): Stage {
  return {
    directoryLinks: true,
    async world() {
      const right = memory();
      await makeRunDirectory(right, "run");
      return await seamWorld([right, { ...right, ...broken(right) }], "run");
    },
  };
}

/** Believes for good what was said of a name first. */
const believing = (right: FileSystem): Partial<FileSystem> => {
  const believed = new Map<string, ReturnType<FileSystem["lookup"]>>();
  const lookup = (request: LookupRequest, context: CallContext) => {
    const key = `${request.parent}/${Buffer.from(request.name)}`;
    const found = believed.get(key) ?? right.lookup(request, context);
    found.catch(() => {});
    believed.set(key, found);
    return found;
  };
  return { lookup };
};

/** Makes two of three writes. */
const losing = (right: FileSystem): Partial<FileSystem> => {
  let count = 0;
  return {
    async write(request, context) {
      count += 1;
      return count % 3 === 0 ? { size: request.data.length } : await right.write(request, context);
    },
  };
};

/** Says of a directory that is there that it has made it. */
const racing = (right: FileSystem): Partial<FileSystem> => ({
  async mkdir(request, context) {
    const found = await right.mkdir(request, context).catch((error: unknown) => {
      if (error instanceof FsError && error.code === "EEXIST") return undefined;
      throw error;
    });
    return found ?? (await right.lookup(request, context));
  },
});

test("scripts in memory are answered as the model says", async () => {
  for (let seed = 1; seed <= 5; seed += 1) {
    for (const overlaps of [false, true]) {
      assert.equal(await tryScript(scriptOfSeed(seed, { steps: 40, overlaps }), stageOf()), undefined);
    }
  }
});

for (const [words, broken] of [
  ["that believes a name for good", believing],
  ["that loses writes", losing],
] as const) {
  test(`a client ${words} is noticed, by a script of a few steps`, { timeout: 120_000 }, async () => {
    for (let seed = 1; ; seed += 1) {
      const failure = await failureOfSeed(seed, { steps: 20 }, stageOf(broken));
      if (failure === undefined) continue;
      assert.ok(failure.script.length <= 4, textOfScript(failure.script));
      return;
    }
  });
}

test("answers to calls at once that no order of them explains are noticed", async () => {
  const make = { call: "mkdir", path: "c", mode: 0o777, as: "root" } as const;
  const script: Script = [
    { ...make, client: 0 },
    { ...make, client: 1 },
  ];
  const atOnce = script.map((step, index) => (index === 0 ? step : { ...step, overlap: true }));
  for (const each of [script, atOnce]) {
    assert.equal(await tryScript(each, stageOf()), undefined);
    assert.match((await tryScript(each, stageOf(racing))) ?? "", /EEXIST/);
  }
});

test("a script is always the same for a seed, and no more than three of its calls overlap", () => {
  const kind = { steps: 200, overlaps: true };
  const script = scriptOfSeed(7, kind);
  assert.deepEqual(scriptOfSeed(7, kind), script);
  assert.notDeepEqual(scriptOfSeed(8, kind), script);
  assert.equal(script.length, 200);
  const sizes = new Set(batchesOf(script).map(({ length }) => length));
  assert.deepEqual([...sizes].sort(), [1, 2, 3]);
});
