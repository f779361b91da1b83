/** How many smaller ones are tried before the smallest so far has to do. */
const triesMax = 2_000;

/**
 * A smallest list that still fails, from one that does: chunks are left out, from half the list down to single items, then items
 * are made simpler, over and over until nothing of it is possible any more. `simpler` tells the forms of an item that are simpler than it.
 */
export async function shrink<Item>(
  failing: readonly Item[],
  fails: (items: readonly Item[]) => Promise<boolean>,
  simpler: (item: Item) => Iterable<Item>,
): Promise<readonly Item[]> {
  let smallest = failing;
  let tries = 0;
  const accept = async (items: readonly Item[]): Promise<boolean> => {
    if (tries >= triesMax) return false;
    tries += 1;
    if (!(await fails(items))) return false;
    smallest = items;
    return true;
  };

  const leaveOut = async (): Promise<void> => {
    for (let size = Math.ceil(smallest.length / 2); size >= 1; size = Math.floor(size / 2)) {
      // From the end, since what comes last depends on what comes first.
      for (let at = smallest.length - size; at > -size; at -= size) {
        await accept(smallest.toSpliced(Math.max(0, at), size + Math.min(0, at)));
      }
    }
  };

  const simplify = async (): Promise<void> => {
    for (let index = 0; index < smallest.length; index += 1) {
      let isSimplest = false;
      while (!isSimplest) {
        isSimplest = true;
        for (const item of simpler(smallest[index] as Item)) {
          if (!(await accept(smallest.with(index, item)))) continue;
          isSimplest = false;
          break;
        }
      }
    }
  };

  for (let before: readonly Item[] | undefined; before !== smallest; ) {
    before = smallest;
    await leaveOut();
    await simplify();
  }
  return smallest;
}
