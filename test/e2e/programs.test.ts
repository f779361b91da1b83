import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { lacksMounts, lacksPrograms } from "../support/prerequisites.ts";
import { succeed } from "../support/run.ts";
import { Site } from "../support/site.ts";
import { listing, realTree } from "../support/trees.ts";

const timeout = 240_000;
/** Nothing of the user's own settings has a say in what the programs do. */
const env = {
  ...process.env,
  LC_ALL: "C",
  HOME: "/nonexistent",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_AUTHOR_NAME: "Tester",
  GIT_AUTHOR_EMAIL: "tester@example.org",
  GIT_COMMITTER_NAME: "Tester",
  GIT_COMMITTER_EMAIL: "tester@example.org",
};

describe("programs at work in a mount", { skip: lacksMounts() }, () => {
  let site: Site;
  let mnt: string;
  let tree: string;

  before(async () => {
    site = await Site.create();
    mnt = await site.mount(await site.serve());
    tree = join(site.dir, "tree");
    await realTree(tree, 300);
  });
  after(() => site?.[Symbol.asyncDispose]());

  const script = (text: string, cwd: string): Promise<string> =>
    succeed("bash", ["-euo", "pipefail", "-c", text], { cwd, env, timeoutMs: timeout });

  /**
   * What a script does in a folder of the mount it does in a plain folder too, the control: the same output, and the same names
   * and contents afterwards, but for what differs from one run to the next.
   */
  const bothPlaces = (name: string, programs: readonly string[], text: string, differing: string[] = []): void => {
    test(name, { timeout, skip: lacksPrograms(...programs) }, async () => {
      const folder = name.replace(/\W+/g, "-");
      const outputs: string[] = [];
      const places = [join(site.dir, folder), join(mnt, folder)] as const;
      for (const place of places) {
        await succeed("mkdir", [place]);
        outputs.push(await script(text, place));
      }
      assert.equal(outputs[1], outputs[0], "the output on the mount, and in a plain folder");
      const excluded = differing.flatMap((each) => ["-x", each]);
      await succeed("diff", ["-r", "--no-dereference", ...excluded, ...places], { timeoutMs: timeout });
    });
  };

  bothPlaces(
    "git keeps a repository, and a clone of it",
    ["git"],
    `
    export GIT_AUTHOR_DATE='2030-01-01T00:00:00Z' GIT_COMMITTER_DATE='2030-01-01T00:00:00Z'
    git init -q -b main one; cd one
    for i in $(seq 30); do mkdir -p d$((i % 3)); echo "file $i" > d$((i % 3))/f$i; done
    ln -s d0/f3 link; echo '#!/bin/sh' > tool; chmod +x tool
    git add -A; git commit -q -m first; git status --porcelain
    for i in $(seq 5); do echo "more $i" >> d1/f1; git commit -q -am "change $i"; done
    git mv d2 d9; git rm -q d0/f3; git commit -q -m moved
    git checkout -q -b side HEAD~3; echo side > side; git add side; git commit -q -m side
    git checkout -q main; git merge -q -m merged side
    git gc -q; git fsck --full --strict; git status --porcelain
    git clone -q . ../two; git -C ../two status --porcelain
    git -C ../two log --format='%H %s' | sort; git ls-files -s`,
    // The index has inode numbers and times in it, and logs and packs of clones the paths.
    ["index", "logs", "config", "packed-refs", "*.rev", "FETCH_HEAD", "commit-graph*"],
  );

  bothPlaces(
    "sqlite3 keeps a database, with a rollback journal",
    ["sqlite3"],
    `
    sqlite3 base.db 'PRAGMA journal_mode = DELETE; CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT, bytes BLOB)'
    for i in $(seq 20); do
      sqlite3 base.db "BEGIN; WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
        INSERT INTO t (text, bytes) SELECT 'row ' || i, zeroblob(i * 10) FROM n; COMMIT"
    done
    sqlite3 base.db "BEGIN; DELETE FROM t; ROLLBACK; BEGIN; DELETE FROM t WHERE id % 3 = 0; COMMIT; CREATE INDEX x ON t (text); VACUUM"
    sqlite3 base.db 'PRAGMA integrity_check; SELECT count(*), sum(id), sum(length(bytes)) FROM t'`,
  );

  bothPlaces(
    "make builds a C program, and it runs from where it was built",
    ["make", "gcc"],
    `
    printf 'int twice(int);\\n' > twice.h
    printf '#include "twice.h"\\nint twice(int n) { return 2 * n; }\\n' > twice.c
    printf '#include <stdio.h>\\n#include "twice.h"\\nint main(void) { printf("%%d\\\\n", twice(21)); }\\n' > main.c
    printf 'main: main.o libtwice.a\\n\\tgcc -o $@ main.o -L. -ltwice\\nlibtwice.a: twice.o\\n\\tar crD $@ $^\\n%%.o: %%.c twice.h\\n\\tgcc -c -o $@ $<\\n' > Makefile
    make; ./main; make
    sleep 0.01; sed -i 's/2 \\* n/3 * n/' twice.c; make; ./main
    touch -d '1 minute ago' *.c *.h; make -q && echo nothing to do`,
  );

  bothPlaces(
    "npm installs a project whose dependencies are folders and a package file",
    ["npm"],
    `
    export npm_config_cache="$PWD/cache" npm_config_offline=true npm_config_audit=false npm_config_fund=false
    # npm keeps compiled code in the folder for temporary files, where it would be left.
    export npm_config_update_notifier=false npm_config_loglevel=error NODE_DISABLE_COMPILE_CACHE=1
    mkdir -p packed/lib linked app
    echo '{"name":"packed","version":"1.2.3","main":"lib/main.js","bin":{"say":"lib/say.js"}}' > packed/package.json
    echo 'module.exports = () => "packed";' > packed/lib/main.js
    printf '#!/usr/bin/env node\\nconsole.log(require("./main.js")());\\n' > packed/lib/say.js
    for i in $(seq 50); do echo "module.exports = $i;" > packed/lib/part$i.js; done
    echo '{"name":"linked","version":"2.0.0","main":"main.js"}' > linked/package.json
    echo 'module.exports = () => "linked";' > linked/main.js
    (cd packed && npm pack --silent --pack-destination ../app > ../name; rm -rf ../cache)
    cd app
    echo '{"name":"app","version":"1.0.0","dependencies":{"packed":"file:packed-1.2.3.tgz","linked":"file:../linked"}}' > package.json
    npm install --silent --package-lock-only; npm ci --silent
    node -e 'console.log(require("packed")(), require("linked")())'
    node_modules/.bin/say; npm ci --silent; find node_modules | LC_ALL=C sort; rm -rf ../cache`,
    // npm makes the package file anew in each place, and its lock file holds the file's digest and the time.
    ["*.tgz", "package-lock.json", ".package-lock.json"],
  );

  bothPlaces(
    "python reads and writes through memory maps",
    ["python3"],
    `
    python3 - <<'END'
import mmap, os, random
random.seed(7)
content = random.randbytes(3 * 2**20 + 123)
with open("mapped", "wb") as file: file.write(content)
with open("mapped", "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
    assert view[:] == content
    assert view.find(content[2_000_000:2_000_050]) == 2_000_000
with open("mapped", "r+b") as file, mmap.mmap(file.fileno(), 0) as view:
    for at in range(0, len(content), 70_001): view[at] = 255
    view.flush()
    # What was written through the map is read through the file, and the other way.
    file.seek(70_001); assert file.read(1) == b"\\xff"
    os.pwrite(file.fileno(), b"through the file", 5000)
    assert view[5000:5016] == b"through the file"
END
    sha256sum mapped`,
  );

  const roundTrip = (name: string, programs: readonly string[], there: string, back: string): void => {
    test(name, { timeout, skip: lacksPrograms(...programs) }, async () => {
      const [first] = programs;
      const inside = join(mnt, `tree-${first}`);
      const outside = join(site.dir, `back-${first}`);
      await succeed("mkdir", [inside]);
      mkdirSync(outside);
      await script(`T='${tree}' I='${inside}' O='${outside}'\n${there}`, "/");
      const expected = await listing(tree);
      assert.deepEqual(await listing(inside), expected, "modes, owners, sizes, times and targets on the mount");
      await succeed("diff", ["-r", "--no-dereference", tree, inside]);
      await script(`T='${tree}' I='${inside}' O='${outside}'\n${back}`, "/");
      assert.deepEqual(await listing(outside), expected, "and back again");
      await succeed("diff", ["-r", "--no-dereference", tree, outside]);
      await succeed("rm", ["-r", inside]);
    });
  };

  roundTrip(
    "tar takes a real tree in and out, and nothing differs",
    ["tar"],
    'tar -C "$T" --format=posix -cf - . | tar -C "$I" -xpf -; touch -r "$T" "$I"',
    'tar -C "$I" --format=posix -cf - . | tar -C "$O" -xpf -',
  );
  roundTrip(
    "rsync -a takes a real tree in and out, and finds nothing to do the second time",
    ["rsync"],
    'rsync -aH "$T/" "$I/"; [ -z "$(rsync -aHi --delete "$T/" "$I/")" ]; [ -z "$(rsync -aHic "$T/" "$I/")" ]',
    'rsync -aH "$I/" "$O/"',
  );
  roundTrip(
    "cp -a takes a real tree in and out, and nothing differs",
    ["cp"],
    'cp -a "$T/." "$I/"',
    'cp -a "$I/." "$O/"',
  );

  test("files of a hundred megabytes arrive as they are", { timeout }, async () => {
    await script(
      `head -c 100M /dev/urandom > '${site.dir}/large'; cp '${site.dir}/large' large; sync large; cmp '${site.dir}/large' large; rm large`,
      mnt,
    );
  });
});
