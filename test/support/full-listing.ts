import { succeed } from "./run.ts";

/**
 * Prints a line of JSON for each name of the tree: its path, type and mode, owner, size, mtime in nanoseconds, device, target,
 * link count, the first name of the same inode, extended attributes (ACLs are two of them) and whether it has holes. What is left
 * out of directories is the file system's own affair.
 */
const program = `
import json, os, stat, sys
os.chdir(os.fsencode(sys.argv[1]))
first = {}
def show(path):
    found = os.lstat(path)
    mode, folder = found.st_mode, stat.S_ISDIR(found.st_mode)
    link = stat.S_ISLNK(mode)
    xattrs = {name: os.getxattr(path, name, follow_symlinks=False).hex() for name in os.listxattr(path, follow_symlinks=False)}
    print(json.dumps({
        "path": path.decode("latin-1"), "mode": oct(mode), "owner": [found.st_uid, found.st_gid], "mtime": str(found.st_mtime_ns),
        "size": 0 if folder else found.st_size, "links": 0 if folder else found.st_nlink,
        "same": first.setdefault(found.st_ino, path).decode("latin-1"),
        "device": [os.major(found.st_rdev), os.minor(found.st_rdev)], "target": os.readlink(path).decode("latin-1") if link else "",
        "xattrs": dict(sorted(xattrs.items())), "holes": stat.S_ISREG(mode) and found.st_blocks * 512 < found.st_size,
    }))
    if folder:
        for name in sorted(os.listdir(path)): show(os.path.join(path, name))
show(b".")
`;

/** A line for each name of a tree, with everything that a faithful copy keeps. Run in a process of its own: it may be on a mount. */
export async function fullListing(dir: string): Promise<unknown[]> {
  const text = await succeed("python3", ["-c", program, dir]);
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as unknown);
}
