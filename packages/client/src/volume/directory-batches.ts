import { type Attr, type DirEntry, type HandleId, limits, type NodeId } from "@kedgefs/core";
import { isDot, isDotDot } from "./path.ts";
import { typePredicates } from "./stats.ts";
import type { VolumeDirent } from "./types.ts";
import type { VolumeCall } from "./volume-call.ts";

const typeUnknown = 0;

export interface Batch {
  readonly entries: readonly DirEntry[];
  readonly end: boolean;
  /** Where the next batch starts. */
  readonly offset: bigint;
}

/** The entries after `offset`, "." and ".." left out: possibly none although the directory goes on. */
export async function readBatch(call: VolumeCall, node: NodeId, handle: HandleId, offset: bigint): Promise<Batch> {
  const request = { node, handle, offset, size: limits.readdirBytesMax };
  const reply = await call.fileSystem.readdir(request, call.context);
  return {
    entries: reply.entries.filter(({ name }) => !isDot(name) && !isDotDot(name)),
    // An empty answer ends the listing whatever it says, or this would go round for ever.
    end: reply.end || reply.entries.length === 0,
    offset: reply.entries.at(-1)?.offset ?? offset,
  };
}

/** The entries of a directory, batch by batch. The handle is closed at the end, and when the loop is left early. */
export async function* batchesOf(call: VolumeCall, node: NodeId): AsyncGenerator<readonly DirEntry[]> {
  const { handle } = await call.fileSystem.opendir({ node }, call.context);
  try {
    for (let offset = 0n, end = false; !end; ) {
      const batch = await readBatch(call, node, handle, offset);
      ({ offset, end } = batch);
      yield batch.entries;
    }
  } finally {
    await call.fileSystem.releasedir({ node, handle }, call.context);
  }
}

/** The type bits of an entry's mode, asked for where the directory itself does not tell them. */
export async function typeOf(call: VolumeCall, parent: NodeId, { name, type }: DirEntry): Promise<Attr["mode"]> {
  return type === typeUnknown ? (await call.lookup(parent, name)).attr.mode : type << 12;
}

export function direntOf<NameType extends string | Buffer>(name: NameType, mode: number): VolumeDirent<NameType> {
  return { name, ...typePredicates(mode) };
}
