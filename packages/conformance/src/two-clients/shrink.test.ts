import assert from "node:assert/strict";
import { test } from "node:test";
import { shrink } from "./shrink.ts";

/** Smaller numbers, the smallest first. */
function* smaller(number: number): Iterable<number> {
  if (number > 0) yield 0;
  if (number > 1) yield number - 1;
}

test("what is left is what it takes, in its order, each as simple as can be", async () => {
  const numbers = Array.from({ length: 60 }, (_, index) => index);
  const fails = async (items: readonly number[]): Promise<boolean> => {
    const [first, second] = [items.findIndex((item) => item >= 17), items.findLastIndex((item) => item >= 40)];
    return first >= 0 && first < second;
  };
  assert.deepEqual(await shrink(numbers, fails, smaller), [17, 40]);
});

test("what fails however little is left of it shrinks to nothing", async () => {
  assert.deepEqual(await shrink([1, 2, 3], async () => true, smaller), []);
});

test("each try but the last that failed is forgotten, also where failing is a matter of luck", async () => {
  let tries = 0;
  const shrunk = await shrink(
    [9, 9, 9],
    async () => {
      tries += 1;
      return tries === 1;
    },
    smaller,
  );
  assert.equal(shrunk.length, 1);
});
