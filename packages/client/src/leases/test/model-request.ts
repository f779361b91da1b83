import { type NodeId, O_CREAT, O_RDWR, O_TRUNC, type OperationName } from "@kedgefs/core";
import type { ModelTree } from "./model-tree.ts";

export const modelNames = ["a", "b"].map((text) => Buffer.from(text));

const requests = [
  ...["lookup", "lookup", "lookup", "getattr", "getattr", "setattr", "chmod", "write", "open", "read", "readdirplus"],
  ...["create", "mkdir", "link", "unlink", "unlink", "rmdir", "rename", "rename"],
];

/** A request that numbers choose, about what is in the tree at the moment. */
export function modelRequest(
  tree: ModelTree,
  [which = 0, one = 0, two = 0, three = 0]: readonly number[],
): readonly [OperationName, object] {
  const [operation] = pick(requests, which) as [string];
  const [node] = pick(tree.nodes(), one) as [NodeId];
  const [parent] = pick(tree.directories(), one) as [NodeId];
  const [newParent] = pick(tree.directories(), three) as [NodeId];
  const [name] = pick(modelNames, two) as [Buffer];
  const [newName] = pick(modelNames, three) as [Buffer];
  const flags = O_RDWR | (three % 2 === 0 ? O_TRUNC : 0);
  switch (operation) {
    case "getattr":
    case "write":
    case "read":
      return [operation, { node }];
    case "setattr":
      return ["setattr", { node, size: BigInt(two) }];
    case "chmod":
      return ["setattr", { node: parent, mode: two % 2 === 0 ? 0o700 : 0o755 }];
    case "open":
      return ["open", { node, flags }];
    case "readdirplus":
      return ["readdirplus", { node: parent, offset: 0n, size: 4096 }];
    case "create":
      return ["create", { parent, name, mode: 0o644, flags: flags | O_CREAT }];
    case "mkdir":
      return ["mkdir", { parent, name, mode: 0o755 }];
    case "link":
      return ["link", { node, newParent, newName }];
    case "rename":
      return ["rename", { parent, name, newParent, newName, flags: 0 }];
    default:
      return [operation as OperationName, { parent, name }];
  }
}

/** One of the items, or none where there are none. */
export function pick<Item>(items: readonly Item[], number: number): Item[] {
  return items.length === 0 ? [] : [items[number % items.length] as Item];
}
