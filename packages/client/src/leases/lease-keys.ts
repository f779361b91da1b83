import type { NodeId, Place } from "@kedgefs/core";

/*
 * What LeaseCache tells changes apart by. Identities are never empty and end with a seal, so that none begins with another, and
 * no two of these kinds can meet:
 */

/** The attributes of a node: the node itself. */
export const attrKey = (node: NodeId): string => node;

/** The access time of a node, where reads move it. */
export const accessKey = (node: NodeId): string => `${node}*`;

/** All names in a directory, and who may look them up. */
export const namesKey = (parent: NodeId): string => `${parent}/`;

export const placeKey = ({ parent, name }: Place): string =>
  `${parent}/${Buffer.from(name.buffer, name.byteOffset, name.byteLength).toString("latin1")}`;

/** The attributes of some node, and nobody here knows of which. */
export const someNodeKey = "";
