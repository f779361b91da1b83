import type { NodeId } from "@kedgefs/core";

/**
 * Told what the names of a request lead to (a node, or null for nothing; of a rename first the old name, then the new; of an extended
 * attribute the node that has it), right
 * before the call that changes them. Nothing of this process comes between. If it throws, the call is not made.
 */
export type Intend = (found: readonly (NodeId | null)[]) => void;

/**
 * A request of a `once` operation whose maker wants to write down what it is about to do. An operation that ends without having
 * told has changed nothing.
 */
export type Intending<Request> = Request & { readonly intend?: Intend | undefined };
