import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, describe, test } from "node:test";
import { O_PATH, silentLogger } from "@kedgefs/core";
import {
  AT_FDCWD,
  close,
  fstatx,
  MNT_DETACH,
  mount,
  nameToHandleAt,
  O_NOFOLLOW,
  openat,
  umount2,
} from "@kedgefs/posix";
import { handleContent } from "../local/handle-content.ts";
import { HostWatch } from "./host-watch.ts";
import type { LeaseKey } from "./lease-holder.ts";

const options = { timeout: 60_000 } as const;
const base = fs.mkdtempSync(join(tmpdir(), "kedge-watch-"));
/** Folders that file systems of their own are mounted on, so that nobody else changes anything there. */
const mounted: string[] = [];
after(() => {
  for (const folder of mounted) umount2(folder, MNT_DETACH);
  fs.rmSync(base, { recursive: true });
});

function freshFileSystem(): string {
  const folder = fs.mkdtempSync(join(base, "fs-"));
  mount("none", folder, "tmpfs", 0, "size=64m");
  mounted.push(folder);
  return folder;
}

/** Why there can't be a watch, or undefined. */
function missing(): string | undefined {
  const watch = HostWatch.open(silentLogger);
  try {
    const folder = freshFileSystem();
    const fd = fs.openSync(folder, "r");
    const watched = watch?.watch(fd, fstatx(fd));
    fs.closeSync(fd);
    return watched ? undefined : "needs fanotify with file handles on tmpfs";
  } catch {
    return "needs CAP_SYS_ADMIN";
  } finally {
    watch?.close();
  }
}

/** What is told of changes in a folder. */
class Told {
  readonly #watch: HostWatch;
  readonly keys: LeaseKey[] = [];
  overflows = 0;
  #wake: (() => void) | undefined;

  constructor(...folders: string[]) {
    this.#watch = HostWatch.open(silentLogger) as HostWatch;
    for (const folder of folders) {
      const fd = fs.openSync(folder, "r");
      assert.ok(this.#watch.watch(fd, fstatx(fd)));
      fs.closeSync(fd);
    }
    this.#watch.start({
      changed: (key) => {
        this.keys.push(key);
        this.#wake?.();
      },
      anythingChanged: () => {
        this.overflows++;
        this.#wake?.();
      },
      lost: () => assert.fail("the watch was lost"),
    });
  }

  async until(isDone: () => boolean): Promise<void> {
    while (!isDone()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  close(): void {
    this.#watch.close();
  }
}

/** What a lease of a file or directory is about. */
function keyOf(path: string): LeaseKey {
  const fd = openat(AT_FDCWD, path, O_PATH | O_NOFOLLOW);
  const { type, bytes } = nameToHandleAt(fd);
  const key = handleContent(fstatx(fd), type, bytes);
  close(fd);
  return key;
}

function run(folder: string, command: string): void {
  const { status, stderr } = spawnSync("sh", ["-c", command], { cwd: folder, encoding: "utf8" });
  assert.equal(status, 0, stderr);
}

const lack = missing();

describe("a watch of the storage host", { ...options, skip: lack ?? false }, () => {
  let told: Told | undefined;
  afterEach(() => {
    told?.close();
    told = undefined;
  });

  test("tells what another process changes, by the keys of leases", options, async () => {
    const folder = freshFileSystem();
    run(folder, "echo text > f; mkdir d; echo text > g");
    told = new Told(folder);
    const [root, f, d, g] = [folder, join(folder, "f"), join(folder, "d"), join(folder, "g")].map(keyOf);
    const changes: [command: string, ...keys: unknown[]][] = [
      ["echo more >> f", f],
      ["chmod 600 g", g],
      ["touch d/new", d],
      ["mv f d/moved", root, f, d],
      ["ln g d/other", g, d],
      ["rm d/other", g, d],
      ["rmdir d 2>/dev/null; rm -r d", d, root],
    ];
    for (const [command, ...keys] of changes) {
      const { keys: seen } = told;
      seen.length = 0;
      run(folder, command);
      await told.until(() => keys.every((key) => seen.includes(key as LeaseKey)));
    }
    assert.equal(told.overflows, 0);
  });

  test("tells nothing of what this process changes", options, async () => {
    const folder = freshFileSystem();
    for (const name of ["own", "pool", "other"]) fs.writeFileSync(join(folder, name), "");
    told = new Told(folder);
    fs.appendFileSync(join(folder, "own"), "text");
    fs.renameSync(join(folder, "own"), join(folder, "moved"));
    // By a thread of the pool.
    await fs.promises.appendFile(join(folder, "pool"), "text");
    run(folder, "chmod 600 other");
    const other = keyOf(join(folder, "other"));
    await told.until(() => told?.keys.includes(other) ?? false);
    assert.deepEqual([...new Set(told.keys)], [other]);
  });

  test("tells changes of each file system apart, and nothing of others", options, async () => {
    const [a, b, unwatched] = [freshFileSystem(), freshFileSystem(), freshFileSystem()];
    for (const folder of [a, b, unwatched]) fs.writeFileSync(join(folder, "f"), "");
    const [inA, inB] = [keyOf(join(a, "f")), keyOf(join(b, "f"))];
    assert.notEqual(inA, inB);
    told = new Told(a, b);
    run(unwatched, "chmod 600 f");
    run(b, "chmod 600 f");
    await told.until(() => told?.keys.includes(inB) ?? false);
    assert.ok(told.keys.every((key) => key === inB));
    run(a, "chmod 600 f");
    await told.until(() => told?.keys.includes(inA) ?? false);
  });

  test("says so when there was more than the kernel keeps", options, async (context) => {
    const keptMax = Number(fs.readFileSync("/proc/sys/fs/fanotify/max_queued_events", "utf8"));
    if (keptMax > 20_000) return context.skip("needs a kernel that keeps 20,000 events at most");
    const folder = freshFileSystem();
    told = new Told(folder);
    // While this process waits for the other one it reads no events.
    run(folder, `seq ${keptMax + 1000} | xargs touch`);
    await told.until(() => (told?.overflows ?? 0) > 0);
  });

  test("a closed one tells nothing, and leaves nothing open", options, async () => {
    const folder = freshFileSystem();
    const descriptors = (): number => fs.readdirSync("/proc/self/fd").length;
    const before = descriptors();
    const closed = new Told(folder);
    closed.close();
    run(folder, "touch f");
    // Its duplicate is closed by the event loop.
    while (descriptors() > before) await new Promise((resolve) => setTimeout(resolve, 1));
    assert.deepEqual(closed.keys, []);
  });
});

test("what has no file handles can't be watched", { ...options, skip: lack ?? false }, () => {
  const watch = HostWatch.open(silentLogger) as HostWatch;
  const fd = fs.openSync("/proc", "r");
  assert.equal(watch.watch(fd, fstatx(fd)), false);
  fs.closeSync(fd);
  watch.close();
});
