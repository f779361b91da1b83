import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type LockChange, type LockRange, lockChangeOf, lockEndMax, withChange, withoutHeld } from "./lock-range.ts";

const bytes = 12;
type Byte = LockRange["type"] | undefined;

const change: fc.Arbitrary<LockChange> = fc
  .tuple(fc.constantFrom("read", "write", "unlock" as const), fc.nat(bytes - 1), fc.nat(bytes - 1))
  .map(([type, a, b]) => ({ type, start: BigInt(Math.min(a, b)), end: BigInt(Math.max(a, b)) }));

const bytesOf = (ranges: readonly LockRange[]): Byte[] =>
  Array.from({ length: bytes }, (_, at) => ranges.find(({ start, end }) => start <= at && at <= end)?.type);

const after = (changes: readonly LockChange[]): readonly LockRange[] =>
  changes.reduce<readonly LockRange[]>((ranges, each) => withChange(ranges, each), []);

test("an owner's locks are what was asked for each byte last", () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 12 }), (changes) => {
      const model: Byte[] = Array.from({ length: bytes });
      for (const { type, start, end } of changes)
        for (let at = Number(start); at <= Number(end); at++) model[at] = type === "unlock" ? undefined : type;
      assert.deepEqual(bytesOf(after(changes)), model);
    }),
  );
});

test("ranges are sorted, apart from each other, and one where they meet in one type", () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 12 }), (changes) => {
      const ranges = after(changes);
      for (const [index, { type, start, end }] of ranges.entries()) {
        assert.ok(start <= end);
        const next = ranges[index + 1];
        if (next !== undefined) assert.ok(next.start > end + (next.type === type ? 1n : 0n));
      }
    }),
  );
});

test("what is missing of a claim is each byte that is not held as strongly", () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 8 }), fc.array(change, { maxLength: 8 }), (claims, holds) => {
      const [claimed, held] = [after(claims), after(holds)];
      const [claimedBytes, heldBytes] = [bytesOf(claimed), bytesOf(held)];
      const missing = claimedBytes.map((type, at) =>
        type === undefined || heldBytes[at] === type || heldBytes[at] === "write" ? undefined : type,
      );
      assert.deepEqual(bytesOf(withoutHeld(claimed, held)), missing);
    }),
  );
});

test("a lock of length 0 reaches to the largest offset", () => {
  const asked = { kind: "posix", type: "read", start: 5n, length: 0n };
  assert.deepEqual(lockChangeOf(asked), { type: "read", start: 5n, end: lockEndMax });
});

test("what is no lock is refused", () => {
  const good = { kind: "posix", type: "write", start: 0n, length: 1n };
  const bad: [object, string][] = [
    [{ kind: "lease" }, "EINVAL"],
    [{ type: "" }, "EINVAL"],
    [{ start: -1n }, "EINVAL"],
    [{ length: -1n }, "EINVAL"],
    [{ start: 2n ** 63n }, "EINVAL"],
    [{ kind: "flock" }, "EINVAL"],
    [{ start: lockEndMax, length: 2n }, "EOVERFLOW"],
    [{ length: 2n ** 64n - 1n }, "EOVERFLOW"],
  ];
  for (const [fields, code] of bad) assert.throws(() => lockChangeOf({ ...good, ...fields }), { code });
  assert.deepEqual(lockChangeOf({ ...good, start: lockEndMax }), { type: "write", start: lockEndMax, end: lockEndMax });
});
