import { FsError, type NodeId } from "@kedgefs/core";
import type { ToldAttributes } from "./coherence.ts";
import { ROOT_ID } from "./protocol/constants.ts";

/** What the driver knows of a node that the kernel holds. */
export class NodeRecord {
  readonly nodeid: number;
  readonly node: NodeId;
  /** Entries that the kernel got and has not forgotten (its nlookup). */
  lookups = 0;
  /** Answers of the FileSystem that led to this node: what it is told to forget. At least `lookups`. */
  answers = 0;
  /** Open handles, where it is a file. */
  opens = 0;
  /** Open handles that data can be read through, and so those for which cached pages matter. */
  readers = 0;
  /** The attributes that the kernel got last; kept by Coherence. */
  told: ToldAttributes | undefined;
  /** Settles when the invalidation of the node's pages that is under way has finished. */
  invalidating: Promise<void> | undefined;
  /** Until when the kernel may use the node's attributes without asking, by performance.now(); kept by Beliefs. */
  believedUntilMs = 0;
  /** Threads that were told such attributes, and may not have worked them in; kept by Tellings, as the next. */
  readonly toldTo = new Set<number>();
  /** Until when somebody may believe such attributes of whom it will not be known that they were worked in. */
  uncertainUntilMs = 0;
  /** Settles when the kernel has dropped attributes that it believed. */
  disbelieving: Promise<unknown> | undefined;
  /** As believedUntilMs, for names in this directory. */
  namesBelievedUntilMs = 0;

  constructor(nodeid: number, node: NodeId) {
    this.nodeid = nodeid;
    this.node = node;
  }
}

/**
 * The kernel's nodeids and the FileSystem's NodeIds. A nodeid is a number counted up from the root's 1 and never used again,
 * so its generation is always 0. A NodeId keeps its nodeid while the kernel holds it. The table is as large as the kernel's
 * cache of inodes, which is its bound: the kernel forgets under memory pressure.
 */
export class NodeTable {
  readonly #byNodeid = new Map<number, NodeRecord>();
  readonly #byNode = new Map<NodeId, NodeRecord>();
  readonly #forgotten: (node: NodeId, nlookup: number) => void;
  #lastNodeid = ROOT_ID;

  /** `forgotten` is called when the last reference to a node is gone, with the answers to forget. */
  constructor(root: NodeId, forgotten: (node: NodeId, nlookup: number) => void) {
    this.#forgotten = forgotten;
    const record = new NodeRecord(ROOT_ID, root);
    this.#byNodeid.set(ROOT_ID, record);
    this.#byNode.set(root, record);
  }

  get size(): number {
    return this.#byNodeid.size;
  }

  /** Throws ESTALE for a nodeid that was never given out, or was forgotten. */
  readonly nodeOf = (nodeid: number): NodeId => {
    const record = this.#byNodeid.get(nodeid);
    if (record === undefined) throw new FsError("ESTALE", `the kernel names an unknown node ${nodeid}`);
    return record.node;
  };

  get(nodeid: number): NodeRecord | undefined {
    return this.#byNodeid.get(nodeid);
  }

  find(node: NodeId): NodeRecord | undefined {
    return this.#byNode.get(node);
  }

  all(): readonly NodeRecord[] {
    return [...this.#byNodeid.values()];
  }

  /** Counts an answer that leads to `node` and that the kernel is about to get. */
  grant(node: NodeId): NodeRecord {
    let record = this.#byNode.get(node);
    if (record === undefined) {
      this.#lastNodeid += 1;
      record = new NodeRecord(this.#lastNodeid, node);
      this.#byNodeid.set(record.nodeid, record);
      this.#byNode.set(node, record);
    }
    record.lookups += 1;
    record.answers += 1;
    return record;
  }

  /** Counts an answer that leads to `node` and that the kernel does not get. */
  decline(node: NodeId): void {
    const record = this.#byNode.get(node);
    if (record === undefined) this.#forgotten(node, 1);
    else record.answers += 1;
  }

  /** The kernel holds `nlookup` references less; also for grants whose reply did not reach it. */
  forget(nodeid: number, nlookup: number): void {
    const record = this.#byNodeid.get(nodeid);
    if (record === undefined) return;
    record.lookups = Math.max(0, record.lookups - nlookup);
    if (record.lookups > 0 || nodeid === ROOT_ID) return;
    this.#byNodeid.delete(nodeid);
    this.#byNode.delete(record.node);
    this.#forgotten(record.node, record.answers);
  }

  /** The mount is gone, and with it everything that the kernel held. */
  forgetAll(): void {
    for (const record of [...this.#byNodeid.values()]) this.forget(record.nodeid, record.lookups);
  }
}
