import type { NodeId } from "@kedgefs/core";
import type { FileStat } from "@kedgefs/posix";

/**
 * Gives files an identity that outlives the server process, and finds them by it.
 *
 * Descriptors that `fd` returns belong to the store and are good until the caller next awaits: never keep or close one.
 */
export interface NodeStore {
  readonly root: NodeId;

  /** An O_PATH descriptor of the node. ESTALE when it leads nowhere any more, or was never this server's. */
  fd(node: NodeId): number;

  /** The identity of the file that `fd` (any kind of descriptor, which stays the caller's) is open on. */
  identify(fd: number, stat: FileStat): NodeId;

  /** `node` was found as `name` of `parent`. Must be told before the identity leaves the server for the first time. */
  foundAt(node: NodeId, parent: NodeId, name: Uint8Array): void;

  /** Keeps an O_PATH descriptor of the node, which becomes the store's: the next call for this node is likely to need it. */
  keep(node: NodeId, fd: number): void;

  /** A name was removed, or what it led to was moved away. */
  nameRemoved(parent: NodeId, name: Uint8Array): void;

  /**
   * The node has lost a name, its last one as far as is known: its blocks must not be kept by a descriptor of the store. `fd`,
   * an O_PATH descriptor of it, becomes the store's, and is closed soon.
   */
  nodeRemoved(node: NodeId, fd: number): void;

  close(): void;
}
