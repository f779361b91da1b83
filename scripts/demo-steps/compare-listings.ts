/** What list-tree.ts prints, by path. */
export type Listing = ReadonlyMap<string, Readonly<Record<string, string>>>;

export function parseListing(text: string): Listing {
  const listing = new Map<string, Readonly<Record<string, string>>>();
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const entry = JSON.parse(line) as Readonly<Record<string, string>>;
    listing.set(entry.path ?? "", entry);
  }
  return listing;
}

/** Every difference in words, none where the trees are the same. */
export function compareListings(original: Listing, copy: Listing): string[] {
  const differences: string[] = [];
  for (const [path, entry] of original) {
    const other = copy.get(path);
    if (other === undefined) {
      differences.push(`${path} is missing`);
      continue;
    }
    for (const [field, value] of Object.entries(entry)) {
      if (other[field] !== value) differences.push(`${path}: ${field} is ${other[field]} instead of ${value}`);
    }
  }
  for (const path of copy.keys()) {
    if (!original.has(path)) differences.push(`${path} should not be there`);
  }
  return differences;
}
