import assert from "node:assert/strict";
import { test } from "node:test";
import { type AnyOperation, type FileSystem, limits, mapOperations, type OperationName } from "@kedgefs/core";
import { memory } from "./memory/memory.ts";
import { fileSystemTarget, memoryLacks } from "./targets/file-system-target.ts";
import { failuresOn } from "./try-cases.ts";

/** Answers of these operations make the caller hold a node, until it forgets it. */
const holding: ReadonlySet<OperationName> = new Set([
  "lookup",
  "mknod",
  "mkdir",
  "symlink",
  "link",
  "create",
  "tmpfile",
]);
const opening: ReadonlySet<OperationName> = new Set(["open", "create", "tmpfile", "opendir"]);
const closing: ReadonlySet<OperationName> = new Set(["release", "releasedir"]);

interface Ledger {
  readonly heldByNode: Map<string, number>;
  readonly openHandles: Set<number>;
  largestIoBytes: number;
}

/** Keeps books of what the layer above holds and has open. */
function bookkeeping(next: FileSystem, ledger: Ledger): FileSystem {
  const add = (node: string, count: number) => {
    const held = (ledger.heldByNode.get(node) ?? 0) + count;
    assert.ok(held >= 0, "a node is not forgotten more often than it was found");
    if (held === 0) ledger.heldByNode.delete(node);
    else ledger.heldByNode.set(node, held);
  };
  return mapOperations(
    next,
    (name, operation): AnyOperation =>
      async (request, context) => {
        const asked = request as { node: string; nlookup: number; handle: number; size?: number; data?: Uint8Array };
        if (name === "forget") add(asked.node, -asked.nlookup);
        if (closing.has(name)) assert.ok(ledger.openHandles.delete(asked.handle), "a handle is closed once");
        if (name === "read") ledger.largestIoBytes = Math.max(ledger.largestIoBytes, asked.size ?? 0);
        if (name === "write") ledger.largestIoBytes = Math.max(ledger.largestIoBytes, asked.data?.length ?? 0);
        const reply = await operation(request, context);
        const answered = reply as { node: string; handle: number };
        if (holding.has(name)) add(answered.node, 1);
        if (opening.has(name)) ledger.openHandles.add(answered.handle);
        return reply;
      },
  );
}

test("a volume forgets every node and closes every handle, whatever was done and failed", async () => {
  const ledger: Ledger = { heldByNode: new Map(), openHandles: new Set(), largestIoBytes: 0 };
  const target = fileSystemTarget("books", () => ({ fileSystem: bookkeeping(memory(), ledger) }), {
    missing: memoryLacks,
  });
  assert.deepEqual(await failuresOn(target), []);
  assert.equal(ledger.heldByNode.size, 0);
  assert.equal(ledger.openHandles.size, 0);
  assert.equal(ledger.largestIoBytes, limits.ioBytesMax);
});
