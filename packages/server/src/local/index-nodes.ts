import { DatabaseSync, type StatementSync } from "node:sqlite";
import { FsError, type NodeId, O_PATH } from "@kedgefs/core";
import { close, type FileStat, fstatx, O_NOFOLLOW, openat2, RESOLVE_BENEATH } from "@kedgefs/posix";
import { DescriptorCache } from "./descriptor-cache.ts";
import { LastCloses } from "./last-closes.ts";
import type { NodeSeal } from "./node-seal.ts";
import type { NodeStore } from "./node-store.ts";

const kind = 2;
const contentBytes = 29;
/** Nodes looked for on the way to one: a deeper one would be past PATH_MAX for its own server. */
const triedMax = 4096;

/**
 * Nodes known by device, inode number and birth time, with an index of the names that they were last found under: for servers
 * that may not open file handles, and for file systems that have none (overlayfs).
 *
 * After a restart a node is found by walking those names, and is trusted only if all three still match; a file that was moved
 * behind the server's back is ESTALE until it is looked up again. The index is written before the identity leaves the server.
 *
 * Content of an identity: kind (1 byte), device major, minor (u32 LE), inode (u64 LE), birth time sec (f64 LE) and nsec (u32 LE).
 */
export class IndexNodes implements NodeStore {
  readonly root: NodeId;
  readonly #rootFd: number;
  readonly #seal: NodeSeal;
  readonly #cache: DescriptorCache;
  readonly #lastCloses = new LastCloses();
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #placesOf: StatementSync;
  readonly #remove: StatementSync;

  /** `rootFd` is a descriptor of the export's root; it becomes the store's. `path` is the index's file. */
  constructor(path: string, rootFd: number, seal: NodeSeal, descriptorsMax: number) {
    this.#rootFd = rootFd;
    this.#seal = seal;
    this.#cache = new DescriptorCache(descriptorsMax);
    this.#database = new DatabaseSync(path);
    // The write-ahead log outlives the process without syncing; a crash of the host may lose the newest names, which are then
    // ESTALE until looked up again.
    this.#database.exec(`
      PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;
      CREATE TABLE IF NOT EXISTS place (node BLOB, parent BLOB, name BLOB, PRIMARY KEY (parent, name)) WITHOUT ROWID;
      CREATE INDEX IF NOT EXISTS place_of_node ON place (node);
    `);
    this.#insert = this.#database.prepare("INSERT OR REPLACE INTO place (node, parent, name) VALUES (?, ?, ?)");
    this.#placesOf = this.#database.prepare("SELECT parent, name FROM place WHERE node = ?");
    this.#remove = this.#database.prepare("DELETE FROM place WHERE parent = ? AND name = ?");
    this.root = this.#seal.toNode(contentOf(fstatx(rootFd)));
  }

  fd(node: NodeId): number {
    const cached = node === this.root ? this.#rootFd : this.#cache.get(node);
    return cached ?? this.#find(node, new Set());
  }

  identify(_fd: number, stat: FileStat): NodeId {
    return this.#seal.toNode(contentOf(stat));
  }

  foundAt(node: NodeId, parent: NodeId, name: Uint8Array): void {
    this.#insert.run(this.#seal.toContent(node), this.#seal.toContent(parent), name);
  }

  keep(node: NodeId, fd: number): void {
    this.#cache.put(node, fd);
  }

  nameRemoved(parent: NodeId, name: Uint8Array): void {
    this.#remove.run(this.#seal.toContent(parent), name);
  }

  nodeRemoved(node: NodeId, fd: number): void {
    this.#cache.drop(node);
    this.#lastCloses.close(node, fd);
  }

  close(): void {
    this.#lastCloses.closeAll();
    this.#cache.close();
    this.#database.close();
    close(this.#rootFd);
  }

  /**
   * `tried` are the nodes on the way here and those that were not found: directories that were moved behind the server's back
   * leave names that may lead round in a circle.
   */
  #find(node: NodeId, tried: Set<NodeId>): number {
    if (node === this.root) return this.#rootFd;
    const cached = this.#cache.get(node);
    if (cached !== undefined) return cached;
    const content = this.#seal.toContent(node);
    if (content.length === contentBytes && content[0] === kind && tried.size < triedMax && !tried.has(node)) {
      tried.add(node);
      for (const place of this.#placesOf.all(content)) {
        const fd = this.#openAt(place as { parent: Uint8Array; name: Uint8Array }, content, tried);
        if (fd === undefined) continue;
        this.#cache.put(node, fd);
        return fd;
      }
    }
    throw new FsError("ESTALE", "the file is not where it was last found");
  }

  #openAt(place: { parent: Uint8Array; name: Uint8Array }, content: Buffer, tried: Set<NodeId>): number | undefined {
    let fd: number;
    try {
      const parentFd = this.#find(this.#seal.toNode(Buffer.from(place.parent).toString("latin1")), tried);
      fd = openat2(parentFd, place.name, { flags: O_PATH | O_NOFOLLOW, resolve: RESOLVE_BENEATH });
    } catch {
      return undefined;
    }
    if (contentOf(fstatx(fd)) === content.toString("latin1")) return fd;
    close(fd);
    return undefined;
  }
}

function contentOf({ attr, devMajor, devMinor }: FileStat): string {
  const content = Buffer.allocUnsafe(contentBytes);
  content[0] = kind;
  content.writeUInt32LE(devMajor, 1);
  content.writeUInt32LE(devMinor, 5);
  content.writeBigUInt64LE(attr.ino, 9);
  content.writeDoubleLE(attr.btime.sec, 17);
  content.writeUInt32LE(attr.btime.nsec, 25);
  return content.toString("latin1");
}
