import {
  type CreateRequest,
  type Entry,
  type FileSystem,
  FsError,
  isDirectory,
  isRegular,
  isSymlink,
  type LinkRequest,
  type NameRequest,
  type NodeId,
  RENAME_EXCHANGE,
  type RenameRequest,
  rootContext,
  type SetxattrRequest,
  type XattrRequest,
} from "@kedgefs/core";
import { XATTR_CREATE, XATTR_REPLACE } from "@kedgefs/posix";
import type { WireOperation, WireRequest } from "@kedgefs/rpc";
import type { JournalEntry } from "../state/journal.ts";

/** A name that an operation is about. */
interface Place {
  readonly parent: NodeId;
  readonly name: Uint8Array;
}

function placesOf(operation: WireOperation, body: object): Place[] {
  if (operation === "link") {
    const { newParent, newName } = body as LinkRequest;
    return [{ parent: newParent, name: newName }];
  }
  const { parent, name } = body as NameRequest;
  if (operation !== "rename") return [{ parent, name }];
  const { newParent, newName } = body as RenameRequest;
  return [
    { parent, name },
    { parent: newParent, name: newName },
  ];
}

async function entryAt(fileSystem: FileSystem, place: Place): Promise<Entry | null> {
  try {
    return await fileSystem.lookup(place, rootContext());
  } catch (error) {
    if (error instanceof FsError && error.code !== "EIO") return null;
    throw error;
  }
}

/** The value of an attribute; undefined where there is none, nor can be. */
async function xattrOf(fileSystem: FileSystem, { node, name }: XattrRequest): Promise<Uint8Array | undefined> {
  try {
    return (await fileSystem.getxattr({ node, name }, rootContext())).value;
  } catch (error) {
    if (error instanceof FsError && error.code !== "EIO") return undefined;
    throw error;
  }
}

/** `value` undefined: whether it was removed. The entry knows whether the attribute was there before. */
async function xattrWasSet(
  fileSystem: FileSystem,
  { node, name, value, flags = 0 }: XattrRequest & Partial<SetxattrRequest>,
  { witness }: JournalEntry,
): Promise<boolean> {
  const wasThere = witness[0] !== null;
  // What must have failed fails again.
  const mustHaveFailed =
    value === undefined
      ? !wasThere
      : (wasThere && (flags & XATTR_CREATE) !== 0) || (!wasThere && (flags & XATTR_REPLACE) !== 0);
  if (mustHaveFailed) return false;
  const found = await xattrOf(fileSystem, { node, name });
  return value === undefined ? found === undefined : found !== undefined && Buffer.compare(found, value) === 0;
}

/**
 * Whether an operation whose outcome nobody wrote down was done, found by looking: `false`, or `true`, or the entry that the
 * operation made. The server died between intent and outcome, so the operation ran wholly or not at all. `openedMs` is when
 * this life of the server began, by the same clock as the entry.
 */
export async function wasDone(
  fileSystem: FileSystem,
  request: WireRequest,
  entry: JournalEntry,
  openedMs: number,
): Promise<boolean | Entry> {
  const { operation, body } = request;
  if (operation === "setxattr" || operation === "removexattr")
    return await xattrWasSet(fileSystem, body as XattrRequest & Partial<SetxattrRequest>, entry);
  const places = placesOf(operation, body);
  const now: (Entry | null)[] = [];
  for (const place of places) now.push(await entryAt(fileSystem, place));
  const [before, beforeNew] = entry.witness;
  const [here, there] = now;
  switch (operation) {
    case "unlink":
    case "rmdir":
      // Without a node before, it must have failed, and fails again.
      return before !== null && before !== here?.node;
    case "rename":
      if (before === null || before === undefined || there?.node !== before) return false;
      if (((body as RenameRequest).flags & RENAME_EXCHANGE) !== 0) return here?.node === beforeNew;
      return here?.node !== before;
    case "link":
      return before === null && here?.node === (body as LinkRequest).node ? here : false;
    case "mkdir":
    case "mknod":
    case "symlink":
    case "create":
      return before === null &&
        here !== null &&
        here !== undefined &&
        isKind(operation, body, here.attr.mode) &&
        madeBetween(here, entry.startedMs, openedMs)
        ? here
        : false;
    default:
      throw new Error(`${operation} has no rule for settling`);
  }
}

/** The clock that stamps files runs behind by up to a tick, and need not be quite the server's own. */
const clockSlackMs = 2_000;

/**
 * Whether a file was born while the server that wrote the intent could have made it. Two clients that make the same lock file
 * must not both be told that it is theirs, because one of them made it while the other's request was still to be settled.
 */
function madeBetween({ attr: { btime } }: Entry, startedMs: number, openedMs: number): boolean {
  if (btime.sec === 0 && btime.nsec === 0) return true;
  const bornMs = btime.sec * 1000 + Math.floor(btime.nsec / 1e6);
  return bornMs >= startedMs - clockSlackMs && bornMs <= openedMs;
}

function isKind(operation: WireOperation, body: object, mode: number): boolean {
  if (operation === "mkdir") return isDirectory(mode);
  if (operation === "symlink") return isSymlink(mode);
  if (operation === "create") return isRegular(mode);
  const wanted = (body as CreateRequest).mode & 0o170000;
  return (mode & 0o170000) === (wanted === 0 ? 0o100000 : wanted);
}
