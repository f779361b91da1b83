import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { LastCloses } from "./last-closes.ts";
import { isOpen, node, openOne } from "./testing/descriptors.ts";

describe("a descriptor of a removed file", { timeout: 20_000 }, () => {
  test("is closed after this turn of the loop, and counts as there until then", async () => {
    const closes = new LastCloses();
    const fds = Array.from({ length: 20 }, openOne);
    for (const [number, fd] of fds.entries()) closes.close(node(number), fd);
    await Promise.resolve();
    for (const [number, fd] of fds.entries()) assert.ok(isOpen(fd) && closes.has(node(number)));
    while (fds.some((_, number) => closes.has(node(number)))) await nextTurn();
    assert.ok(!fds.some(isOpen));
  });

  test("is closed at once where many wait already, or another of the same file does", () => {
    const closes = new LastCloses();
    const fds = Array.from({ length: 300 }, openOne);
    for (const [number, fd] of fds.entries()) closes.close(node(number), fd);
    assert.equal(fds.filter(isOpen).length, 256);
    closes.closeAll();
    const [first, second] = [openOne(), openOne()];
    closes.close(node(1), first);
    closes.close(node(1), second);
    assert.ok(isOpen(first) && !isOpen(second));
    closes.closeAll();
    assert.ok(!isOpen(first));
  });

  test("is closed at the end, whether it waits or is being closed", async () => {
    const closes = new LastCloses();
    const fds = Array.from({ length: 20 }, openOne);
    for (const [number, fd] of fds.entries()) closes.close(node(number), fd);
    await nextTurn();
    closes.closeAll();
    while (fds.some((_, number) => closes.has(node(number)))) await nextTurn();
    assert.ok(!fds.some(isOpen));
  });
});
