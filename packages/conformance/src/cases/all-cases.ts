import type { ConformanceCase } from "../case.ts";
import { aclsCases } from "./acls.ts";
import { chmodCases } from "./chmod.ts";
import { chownCases } from "./chown.ts";
import { contentsCases } from "./contents.ts";
import { directoryCases } from "./directory.ts";
import { inodeFlagsCases } from "./inode-flags.ts";
import { linkCases } from "./link.ts";
import { listingsCases } from "./listings.ts";
import { locksCases } from "./locks.ts";
import { lookupCases } from "./lookup.ts";
import { mknodCases } from "./mknod.ts";
import { namesCases } from "./names.ts";
import { openCases } from "./open.ts";
import { openFilesCases } from "./open-files.ts";
import { pastFuseCases } from "./past-fuse.ts";
import { permissionsCases } from "./permissions.ts";
import { programsCases } from "./programs.ts";
import { rangesCases } from "./ranges.ts";
import { readdirCases } from "./readdir.ts";
import { renameCases } from "./rename.ts";
import { renameFlagsCases } from "./rename-flags.ts";
import { statCases } from "./stat.ts";
import { statfsCases } from "./statfs.ts";
import { symlinkCases } from "./symlink.ts";
import { timesCases } from "./times.ts";
import { truncateCases } from "./truncate.ts";
import { unnamedFilesCases } from "./unnamed-files.ts";
import { xattrsCases } from "./xattrs.ts";

/** The table: every behaviour, in the order of the operations that it is about. */
export const conformanceCases: readonly ConformanceCase[] = [
  ...lookupCases,
  ...statCases,
  ...chmodCases,
  ...chownCases,
  ...truncateCases,
  ...timesCases,
  ...symlinkCases,
  ...mknodCases,
  ...directoryCases,
  ...renameCases,
  ...renameFlagsCases,
  ...linkCases,
  ...openCases,
  ...contentsCases,
  ...openFilesCases,
  ...locksCases,
  ...readdirCases,
  ...namesCases,
  ...permissionsCases,
  ...statfsCases,
  ...xattrsCases,
  ...aclsCases,
  ...rangesCases,
  ...unnamedFilesCases,
  ...inodeFlagsCases,
  ...programsCases,
  ...listingsCases,
  ...pastFuseCases,
];
