import fs from "node:fs/promises";
import { basename, join } from "node:path";
import { allCapabilities, type Capability } from "../capabilities.ts";
import type { Identity } from "../case.ts";
import { IdentityHelpers } from "../helper/identity-helpers.ts";
import { hasPython } from "../helper/run-python.ts";
import type { ConformancePlace, View } from "../target.ts";
import type { FsPromises } from "../volume-api.ts";

// That node's own module has the API's shape is what lets one case run on both.
const nodeFs: FsPromises = fs;

const needRoot: readonly Capability[] = ["root", "identities", "devices"];

/** Whom this process acts as. */
export function ownIdentity(): Identity {
  const { getuid, getgid, getgroups } = process;
  if (!getuid || !getgid || !getgroups) throw new Error("the conformance cases take a POSIX system");
  return { uid: getuid.call(process), gid: getgid.call(process), groups: getgroups.call(process) };
}

interface RealPlaceOptions {
  readonly missing?: readonly Capability[];
  /** Runs at the end. */
  readonly cleanUp?: () => Promise<void>;
  /** Leaves what the cases made to `cleanUp`: some ten thousand files, which a mount takes long to remove one by one. */
  readonly keepsFiles?: boolean;
  /** Where what is in `parent` is seen once more. */
  readonly secondParent?: string | undefined;
}

/**
 * A place in a directory of this machine, on a plain file system or a mount that another process serves. Calls go through
 * node's fs/promises; those that node lacks, and those of other users, through helper processes.
 */
export async function realPlace(
  parent: string,
  { missing = [], cleanUp = async () => {}, keepsFiles = false, secondParent }: RealPlaceOptions = {},
): Promise<ConformancePlace> {
  const self = ownIdentity();
  const umask = process.umask();
  const isRoot = self.uid === 0;
  const dir = await fs.mkdtemp(`${parent}/conformance-`);
  await fs.chmod(dir, 0o755);
  const absent = new Set([...missing, ...(isRoot ? [] : needRoot)]);
  if (!(await updatesAtime(dir))) absent.add("atime");
  if (!(await hasPython())) absent.add("programs").add("locks");
  const helpers = new IdentityHelpers(umask);
  const viewOf = (path: string): View => {
    const view = { fs: nodeFs, raw: helpers.as(self), dir: path };
    return absent.has("identities") ? view : { ...view, as: (identity) => helpers.as(identity) };
  };
  return {
    ...viewOf(dir),
    ...(secondParent === undefined ? {} : { second: viewOf(join(secondParent, basename(dir))) }),
    self,
    umask,
    capabilities: new Set(allCapabilities.filter((capability) => !absent.has(capability))),
    teardown: async () => {
      try {
        await helpers.close();
        if (!keepsFiles) await fs.rm(dir, { recursive: true, force: true });
      } finally {
        await cleanUp();
      }
    },
  };
}

/** A file system may be mounted with noatime: that is the machine's choice and no fault of it. */
async function updatesAtime(dir: string): Promise<boolean> {
  const probe = `${dir}/atime-probe`;
  await fs.writeFile(probe, "x");
  await fs.utimes(probe, 1, 1);
  await fs.readFile(probe);
  const { atimeMs } = await fs.stat(probe);
  await fs.unlink(probe);
  return atimeMs !== 1000;
}
