import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { BothPlaces } from "../support/both-places.ts";
import { fullListing } from "../support/full-listing.ts";
import { oddTree } from "../support/odd-tree.ts";
import { lacksMounts, lacksPrograms, lacksRoot } from "../support/prerequisites.ts";
import { succeed } from "../support/run.ts";
import { listing, realTree } from "../support/trees.ts";

const timeout = 240_000;

describe("a tree that is copied into a mount and out again does not differ", { skip: lacksMounts() }, () => {
  let places: BothPlaces;
  before(async () => {
    places = await BothPlaces.create();
    await realTree(join(places.site.dir, "real"), 300);
  });
  after(() => places?.[Symbol.asyncDispose]());

  interface Trip {
    readonly tree: string;
    readonly programs: readonly string[];
    readonly lists: (dir: string) => Promise<unknown[]>;
    /** Scripts, which find the tree in $T, its place in the mount in $I, and the place outside for what comes back in $O. */
    readonly there: string;
    readonly back: string;
    readonly skip?: string | false;
  }
  const roundTrip = (name: string, { tree, programs, lists, there, back, skip = false }: Trip): void => {
    test(name, { timeout, skip: skip || lacksPrograms(...programs) }, async () => {
      const from = join(places.site.dir, tree);
      const inside = join(places.mounted, `${tree}-${programs[0]}`);
      const outside = join(places.plain, `${tree}-${programs[0]}`);
      await succeed("mkdir", [inside]);
      mkdirSync(outside);
      const variables = `T='${from}' I='${inside}' O='${outside}'\n`;
      const contents = "find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum -b --";
      const expected = await lists(from);
      const sums = await places.script(contents, from, timeout);
      await places.script(variables + there, "/", timeout);
      assert.deepEqual(await lists(inside), expected, "on the mount");
      assert.equal(await places.script(contents, inside, timeout), sums, "content on the mount");
      await places.script(variables + back, "/", timeout);
      assert.deepEqual(await lists(outside), expected, "and back again");
      assert.equal(await places.script(contents, outside, timeout), sums, "content that came back");
      await succeed("rm", ["-r", inside]);
    });
  };

  const real = { tree: "real", lists: listing };
  roundTrip("by tar: a real tree", {
    ...real,
    programs: ["tar"],
    there: 'tar -C "$T" --format=posix -cf - . | tar -C "$I" -xpf -; touch -r "$T" "$I"',
    back: 'tar -C "$I" --format=posix -cf - . | tar -C "$O" -xpf -',
  });
  roundTrip("by rsync -a: a real tree, and the second time there is nothing to do", {
    ...real,
    programs: ["rsync"],
    there: 'rsync -aH "$T/" "$I/"; [ -z "$(rsync -aHi --delete "$T/" "$I/")" ]; [ -z "$(rsync -aHic "$T/" "$I/")" ]',
    back: 'rsync -aH "$I/" "$O/"',
  });
  roundTrip("by cp -a: a real tree", {
    ...real,
    programs: ["cp"],
    there: 'cp -a "$T/." "$I/"',
    back: 'cp -a "$I/." "$O/"',
  });

  describe("with everything that a file system has", {
    skip: lacksRoot() || lacksPrograms("python3", "setfattr", "setfacl"),
  }, () => {
    before(() => oddTree(join(places.site.dir, "odd")));
    const odd = { tree: "odd", lists: fullListing };
    roundTrip("by rsync -aHAXS, and the second time there is nothing to do", {
      ...odd,
      programs: ["rsync"],
      there:
        'rsync -aHAXS "$T/" "$I/"; [ -z "$(rsync -aHAXi --delete "$T/" "$I/")" ]; [ -z "$(rsync -aHAXic "$T/" "$I/")" ]',
      back: 'rsync -aHAXS "$I/" "$O/"',
    });
    roundTrip("by cp -a", { ...odd, programs: ["cp"], there: 'cp -a "$T/." "$I/"', back: 'cp -a "$I/." "$O/"' });

    // tar keeps no sockets, so that one is made by hand.
    const tar =
      "tar --format=posix --xattrs --xattrs-include='*' --acls --numeric-owner -S --warning=no-timestamp --exclude=./socket";
    const socket = (from: string, to: string): string =>
      `rsync -aA --no-r --specials "${from}/socket" "${to}/"; touch -r "${from}" "${to}"`;
    roundTrip("by tar with extended attributes and ACLs", {
      ...odd,
      programs: ["tar", "rsync"],
      there: `${tar} -C "$T" -cf - . | ${tar} -C "$I" -xpf -; ${socket("$T", "$I")}; ${tar} -C "$T" -cf - . | ${tar} -C "$I" -df -`,
      back: `${tar} -C "$I" -cf - . | ${tar} -C "$O" -xpf -; ${socket("$I", "$O")}`,
    });
  });
});
