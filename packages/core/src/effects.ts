import { O_EXCL, O_TRUNC } from "./mode.ts";
import type { Changed, OperationName } from "./operations.ts";
import { operations } from "./operations.ts";
import type { DirEntry, Entry, Name, NodeId } from "./types.ts";

/** A name in a directory. */
export interface Place {
  readonly parent: NodeId;
  readonly name: Name;
}

/** What a request changes once it is made: the attributes (and of directories the names) of nodes. */
export interface Effects {
  readonly nodes: readonly NodeId[];
  /** What these lead to changes too. */
  readonly places: readonly Place[];
  /** These lead nowhere before, unless the request finds what it would make. */
  readonly made: readonly Place[];
  /** Whether it changes what the nodes permit, and so who may search them. */
  readonly permissions: boolean;
}

/** Operations that may move the access time of `node`, whatever they change beside. */
export const accesses: ReadonlySet<OperationName> = new Set<OperationName>([
  "read",
  "readdir",
  "readdirplus",
  "readlink",
  "copyFileRange",
]);

/** What an answer tells: that a name leads to a node, or to nothing (no `entry`), or only a node's attributes (no `place`). */
export interface Finding {
  readonly place?: Place;
  readonly entry?: Entry;
}

type Fields = Partial<Record<"node" | "newNode" | "parent" | "newParent", NodeId>> &
  Partial<Record<"name" | "newName", Name>> &
  Partial<Record<"flags" | "mode" | "uid" | "gid", number>>;

/**
 * By the table's column `changes`; undefined for what changes nothing. An open changes its file only where it truncates, and so
 * does a create the file that it finds.
 */
export function effectsOf(operation: OperationName, request: object): Effects | undefined {
  const { changes } = operations[operation];
  if (changes.length === 0) return undefined;
  const fields = request as Fields;
  const { flags = 0 } = fields;
  if (operation === "open" && (flags & O_TRUNC) === 0) return undefined;
  const opensAsItIs = operation === "create" && ((flags & O_TRUNC) === 0 || (flags & O_EXCL) !== 0);
  const nodes: NodeId[] = [];
  const places: Place[] = [];
  for (const changed of changes) {
    if (changed === "newName") places.push(placeOf(fields.newParent, fields.newName));
    else if (changed !== "name") addNode(nodes, fields, changed);
    else if (!opensAsItIs) places.push(placeOf(fields.parent, fields.name));
  }
  const made = placeMadeBy(operation, fields);
  return {
    nodes,
    places,
    made: made === undefined ? [] : [made],
    permissions: operation === "setattr" && [fields.mode, fields.uid, fields.gid].some((field) => field !== undefined),
  };
}

/** `reply` is undefined for a lookup that found nothing (ENOENT). */
export function findingsOf(operation: OperationName, request: object, reply: object | undefined): readonly Finding[] {
  const fields = request as Fields;
  const entry = reply as Entry;
  const made = placeMadeBy(operation, fields);
  if (made !== undefined) return [{ place: made, entry }];
  switch (operation) {
    case "lookup":
      return [{ place: placeOf(fields.parent, fields.name), ...(reply === undefined ? {} : { entry }) }];
    case "tmpfile":
      return [{ entry }];
    case "getattr":
    case "setattr":
      return [{ entry: { node: fields.node as NodeId, attr: entry.attr } }];
    case "readdirplus":
      return (reply as { entries: readonly DirEntry[] }).entries.flatMap(({ name, entry: found }) =>
        found === undefined ? [] : [{ place: placeOf(fields.node, name), entry: found }],
      );
    default:
      return [];
  }
}

/** The name that a request makes. */
function placeMadeBy(operation: OperationName, fields: Fields): Place | undefined {
  switch (operation) {
    case "symlink":
    case "mknod":
    case "mkdir":
    case "create":
      return placeOf(fields.parent, fields.name);
    case "link":
      return placeOf(fields.newParent, fields.newName);
    default:
      return undefined;
  }
}

function placeOf(parent: NodeId | undefined, name: Name | undefined): Place {
  return { parent: parent as NodeId, name: name as Name };
}

function addNode(nodes: NodeId[], fields: Fields, field: Exclude<Changed, "name" | "newName">): void {
  const node = fields[field];
  if (node !== undefined && !nodes.includes(node)) nodes.push(node);
}
