import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import type { CaseContext } from "./case.ts";
import { runPython } from "./helper/run-python.ts";
import type { ConformancePlace } from "./target.ts";
import type { FsPromises, VolumeFileHandle } from "./volume-api.ts";

/** Longest wait for the file system's clock, milliseconds. A kernel tick is at most 10. */
const tickMsMax = 2000;

const isOpen = (handle: VolumeFileHandle) =>
  handle.stat().then(
    () => true,
    () => false,
  );

/** Makes the directory of one case and what the case works with; `end` closes what it left open. */
export async function createCaseContext(
  place: ConformancePlace,
  dirName: string,
): Promise<{ context: CaseContext; end: () => Promise<void> }> {
  const { fs, raw, self, umask, capabilities } = place;
  const dir = `${place.dir}/${dirName}`;
  await fs.mkdir(dir);
  await fs.chmod(dir, 0o755);
  const opened: VolumeFileHandle[] = [];
  const context: CaseContext = {
    fs,
    raw,
    dir,
    self,
    umask,
    path: (...names) => [dir, ...names].join("/"),
    bytePath: (name) => Buffer.concat([Buffer.from(`${dir}/`), name]),
    as(identity) {
      if (place.as === undefined) throw new Error('a case uses other identities without needing "identities"');
      return place.as(identity);
    },
    has: (capability) => capabilities.has(capability),
    python: (program) => runPython(dir, program),
    async open(path, flags, mode, api = fs) {
      const handle = await api.open(path, flags, mode);
      opened.push(handle);
      return handle;
    },
    async rejects(call, code) {
      await assert.rejects(call, (error: NodeJS.ErrnoException) => {
        assert.equal(error.code, code, `expected ${code}, got ${error.code ?? error.name}: ${error.message}`);
        return true;
      });
    },
    tick: () => tick(fs, `${dir}.clock`),
  };
  return {
    context,
    end: async () => {
      for (const handle of opened) if (await isOpen(handle)) await handle.close();
    },
  };
}

async function tick(fs: FsPromises, probe: string): Promise<void> {
  await fs.writeFile(probe, "x");
  const { mtimeNs: start } = await fs.stat(probe, { bigint: true });
  for (let waitedMs = 0; waitedMs < tickMsMax; waitedMs += 1) {
    await fs.writeFile(probe, "x");
    if ((await fs.stat(probe, { bigint: true })).mtimeNs > start) return;
    await delay(1);
  }
  throw new Error(`the file system's clock did not move within ${tickMsMax} writes`);
}
