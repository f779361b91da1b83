/**
 * What a mount by this driver cannot do, by the names that the conformance suite has for it. README.md beside this file
 * says for each what happens instead, and why.
 *
 * - identities: every caller is the user that mounted.
 * - nanoseconds: times are set and shown in whole milliseconds, and none before 1970 is shown.
 * - set-mtime: atime and mtime can differ when both are given, but UTIME_OMIT for one does nothing at all, and UTIME_NOW is the
 *   clock of this machine.
 * - byte-names: names and targets of symbolic links must be UTF-8.
 * - rename-flags: EINVAL.
 * - xattrs, acls, ranges, birth-times, unnamed-files, inode-flags: the binding has no such operations, or libfuse 2 has not.
 * - shared-maps: ENODEV, as with all files that bypass the page cache.
 * - open-directory: works until the directory is removed; fstat of it is ENOENT then.
 *
 * Locks have no name here, for the cases look at one machine: they work among its programs, and other clients don't see them.
 */
export const fuseNativeLacks = [
  "identities",
  "nanoseconds",
  "set-mtime",
  "byte-names",
  "rename-flags",
  "xattrs",
  "acls",
  "ranges",
  "birth-times",
  "unnamed-files",
  "inode-flags",
  "shared-maps",
  "open-directory",
] as const;
