import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { LoopGuard } from "./loop-guard.ts";

test("one slow call closes the loop to its like for a second", () => {
  let now = 1_000_000;
  mock.method(performance, "now", () => now);
  const guard = new LoopGuard();
  guard.run(() => {
    now += 0.1;
  });
  assert.ok(guard.open);
  assert.throws(() =>
    guard.run(() => {
      now += 20;
      throw new Error("ENOSPC");
    }),
  );
  assert.ok(!guard.open);
  now += 999;
  assert.ok(!guard.open);
  now += 1;
  assert.ok(guard.open);
  mock.restoreAll();
});
