import { NOTIFY_INC_EPOCH, NOTIFY_INVAL_ENTRY, NOTIFY_INVAL_INODE, OUT_HEADER_BYTES } from "./constants.ts";

/** struct fuse_notify_inval_inode_out: ino (a nodeid), off, len. A negative off means the attributes alone, a len of 0 all. */
export function encodeInvalInode(nodeid: number, offset: bigint, length: bigint): Buffer {
  const message = notification(NOTIFY_INVAL_INODE, 24);
  message.writeBigUInt64LE(BigInt(nodeid), OUT_HEADER_BYTES);
  message.writeBigInt64LE(BigInt.asIntN(64, offset), OUT_HEADER_BYTES + 8);
  message.writeBigInt64LE(BigInt.asIntN(64, length), OUT_HEADER_BYTES + 16);
  return message;
}

/** struct fuse_notify_inval_entry_out: parent (a nodeid), namelen, flags; then the name with a NUL. */
export function encodeInvalEntry(parent: number, name: Uint8Array): Buffer {
  const message = notification(NOTIFY_INVAL_ENTRY, 16 + name.length + 1);
  message.writeBigUInt64LE(BigInt(parent), OUT_HEADER_BYTES);
  message.writeUInt32LE(name.length, OUT_HEADER_BYTES + 8);
  message.set(name, OUT_HEADER_BYTES + 16);
  return message;
}

/** Names that the kernel took from answers to requests of before it are looked up again. Takes no lock, so it never waits. */
export function encodeIncEpoch(): Buffer {
  return notification(NOTIFY_INC_EPOCH, 0);
}

/** A notification is a reply to nobody: unique 0, and its code in the place of the error. */
function notification(code: number, bodyBytes: number): Buffer {
  const message = Buffer.alloc(OUT_HEADER_BYTES + bodyBytes);
  message.writeUInt32LE(message.length, 0);
  message.writeInt32LE(code, 4);
  return message;
}
