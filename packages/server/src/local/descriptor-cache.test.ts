import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { DescriptorCache } from "./descriptor-cache.ts";
import { isOpen, node, openOne } from "./testing/descriptors.ts";

test("it holds no more than it may, and what was used last stays", () => {
  const cache = new DescriptorCache(8);
  const fds: number[] = [];
  try {
    for (let number = 0; number < 20; number++) {
      const fd = openOne();
      fds.push(fd);
      cache.put(node(number), fd);
      assert.equal(cache.get(node(number)), fd, "good until the next await at least");
      if (number > 0) assert.notEqual(cache.get(node(number - 1)), undefined);
    }
    let kept = 0;
    for (let number = 0; number < 20; number++) if (cache.get(node(number)) !== undefined) kept++;
    assert.ok(kept <= 8, `${kept} kept`);
  } finally {
    cache.close();
  }
});

test("a second descriptor of a node is closed, a dropped one too, and all of them at the end", () => {
  const cache = new DescriptorCache(8);
  const [first, second, third] = [openOne(), openOne(), openOne()];
  cache.put(node(1), first);
  cache.put(node(1), second);
  assert.equal(cache.get(node(1)), first);
  assert.ok(!isOpen(second));
  cache.drop(node(1));
  assert.ok(!isOpen(first));
  assert.equal(cache.get(node(1)), undefined);
  cache.put(node(2), third);
  cache.close();
  assert.ok(!isOpen(third));
});

test("one that nobody uses is closed after a while, though there is room", (context) => {
  mock.timers.enable({ apis: ["setInterval"] });
  context.after(() => mock.timers.reset());
  const cache = new DescriptorCache(8);
  const [used, idle] = [openOne(), openOne()];
  cache.put(node(1), used);
  cache.put(node(2), idle);
  for (let round = 0; round < 4; round++) {
    mock.timers.tick(5_000);
    assert.equal(cache.get(node(1)), used);
  }
  assert.ok(isOpen(used));
  assert.ok(!isOpen(idle));
  cache.close();
});
