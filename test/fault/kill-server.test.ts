import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Python } from "@kedgefs/conformance";
import { lacksPrograms } from "../support/prerequisites.ts";
import { type Server, Site, shell } from "../support/site.ts";
import { listing, realTree } from "../support/trees.ts";

/** A nightly run sets KEDGE_TEST_SCALE=5: a tree of 5,000 files and at least 20 kills. */
const scale = Number(process.env.KEDGE_TEST_SCALE ?? 1);
const killsMin = 4 * scale;
const files = 1_000 * scale;
let site: Site;
let server: Server;
let source: string;

before(async () => {
  site = await Site.create();
  server = await site.serve();
  source = join(site.dir, "source");
  await realTree(source, files);
});
after(() => site?.[Symbol.asyncDispose]());

/**
 * Kills the server and starts it again until the work is done; the work is told how often. It is there for a second each time, and for
 * as long as it took to start: where that is slow, the mount needs longer to find it too.
 */
async function killWhile(work: (kills: () => number) => Promise<unknown>): Promise<number> {
  let done = false;
  let killed = 0;
  const killer = (async () => {
    let startMs = 0;
    while (!done) {
      await delay(1_000 + startMs);
      await server.stop("SIGKILL");
      const stoppedMs = performance.now();
      await server.start();
      startMs = performance.now() - stoppedMs;
      killed++;
    }
  })();
  try {
    await work(() => killed);
  } finally {
    done = true;
    await killer;
  }
  return killed;
}

async function compare(target: string): Promise<void> {
  const reader = await site.mount(server, { name: `reader-${target}` });
  await shell(`diff -r --no-dereference '${source}' '${reader}/${target}'`, "/", 600_000);
  assert.deepEqual(await listing(join(reader, target)), await listing(source));
  await site.umount(reader);
}

test("cp -a, tar, and moving and removing go on while the server is killed every second", {
  timeout: 1_500_000,
}, async (t) => {
  const mnt = await site.mount(server);
  let rounds = 0;
  const total = await killWhile(async (kills) => {
    await shell(`cp -a '${source}' '${mnt}/copied'`, "/", 600_000);
    await shell(
      `mkdir '${mnt}/untarred' && tar -C '${source}' --format=posix -cf - . | tar -C '${mnt}/untarred' -xpf -`,
      "/",
      600_000,
    );
    do {
      rounds++;
      await shell(
        `mkdir many && cd many
         for i in $(seq 100); do
           mkdir d$i; echo $i > d$i/f; ln d$i/f d$i/l; ln -s f d$i/s; mv d$i e$i; [ "$(cat e$i/l)" = $i ]; rm e$i/l
         done
         [ $(ls | wc -l) = 100 ]; cd ..; rm -r many`,
        mnt,
        600_000,
      );
    } while (kills() < killsMin);
  });
  t.diagnostic(`${total} kills, ${rounds} rounds`);
  await shell(`touch -r '${source}' '${mnt}/untarred'`, "/");
  await compare("copied");
  await compare("untarred");
  await site.umount(mnt);
});

test("attributes are made, replaced and removed once each while the server is killed every second", {
  timeout: 1_500_000,
  skip: lacksPrograms("python3"),
}, async (t) => {
  const mnt = await site.mount(server);
  await using python = new Python();
  await python.run(`os.chdir("${mnt}"); open("attributes", "w").close()`);
  let rounds = 0;
  const total = await killWhile(async (kills) => {
    while (kills() < killsMin) {
      rounds++;
      // Made twice, replaced after its removal or removed twice: each would be an OSError.
      await python.run(
        `
for number in range(20):
    name = f"user.{number}"
    os.setxattr("attributes", name, b"made", os.XATTR_CREATE)
    os.setxattr("attributes", name, b"replaced", os.XATTR_REPLACE)
    assert os.getxattr("attributes", name) == b"replaced"
    os.removexattr("attributes", name)
`,
        600_000,
      );
    }
  });
  t.diagnostic(`${total} kills, ${rounds} rounds`);
  assert.deepEqual(await python.run(`os.listxattr("attributes")`), []);
  await python[Symbol.asyncDispose]();
  await site.umount(mnt);
});
