import { type Entry, type FileSystem, mapOperations, type NodeId } from "@kedgefs/core";

/** A FileSystem for the tests that counts the references to nodes that its answers gave and that forget has not taken back. */
export interface CountingFileSystem {
  readonly fileSystem: FileSystem;
  references(): number;
  /** Names of the operations that were called, in order. */
  readonly calls: string[];
}

const leadsToNode: ReadonlySet<string> = new Set(["lookup", "mkdir", "mknod", "symlink", "link", "create"]);

export function countingFileSystem(source: FileSystem): CountingFileSystem {
  const counts = new Map<NodeId, number>();
  const calls: string[] = [];
  const add = (node: NodeId, count: number): void => {
    counts.set(node, (counts.get(node) ?? 0) + count);
  };
  const fileSystem = mapOperations(source, (operation, next) => async (request, context) => {
    calls.push(operation);
    if (operation === "forget") {
      const { node, nlookup } = request as { node: NodeId; nlookup: number };
      add(node, -nlookup);
    }
    const reply = await next(request, context);
    if (leadsToNode.has(operation)) add((reply as Entry).node, 1);
    return reply;
  });
  const references = (): number => {
    let total = 0;
    for (const count of counts.values()) {
      if (count < 0) throw new Error("a node was forgotten more often than it was answered");
      total += count;
    }
    return total;
  };
  return { fileSystem, references, calls };
}
