import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { HandleId, NodeId } from "@kedgefs/core";
import { HandleTable, type OpenHandle } from "./handle-table.ts";

const open = (number: number): OpenHandle => ({
  kind: "file",
  node: `node-${number}` as NodeId,
  handle: (2 ** 40 + number) as HandleId,
});

describe("the table of open files", () => {
  it("leads from a number to the node and handle, until it is removed", () => {
    const table = new HandleTable();
    const fd = table.reserve();
    assert.throws(() => table.get(fd), { code: "EBADF" });
    table.fill(fd, open(1));
    assert.deepEqual(table.get(fd), open(1));
    assert.deepEqual(table.remove(fd), open(1));
    assert.throws(() => table.get(fd), { code: "EBADF" });
  });

  it("never gives 0, stays within 31 bits, and skips what is open", () => {
    const table = new HandleTable(10, 0x7fff_fffe);
    assert.deepEqual([table.reserve(), table.reserve(), table.reserve()], [0x7fff_ffff, 1, 2]);
    const next = new HandleTable(10, 0);
    next.reserve();
    assert.equal(next.reserve(), 2);
  });

  it("refuses one more than its bound", () => {
    const table = new HandleTable(2);
    const fd = table.reserve();
    table.reserve();
    assert.throws(() => table.reserve(), { code: "EMFILE" });
    table.remove(fd);
    assert.equal(table.reserve(), 3);
  });

  it("drains what is open, and not what was only reserved", () => {
    const table = new HandleTable();
    table.fill(table.reserve(), open(1));
    table.reserve();
    assert.deepEqual(table.drain(), [open(1)]);
    assert.equal(table.size, 0);
  });
});
