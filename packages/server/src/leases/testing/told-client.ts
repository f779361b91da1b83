import type { NodeId } from "@kedgefs/core";
import type { LeaseClient } from "../lease-holder.ts";

/** Stands in for the client of a session: keeps what it is told to believe no longer. */
export class ToldClient implements LeaseClient {
  isThere = true;
  readonly recalls: { readonly id: number; readonly node: NodeId | undefined }[] = [];
  #told: (() => void) | undefined;

  recall(recall: { readonly id: number; readonly node: NodeId | undefined }): void {
    this.recalls.push(recall);
    this.#told?.();
  }

  /** Which nodes, in the order in which it was told. */
  get nodes(): (NodeId | undefined)[] {
    return this.recalls.map(({ node }) => node);
  }

  get lastId(): number {
    return this.recalls.at(-1)?.id ?? 0;
  }

  /** Settles when it has been told of so many. */
  async until(count: number): Promise<void> {
    while (this.recalls.length < count) {
      await new Promise<void>((resolve) => {
        this.#told = resolve;
      });
    }
  }
}
