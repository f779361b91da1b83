import { createCipheriv } from "node:crypto";
import { mkdir, open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runChild } from "../system/run-child.ts";
import type { Workspace } from "../system/workspace.ts";
import type { Sizes } from "./sizes.ts";

const filesPerFolder = 20;
const setupTimeoutMs = 120_000;
/** Fixed, so that each run works on the same bytes. */
const seed = Buffer.alloc(16, 7);

/** Makes what the workloads read: the same names, sizes and bytes each time, with times of the past. */
export async function makeInputs({ exported, local }: Workspace, sizes: Sizes, signal: AbortSignal): Promise<void> {
  const shell = (script: string) =>
    runChild("sh", ["-ec", script], {
      signal,
      timeoutMs: setupTimeoutMs,
      env: { B: exported, L: local, ...gitEnvironment },
    });
  await shell('rm -rf "$B/input" "$B/out" "$L"/* && mkdir "$B/input" "$B/out"');
  await makeLargeFile(join(exported, "input/big"), sizes.readMib);
  await makeTree(join(local, "tree"), sizes.treeFiles);
  await makeTree(join(local, "repository"), sizes.repositoryFiles);
  // Files that are as new as git's index are read again each time; nobody's real files are.
  await shell(`
    find "$L" -exec touch -h -d '2020-01-02 03:04:05.678' {} +
    tar -cf "$L/tree.tar" -C "$L" tree
    cp -a "$L/tree" "$B/input/tree"
    cd "$L/repository"
    git init -q . && git add . && git commit -q -m 'The repository of the benchmark'
  `);
}

/** git without anybody's configuration. Folders whose owner a peer shows wrongly are no reason to refuse. */
export const gitEnvironment: NodeJS.ProcessEnv = {
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_SYSTEM: "/dev/null",
  GIT_CONFIG_COUNT: "1",
  GIT_CONFIG_KEY_0: "safe.directory",
  GIT_CONFIG_VALUE_0: "*",
  GIT_AUTHOR_NAME: "bench",
  GIT_AUTHOR_EMAIL: "bench@localhost",
  GIT_COMMITTER_NAME: "bench",
  GIT_COMMITTER_EMAIL: "bench@localhost",
};

/** A stream of bytes that look random, so that nothing can compress them. */
const keystream = () => createCipheriv("aes-128-ctr", seed, seed);

async function makeLargeFile(path: string, mib: number): Promise<void> {
  const stream = keystream();
  const zeros = Buffer.alloc(1 << 20);
  await using file = await open(path, "w");
  for (let count = 0; count < mib; count++) await file.write(stream.update(zeros));
}

/** Folders of 20 files; sizes as in source trees: half below 2 KiB, a few up to 64 KiB. */
async function makeTree(root: string, files: number): Promise<void> {
  const stream = keystream();
  for (let index = 0; index < files; index++) {
    const folder = Math.floor(index / filesPerFolder);
    const path = join(root, `part-${folder % 7}`, `folder-${folder}`);
    if (index % filesPerFolder === 0) await mkdir(path, { recursive: true });
    const random = stream.update(Buffer.alloc(4)).readUInt32LE() / 2 ** 32;
    const bytes = Math.floor(256 * 256 ** (random ** 1.5));
    await writeFile(
      join(path, `file-${index}.txt`),
      stream.update(Buffer.alloc(bytes)).toString("hex").slice(0, bytes),
    );
  }
}
