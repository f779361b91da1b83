/**
 * Lists a tree for comparison: `node list-tree.ts DIR` prints a line for each entry below and including DIR, with all that a
 * faithful copy has in common with its original. A program of its own, because it reads from mounts, and who waits for a mount
 * cannot be interrupted. Paths and targets are bytes, printed as JSON strings with one char for each.
 */
import { createHash } from "node:crypto";
import { closeSync, lstatSync, openSync, readdirSync, readlinkSync, readSync } from "node:fs";

const slash = Buffer.from("/");
const chunk = Buffer.allocUnsafe(1 << 20);
const lines: string[] = [];

function sha256(path: Buffer): string {
  const hash = createHash("sha256");
  const descriptor = openSync(path, "r");
  try {
    for (;;) {
      const length = readSync(descriptor, chunk);
      if (length === 0) return hash.digest("hex");
      hash.update(chunk.subarray(0, length));
    }
  } finally {
    closeSync(descriptor);
  }
}

function list(path: Buffer, relative: Buffer): void {
  const stats = lstatSync(path, { bigint: true });
  const folder = stats.isDirectory();
  const content = stats.isFile()
    ? sha256(path)
    : stats.isSymbolicLink()
      ? readlinkSync(path, "buffer").toString("latin1")
      : "";
  lines.push(
    JSON.stringify({
      path: relative.toString("latin1"),
      mode: stats.mode.toString(8),
      uid: String(stats.uid),
      gid: String(stats.gid),
      mtimeNs: String(stats.mtimeNs),
      // Size and link count of a folder are the file system's own affair.
      size: folder ? "" : String(stats.size),
      links: folder ? "" : String(stats.nlink),
      content,
    }),
  );
  if (!folder) return;
  for (const name of readdirSync(path, "buffer").sort(Buffer.compare)) {
    list(Buffer.concat([path, slash, name]), Buffer.concat([relative, slash, name]));
  }
}

const [root] = process.argv.slice(2);
if (root === undefined) throw new Error("usage: list-tree.ts DIR");
list(Buffer.from(root), Buffer.from("."));
process.stdout.write(`${lines.join("\n")}\n`, "latin1");
