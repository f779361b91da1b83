import { type Caller, FsError, limits, type XattrListReply, type XattrReply } from "@kedgefs/core";
import { getxattr, listxattr, parseXattrNames, removexattr, runAs, setxattr } from "@kedgefs/posix";

const trusted = Buffer.from("trusted.");
const security = Buffer.from("security.");

const beginsWith = (name: Uint8Array, prefix: Uint8Array): boolean =>
  Buffer.compare(name.subarray(0, prefix.length), prefix) === 0;

/**
 * What xattr_permission() in the kernel asks of a caller, which `runAs` leaves capable of more: "trusted." is for root alone, and
 * shows to nobody else; who may change "security." is root.
 */
function checkNamespace(name: Uint8Array, { uid }: Caller, changes: boolean): void {
  if (uid === 0) return;
  if (beginsWith(name, trusted)) throw new FsError(changes ? "EPERM" : "ENODATA", "trusted attributes are for root");
  if (changes && beginsWith(name, security)) throw new FsError("EPERM", "security attributes are for root to change");
}

/** No value and no list is longer (XATTR_SIZE_MAX, XATTR_LIST_MAX): the kernel says E2BIG to a file system that has one. */
const scratch = Buffer.alloc(limits.xattrValueBytesMax);

/** Of the inode of any descriptor, O_PATH ones included. */
export function getxattrOf(fd: number, name: Uint8Array, caller: Caller): XattrReply {
  checkNamespace(name, caller, false);
  return {
    value: Buffer.from(
      scratch.subarray(
        0,
        runAs(caller, () => getxattr(fd, name, scratch)),
      ),
    ),
  };
}

export function setxattrOf(fd: number, name: Uint8Array, value: Uint8Array, flags: number, caller: Caller): void {
  checkNamespace(name, caller, true);
  if (value.length > limits.xattrValueBytesMax) throw new FsError("E2BIG", "the value is over 64 KiB");
  runAs(caller, () => setxattr(fd, name, value, flags));
}

export function removexattrOf(fd: number, name: Uint8Array, caller: Caller): void {
  checkNamespace(name, caller, true);
  runAs(caller, () => removexattr(fd, name));
}

export function listxattrOf(fd: number, { uid }: Caller): XattrListReply {
  const length = listxattr(fd, scratch);
  if (uid === 0) return { names: Buffer.from(scratch.subarray(0, length)) };
  const shown = parseXattrNames(scratch, length).filter((name) => !beginsWith(name, trusted));
  return { names: Buffer.concat(shown.flatMap((name) => [name, Buffer.alloc(1)])) };
}

/** Whether the inode has it, as the server itself sees it. */
export function hasXattr(fd: number, name: Uint8Array): boolean {
  try {
    getxattr(fd, name, new Uint8Array(0));
    return true;
  } catch (error) {
    if (error instanceof FsError && error.code !== "EIO") return false;
    throw error;
  }
}

/** Whether the inode has none at all; undefined where it can't be told. */
export function hasNoXattrs(fd: number): true | undefined {
  try {
    return listxattr(fd, new Uint8Array(0)) === 0 ? true : undefined;
  } catch {
    return undefined;
  }
}
