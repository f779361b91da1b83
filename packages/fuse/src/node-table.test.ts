import assert from "node:assert/strict";
import { test } from "node:test";
import type { NodeId } from "@kedgefs/core";
import { NodeTable } from "./node-table.ts";

const a = "a" as NodeId;
const b = "b" as NodeId;

function setup() {
  const forgotten: [NodeId, number][] = [];
  const nodes = new NodeTable("root" as NodeId, (node, nlookup) => forgotten.push([node, nlookup]));
  return { nodes, forgotten };
}

test("a node keeps its number while the kernel holds it, and no number comes back", () => {
  const { nodes, forgotten } = setup();
  const first = nodes.grant(a).nodeid;
  assert.equal(nodes.grant(a).nodeid, first);
  assert.equal(nodes.nodeOf(first), a);
  nodes.forget(first, 1);
  assert.equal(nodes.nodeOf(first), a);
  nodes.forget(first, 1);
  assert.throws(() => nodes.nodeOf(first), { code: "ESTALE" });
  assert.deepEqual(forgotten, [[a, 2]]);
  assert.notEqual(nodes.grant(a).nodeid, first);
});

test("different nodes have different numbers, and none is the root's", () => {
  const { nodes } = setup();
  assert.deepEqual([nodes.grant(a).nodeid, nodes.grant(b).nodeid], [2, 3]);
  assert.equal(nodes.nodeOf(1), "root");
});

test("answers that the kernel did not get are forgotten with those that it did", () => {
  const { nodes, forgotten } = setup();
  nodes.decline(b);
  assert.deepEqual(forgotten, [[b, 1]]);
  const { nodeid } = nodes.grant(a);
  nodes.decline(a);
  nodes.forget(nodeid, 1);
  assert.deepEqual(forgotten.slice(1), [[a, 2]]);
});

test("the root is never forgotten", () => {
  const { nodes, forgotten } = setup();
  nodes.grant("root" as NodeId);
  nodes.forget(1, 100);
  assert.equal(nodes.nodeOf(1), "root");
  assert.deepEqual(forgotten, []);
});

test("forgetting what is unknown, or too much, does no harm", () => {
  const { nodes, forgotten } = setup();
  nodes.forget(99, 1);
  nodes.forget(nodes.grant(a).nodeid, 1000);
  assert.deepEqual(forgotten, [[a, 1]]);
  assert.equal(nodes.size, 1);
});

test("at the end everything is forgotten", () => {
  const { nodes, forgotten } = setup();
  nodes.grant(a);
  nodes.grant(b);
  nodes.grant(b);
  nodes.forgetAll();
  assert.deepEqual(forgotten, [
    [a, 1],
    [b, 2],
  ]);
});
