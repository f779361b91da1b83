import assert from "node:assert/strict";
import { test } from "node:test";
import { effectsOf, findingsOf, type Place } from "./effects.ts";
import { O_CREAT, O_EXCL, O_RDWR, O_TRUNC } from "./mode.ts";
import { type OperationName, operationNames, operations } from "./operations.ts";
import type { Entry, NodeId } from "./types.ts";

const node = "node" as NodeId;
const parent = "parent" as NodeId;
const newParent = "new parent" as NodeId;
const newNode = "new node" as NodeId;
const name = Buffer.from("name");
const newName = Buffer.from("new name");
/** A request with all fields that any has. */
const request = { node, newNode, parent, name, newParent, newName, handle: 1, flags: 0 };
const place: Place = { parent, name };
const newPlace: Place = { parent: newParent, name: newName };
const entry = { node: "found" as NodeId, attr: { ino: 1n } } as unknown as Entry;

interface Changes {
  readonly nodes: readonly NodeId[];
  readonly places?: readonly Place[];
  readonly made?: readonly Place[];
  readonly permissions?: boolean;
}

const changes: Partial<Record<OperationName, Changes>> = {
  setattr: { nodes: [node] },
  symlink: { nodes: [parent], made: [place] },
  mknod: { nodes: [parent], made: [place] },
  mkdir: { nodes: [parent], made: [place] },
  unlink: { nodes: [parent], places: [place] },
  rmdir: { nodes: [parent], places: [place] },
  rename: { nodes: [parent, newParent], places: [place, newPlace] },
  link: { nodes: [node, newParent], made: [newPlace] },
  create: { nodes: [parent], made: [place] },
  write: { nodes: [node] },
  setxattr: { nodes: [node] },
  removexattr: { nodes: [node] },
  fallocate: { nodes: [node] },
  setInodeFlags: { nodes: [node] },
  copyFileRange: { nodes: [newNode] },
};

const effects = ({ nodes, places = [], made = [], permissions = false }: Changes): object => {
  return { nodes, places, made, permissions };
};

for (const operation of operationNames) {
  const expected = changes[operation];
  test(`${operation} changes ${expected === undefined ? "nothing that is leased" : "what its row says"}`, () => {
    const actual = effectsOf(operation, request);
    assert.deepEqual(actual, expected === undefined ? undefined : effects(expected));
    // Of a file that has just been made without a name nobody was told anything.
    if (operations[operation].mutates && operation !== "tmpfile")
      assert.ok(actual !== undefined, "it changes something");
  });
}

test("an open changes its file where it truncates it, and what a create finds only then", () => {
  const truncating = { ...request, flags: O_RDWR | O_TRUNC };
  assert.deepEqual(effectsOf("open", truncating), effects({ nodes: [node] }));
  assert.deepEqual(effectsOf("open", { ...request, flags: O_RDWR | O_TRUNC | O_EXCL }), effects({ nodes: [node] }));
  const changed = effects({ nodes: [parent], places: [place], made: [place] });
  assert.deepEqual(effectsOf("create", { ...request, flags: O_RDWR | O_CREAT | O_TRUNC }), changed);
  const made = effects({ nodes: [parent], made: [place] });
  assert.deepEqual(effectsOf("create", { ...request, flags: O_RDWR | O_CREAT | O_TRUNC | O_EXCL }), made);
});

test("a new mode or owner changes what a node permits, a new size or time does not", () => {
  for (const field of ["mode", "uid", "gid"]) {
    assert.deepEqual(effectsOf("setattr", { node, [field]: 0 }), effects({ nodes: [node], permissions: true }), field);
  }
  const others = { node, mode: undefined, size: 0n, atime: { now: true, sec: 0, nsec: 0 } };
  assert.deepEqual(effectsOf("setattr", others), effects({ nodes: [node] }));
});

test("a rename within one directory changes that directory once", () => {
  const within = { ...request, newParent: parent };
  const places = [place, { parent, name: newName }];
  assert.deepEqual(effectsOf("rename", within), effects({ nodes: [parent], places }));
});

test("what an answer tells: of the name that was asked for or made, or of the node alone", () => {
  for (const operation of operationNames) {
    const found = findingsOf(operation, request, operation.startsWith("readdir") ? { entries: [] } : entry);
    if (["lookup", "symlink", "mknod", "mkdir", "create"].includes(operation)) {
      assert.deepEqual(found, [{ place, entry }], operation);
    } else if (operation === "link") assert.deepEqual(found, [{ place: newPlace, entry }]);
    else if (operation === "getattr" || operation === "setattr") {
      assert.deepEqual(found, [{ entry: { node, attr: entry.attr } }], operation);
    } else if (operation === "tmpfile") assert.deepEqual(found, [{ entry }]);
    else assert.deepEqual(found, [], operation);
  }
});

test("a lookup that found nothing tells of the name alone", () => {
  assert.deepEqual(findingsOf("lookup", request, undefined), [{ place }]);
});

test("a listing tells of those of its names that came with a node", () => {
  const entries = [{ name: Buffer.from(".") }, { name, entry }, { name: newName }];
  assert.deepEqual(findingsOf("readdirplus", request, { entries, end: true }), [
    { place: { parent: node, name }, entry },
  ]);
});
