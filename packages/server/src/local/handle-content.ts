/** The first byte of every such content. */
export const handleContentKind = 1;
/** Bytes before the handle's own. */
export const handleContentHeaderBytes = 13;

/**
 * What identifies an inode by the kernel's file handle, one char a byte: kind (1 byte), device major, device minor, handle type
 * (u32 LE each), handle.
 */
export function handleContent(
  { devMajor, devMinor }: { readonly devMajor: number; readonly devMinor: number },
  type: number,
  bytes: Buffer,
): string {
  const header = Buffer.allocUnsafe(handleContentHeaderBytes);
  header[0] = handleContentKind;
  header.writeUInt32LE(devMajor, 1);
  header.writeUInt32LE(devMinor, 5);
  header.writeInt32LE(type, 9);
  return header.toString("latin1") + bytes.toString("latin1");
}
