import type { NodeId } from "@kedgefs/core";
import { close } from "@kedgefs/posix";

/** A descriptor that nobody used for one to two of these is closed, milliseconds. */
const ageMs = 5_000;

/**
 * O_PATH descriptors of the nodes used last, in two generations: what was not used during the life of the young one goes.
 *
 * An idle descriptor has to go even when there is room: it keeps the blocks of a file that was deleted on the storage host.
 */
export class DescriptorCache {
  readonly #youngMax: number;
  readonly #timer: NodeJS.Timeout;
  #young = new Map<NodeId, number>();
  #old = new Map<NodeId, number>();

  constructor(countMax: number) {
    this.#youngMax = Math.max(1, Math.floor(countMax / 2));
    this.#timer = setInterval(() => this.#age(), ageMs).unref();
  }

  get(node: NodeId): number | undefined {
    const young = this.#young.get(node);
    if (young !== undefined) return young;
    const fd = this.#old.get(node);
    if (fd === undefined) return undefined;
    this.#old.delete(node);
    this.#add(node, fd);
    return fd;
  }

  /** Takes `fd` over. If the node has one already, `fd` is closed. */
  put(node: NodeId, fd: number): void {
    if (this.get(node) === undefined) this.#add(node, fd);
    else close(fd);
  }

  drop(node: NodeId): void {
    for (const generation of [this.#young, this.#old]) {
      const fd = generation.get(node);
      if (fd === undefined) continue;
      generation.delete(node);
      close(fd);
    }
  }

  close(): void {
    clearInterval(this.#timer);
    this.#age();
    this.#age();
  }

  #add(node: NodeId, fd: number): void {
    if (this.#young.size >= this.#youngMax) this.#age();
    this.#young.set(node, fd);
  }

  #age(): void {
    for (const fd of this.#old.values()) close(fd);
    this.#old = this.#young;
    this.#young = new Map();
  }
}
