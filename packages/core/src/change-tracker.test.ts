import assert from "node:assert/strict";
import { test } from "node:test";
import { ChangeTracker } from "./change-tracker.ts";

test("what was asked before a change, or during it, may not be kept; what was asked after it may", () => {
  const tracker = new ChangeTracker<string>();
  const before = tracker.stamp();
  assert.ok(tracker.mayKeep("a", before));
  const change = tracker.begin(["a"]);
  const during = tracker.stamp();
  assert.ok(!tracker.mayKeep("a", before));
  assert.ok(!tracker.mayKeep("a", during));
  assert.ok(tracker.mayKeep("b", during), "another key");
  tracker.end(change);
  assert.ok(!tracker.mayKeep("a", during));
  assert.ok(tracker.mayKeep("a", tracker.stamp()));
  assert.ok(tracker.mayKeep("b", before));
});

test("what somebody changed just now may not be kept if it was asked before", () => {
  const tracker = new ChangeTracker<string>();
  const before = tracker.stamp();
  tracker.note("a");
  assert.ok(!tracker.mayKeep("a", before));
  assert.ok(tracker.mayKeep("b", before));
  assert.ok(tracker.mayKeep("a", tracker.stamp()));
});

test("after anything may have changed, nothing that was asked before may be kept", () => {
  const tracker = new ChangeTracker<string>();
  const before = tracker.stamp();
  tracker.noteAll();
  assert.ok(!tracker.mayKeep("a", before));
  assert.ok(tracker.mayKeep("a", tracker.stamp()));
});

test("a change tells which of its keys nothing else has changed since it began", () => {
  const tracker = new ChangeTracker<string>();
  const alone = tracker.begin(["a", "b"]);
  tracker.note("b");
  tracker.note("c");
  assert.deepEqual([...tracker.end(alone)], ["a"]);

  const first = tracker.begin(["a"]);
  const second = tracker.begin(["a", "b"]);
  assert.deepEqual([...tracker.end(first)], [], "the second is under way");
  assert.deepEqual([...tracker.end(second)], ["b"], "the first has ended since it began");

  const overtaken = tracker.begin(["a"]);
  tracker.noteAll();
  assert.deepEqual([...tracker.end(overtaken)], []);
});

test("a key is being changed until the last of its changes has ended, also where a change has it twice", () => {
  const tracker = new ChangeTracker<string>();
  const twice = tracker.begin(["a", "a"]);
  const other = tracker.begin(["a"]);
  tracker.end(twice);
  assert.ok(!tracker.mayKeep("a", tracker.stamp()));
  tracker.end(other);
  assert.ok(tracker.mayKeep("a", tracker.stamp()));
});

test("past its bound it forgets single changes, and takes all that was asked before for overtaken", () => {
  const tracker = new ChangeTracker<number>();
  tracker.note(-1);
  const before = tracker.stamp();
  let key = 0;
  while (tracker.mayKeep(-2, before) && key < 1_000_000) tracker.note(key++);
  assert.ok(key > 10_000 && key < 1_000_000, `${key} changes`);
  assert.ok(!tracker.mayKeep(-1, before));
  assert.ok(tracker.mayKeep(0, tracker.stamp()));
  const after = tracker.stamp();
  tracker.note(-1);
  assert.ok(!tracker.mayKeep(-1, after));
  assert.ok(tracker.mayKeep(-2, after));
});
