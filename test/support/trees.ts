import { existsSync } from "node:fs";
import { shell } from "./run.ts";

/**
 * A listing of a tree that shows names, types, modes, owners, sizes of files, mtimes in nanoseconds, link counts and targets.
 * Two trees are the same when their listings and contents are. Run in a process of its own, as it may be on a mount.
 */
export async function listing(dir: string): Promise<string[]> {
  const text = await shell(
    `find . -mindepth 1 \\( -type d -printf '%P\\0%y %m %U:%G %T@ %n\\n' -o -printf '%P\\0%y %m %U:%G %s %T@ %n %l\\n' \\) | LC_ALL=C sort`,
    dir,
  );
  // The link count of a directory is the backing system's to tell: btrfs and others don't count subdirectories.
  return text.split("\n");
}

/** Copies `count` real files, folders and links of this machine to `target`: the small documents that every Debian has. */
export async function realTree(target: string, count: number): Promise<void> {
  const sources = [
    "usr/share/doc",
    "usr/share/perl",
    "usr/share/zoneinfo",
    "usr/lib/python3",
    "usr/share/man",
    "usr/include",
  ];
  const found = sources.filter((source) => existsSync(`/${source}`)).join(" ");
  await shell(
    `mkdir -p '${target}'
     find ${found} -size -200k > '${target}.list' || true
     head -n ${count} '${target}.list' | tar --format=posix --no-recursion -cf - -T - | tar -C '${target}' -xpf -
     rm '${target}.list'`,
    "/",
  );
}
