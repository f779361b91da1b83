/** What a target may lack, each with the words that a skipped case says. */
export const capabilityWords = {
  root: "the tests run as root",
  identities: "calls can be made as other users",
  nanoseconds: "times are kept in nanoseconds",
  "set-mtime": "atime and mtime can be set apart",
  atime: "reading a file updates its access time",
  hardlinks: "a file can have several names",
  mknod: "fifos and sockets can be made",
  devices: "device nodes can be made",
  "byte-names": "names are bytes and need not be UTF-8",
  "rename-flags": "RENAME_NOREPLACE and RENAME_EXCHANGE work",
  "umask-exact": "new files get exactly the mode that was asked for, less the umask",
  "directory-nlink": "a directory's link count tells its subdirectories",
  sparse: "holes take no blocks",
  "large-files": "a file can be larger than a terabyte",
  "unlinked-open": "an open file outlives its last name",
  "set-id": "set-uid and set-gid bits are kept, and cleared by writing and chown",
  xattrs: "extended attributes are kept",
  acls: "POSIX ACLs are kept, and go before the mode",
  ranges: "fallocate, SEEK_DATA, SEEK_HOLE and copy_file_range are there",
  "birth-times": "a file tells when it was made",
  "unnamed-files": "a file can be made without a name (O_TMPFILE)",
  "inode-flags": "files have flags that chattr(1) sets",
  programs: "programs of this machine, and python3 among them, can use it",
  "shared-maps": "a file can be mapped so that what is stored in the map is written to it",
  "past-fuse": "calls get to the file system without the kernel's FUSE between",
  locks: "programs of this machine can open and lock files of it, python3 among them",
  "open-directory": "a directory can be opened, and its handle used for stat, sync and chmod",
} as const;

export type Capability = keyof typeof capabilityWords;

export const allCapabilities = Object.keys(capabilityWords) as readonly Capability[];

/** All capabilities but these, for a target that says what it lacks. */
export function capabilitiesWithout(...missing: readonly Capability[]): ReadonlySet<Capability> {
  return new Set(allCapabilities.filter((capability) => !missing.includes(capability)));
}
