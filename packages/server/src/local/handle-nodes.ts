import { FsError, type NodeId, O_PATH } from "@kedgefs/core";
import { close, type FileStat, fstatx, nameToHandleAt, openByHandleAt } from "@kedgefs/posix";
import { DescriptorCache } from "./descriptor-cache.ts";
import { handleContent, handleContentHeaderBytes, handleContentKind } from "./handle-content.ts";
import { LastCloses } from "./last-closes.ts";
import { Mounts } from "./mounts.ts";
import type { NodeSeal } from "./node-seal.ts";
import type { NodeStore } from "./node-store.ts";

/**
 * Nodes known by the kernel's own file handles (name_to_handle_at(2)): nothing to remember, exact across restarts, and ESTALE
 * once the inode is gone, even if its number is used again. Needs CAP_DAC_READ_SEARCH and a file system that has handles.
 */
export class HandleNodes implements NodeStore {
  readonly root: NodeId;
  readonly #seal: NodeSeal;
  readonly #cache: DescriptorCache;
  readonly #mounts: Mounts;
  readonly #lastCloses = new LastCloses();

  /** `rootFd` is a descriptor of the export's root for reading; it becomes the store's. */
  constructor(rootPath: string, rootFd: number, seal: NodeSeal, descriptorsMax: number) {
    const stat = fstatx(rootFd);
    this.#seal = seal;
    this.#cache = new DescriptorCache(descriptorsMax);
    this.#mounts = new Mounts(rootPath, deviceOf(stat), rootFd);
    this.root = this.#nodeOf(rootFd, stat);
  }

  /** Whether the file system of a descriptor has handles, and this process may open them. */
  static canServe(rootFd: number): boolean {
    try {
      const { type, bytes } = nameToHandleAt(rootFd);
      close(openByHandleAt(rootFd, type, bytes, O_PATH));
      return true;
    } catch {
      return false;
    }
  }

  fd(node: NodeId): number {
    const cached = this.#cache.get(node);
    if (cached !== undefined) return cached;
    const content = this.#seal.toContent(node);
    if (content.length < handleContentHeaderBytes || content[0] !== handleContentKind)
      throw new FsError("ESTALE", "a node identity of another kind");
    const device = `${content.readUInt32LE(1)}:${content.readUInt32LE(5)}`;
    const fd = openByHandleAt(
      this.#mounts.fd(device),
      content.readInt32LE(9),
      content.subarray(handleContentHeaderBytes),
      O_PATH,
    );
    // Until its last descriptor is closed, a file without a name can still be opened by its handle.
    if (this.#lastCloses.has(node) && fstatx(fd).attr.nlink === 0) {
      close(fd);
      throw new FsError("ESTALE", "the file was removed");
    }
    this.#cache.put(node, fd);
    return fd;
  }

  identify(fd: number, stat: FileStat): NodeId {
    return this.#nodeOf(fd, stat);
  }

  foundAt(): void {}

  keep(node: NodeId, fd: number): void {
    this.#cache.put(node, fd);
  }

  nameRemoved(): void {}

  nodeRemoved(node: NodeId, fd: number): void {
    this.#cache.drop(node);
    this.#lastCloses.close(node, fd);
  }

  close(): void {
    this.#lastCloses.closeAll();
    this.#cache.close();
    this.#mounts.close();
  }

  #nodeOf(fd: number, stat: FileStat): NodeId {
    const { type, bytes } = nameToHandleAt(fd);
    return this.#seal.toNode(handleContent(stat, type, bytes));
  }
}

const deviceOf = (stat: FileStat): string => `${stat.devMajor}:${stat.devMinor}`;
