import type { Workload } from "./workload.ts";

/** Like `find | wc`, but for the bytes of files. */
const bytesIn = (folder: string): string =>
  `find "${folder}" -type f -printf '%s\\n' | awk '{ bytes += $1 } END { printf "%d", bytes }'`;
const treeStored = `${bytesIn("$B/out")}; printf /; ${bytesIn("$L/tree")}`;
const listTree = 'exec find "$M/input/tree" -printf "%s %T@ %m %p\\n"';
const readBig = 'exec dd if="$M/input/big" of=/dev/null bs=1M';
/** The index of a copy is brought up to date on the storage host, so that what git finds changed is the peer's doing. */
const freshRepository =
  'cp -a "$L/repository" "$B/out/repository" && git -C "$B/out/repository" update-index -q --refresh';
const gitStatus = 'exec git -C "$M/out/repository" status --porcelain';

/** Every row of the result, in the order in which they run. */
export const allWorkloads: readonly Workload[] = [
  {
    name: "seq-write",
    title: "sequential write, fsync",
    kind: "sequential",
    describe: ({ writeMib }) => `dd of ${writeMib} MiB, 1 MiB at a time, and an fsync (conv=fsync)`,
    script: 'exec dd if=/dev/zero of="$M/out/file" bs=1M count="$WRITE_MIB" conv=fsync',
    stored: `${bytesIn("$B/out")}; printf /$((WRITE_MIB << 20))`,
  },
  {
    name: "seq-read-cold",
    title: "sequential read, cold",
    kind: "sequential",
    describe: ({ readMib }) => `dd of ${readMib} MiB, 1 MiB at a time`,
    before: 'cat "$B/input/big" > /dev/null',
    script: readBig,
  },
  {
    name: "seq-read-warm",
    title: "sequential read, again",
    kind: "warm",
    describe: ({ readMib }) => `the same ${readMib} MiB a second time`,
    before: 'cat "$B/input/big" > /dev/null',
    script: readBig,
    again: true,
  },
  {
    name: "random-read",
    title: "random 4 KiB reads",
    kind: "cold",
    describe: ({ randomCount, readMib }) =>
      `${randomCount} reads of 4 KiB all over a file of ${readMib} MiB, one after the other, by a Node program whose start counts`,
    before: 'cat "$B/input/big" > /dev/null',
    script: 'exec "$NODE" "$RANDOM_IO" read "$M/input/big" "$RANDOM_COUNT"',
  },
  {
    name: "random-write",
    title: "random 4 KiB writes, fsync",
    kind: "writing",
    describe: ({ randomCount, randomWriteMib }) =>
      `${randomCount} writes of 4 KiB all over a file of ${randomWriteMib} MiB, one after the other, and an fsync, by the same program`,
    before: 'head -c "$((RANDOM_WRITE_MIB << 20))" "$B/input/big" > "$B/out/random"',
    script: 'exec "$NODE" "$RANDOM_IO" write "$M/out/random" "$RANDOM_COUNT"',
    stored: 'exec "$NODE" "$RANDOM_IO" check "$B/out/random" "$RANDOM_COUNT"',
  },
  {
    name: "stat-cold",
    title: "stat of a tree, cold",
    kind: "cold",
    describe: ({ treeFiles }) => `find with -printf of size, time and mode, ${treeFiles} files`,
    before: 'find "$B/input/tree" -printf "%s" > /dev/null',
    script: listTree,
  },
  {
    name: "stat-warm",
    title: "stat of a tree, again",
    kind: "warm",
    describe: ({ treeFiles }) => `the same find a second time, ${treeFiles} files`,
    script: listTree,
    again: true,
  },
  {
    name: "untar",
    title: "untar of small files",
    kind: "writing",
    describe: ({ treeFiles }) => `tar -x of ${treeFiles} files`,
    script: 'exec tar -xf "$L/tree.tar" -C "$M/out"',
    stored: treeStored,
  },
  {
    name: "read-small",
    title: "reading small files",
    kind: "cold",
    describe: ({ treeFiles }) => `cat of ${treeFiles} files, one after the other`,
    before: 'find "$B/input/tree" -type f -exec cat {} + > /dev/null',
    script: 'exec find "$M/input/tree" -type f -exec cat {} +',
  },
  {
    name: "cp-a",
    title: "cp -a of a tree",
    kind: "writing",
    describe: ({ treeFiles }) => `cp -a of ${treeFiles} files from a local folder`,
    script: 'exec cp -a "$L/tree" "$M/out/tree"',
    stored: treeStored,
  },
  {
    name: "git-status",
    title: "git status, cold",
    kind: "cold",
    describe: ({ repositoryFiles }) =>
      `git status of ${repositoryFiles} files, with an index that is right on the storage host`,
    before: freshRepository,
    script: gitStatus,
  },
  {
    name: "git-status-again",
    title: "git status, again",
    kind: "warm",
    describe: ({ repositoryFiles }) => `the same git status a second time, ${repositoryFiles} files`,
    before: freshRepository,
    script: gitStatus,
    again: true,
  },
  {
    name: "rm-rf",
    title: "rm -rf of a tree",
    kind: "writing",
    describe: ({ treeFiles }) => `rm -rf of ${treeFiles} files that this mount has not seen yet`,
    before: 'cp -a "$L/tree" "$B/out/tree"',
    script: 'exec rm -rf "$M/out/tree"',
  },
];
