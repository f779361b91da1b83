import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type AnyOperation,
  CallContext,
  type Caller,
  type FileSystem,
  O_RDONLY,
  O_RDWR,
  O_TRUNC,
  O_WRONLY,
  operationNames,
  operations,
} from "@kedgefs/core";
import { readOnly, squash } from "./layers.ts";

/** A file system that answers every operation with its name and caller. */
function echo(): FileSystem {
  const fileSystem: Record<string, unknown> = { root: async () => ({}) };
  for (const name of operationNames) {
    fileSystem[name] = async (_: unknown, { caller }: CallContext) => ({ name, caller });
  }
  return fileSystem as unknown as FileSystem;
}

const caller: Caller = { uid: 0, gid: 0, groups: [0, 7], pid: 3 };
const ask = (fileSystem: FileSystem, name: keyof FileSystem, request: object, by = caller): Promise<unknown> =>
  (fileSystem[name] as AnyOperation)(request as never, new CallContext(by));

test("a read-only export refuses all that changes something, and nothing else", async () => {
  const layer = readOnly(echo());
  for (const name of operationNames) {
    const asked = ask(layer, name, { flags: O_RDONLY, mask: 5 });
    if (operations[name].mutates) await assert.rejects(asked, { code: "EROFS" }, name);
    else assert.equal(((await asked) as { name: string }).name, name);
  }
});

test("a read-only export opens for reading only, and permits no writing by access", async () => {
  const layer = readOnly(echo());
  for (const flags of [O_WRONLY, O_RDWR, 3, O_RDONLY | O_TRUNC]) {
    await assert.rejects(ask(layer, "open", { flags }), { code: "EROFS" });
  }
  await assert.rejects(ask(layer, "access", { mask: 6 }), { code: "EROFS" });
});

test("squash takes root for nobody, or everybody, for every operation", async () => {
  const as = async (which: "none" | "root" | "all", by: Caller): Promise<Caller[]> => {
    const layer = squash(echo(), which);
    const all = await Promise.all(operationNames.map((name) => ask(layer, name, {}, by)));
    return all.map((reply) => (reply as { caller: Caller }).caller);
  };
  for (const seen of await as("none", caller)) assert.deepEqual(seen, caller);
  for (const seen of await as("root", caller))
    assert.deepEqual(seen, { uid: 65_534, gid: 65_534, groups: [7], pid: 3 });
  const user: Caller = { uid: 1000, gid: 0, groups: [0, 1000], pid: 3 };
  for (const seen of await as("root", user)) assert.deepEqual(seen, { uid: 1000, gid: 65_534, groups: [1000], pid: 3 });
  for (const seen of await as("all", user)) assert.deepEqual(seen, { uid: 65_534, gid: 65_534, groups: [], pid: 3 });
});
