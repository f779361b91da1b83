import { FsError, type NodeId, nodeIdFromBytes, nodeIdToBytes } from "@kedgefs/core";
import type { Sealer } from "../state/state-directory.ts";

const sealBytes = 16;

/** The content of an identity without a check of its seal: the same inode has the same in every export. */
export const contentOf = (node: NodeId): string => node.slice(0, -sealBytes);

/** Sealed identities that are remembered, so that a lookup of a known file costs no hash. */
const rememberedMax = 65_536;

/**
 * Node identities are `content + seal`. A client can't make one up: with the bare content (a file handle of the kernel) it
 * could reach every file of the backing file system, outside the export as well.
 */
export class NodeSeal {
  readonly #sealer: Sealer;
  readonly #purpose: string;
  readonly #sealed = new Map<string, NodeId>();

  constructor(sealer: Sealer, exported: string) {
    this.#sealer = sealer;
    this.#purpose = `node of ${exported}`;
  }

  /** `content` as a latin1 string, one char a byte. */
  toNode(content: string): NodeId {
    const known = this.#sealed.get(content);
    if (known !== undefined) return known;
    const bytes = Buffer.from(content, "latin1");
    const node = nodeIdFromBytes(Buffer.concat([bytes, this.#sealer.seal(this.#purpose, bytes)]));
    if (this.#sealed.size >= rememberedMax) this.#sealed.clear();
    this.#sealed.set(content, node);
    return node;
  }

  /** ESTALE for an identity that this server did not make for this export. */
  toContent(node: NodeId): Buffer {
    const bytes = nodeIdToBytes(node);
    const content = bytes.subarray(0, Math.max(0, bytes.length - sealBytes));
    if (!this.#sealer.verify(this.#purpose, content, bytes.subarray(content.length))) {
      throw new FsError("ESTALE", "a node identity that this server did not make");
    }
    return content;
  }
}
