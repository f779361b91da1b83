/**
 * The kernel's 32-bit form of a device number: the low 8 bits of the minor, 12 bits of the major, the other 12 bits of
 * the minor. It is what mknod and FUSE carry. Source: new_encode_dev in linux/kdev_t.h.
 */
export function encodeDevice(major: number, minor: number): number {
  return ((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)) >>> 0;
}

/** The way back: new_decode_dev in linux/kdev_t.h. */
export function decodeDevice(device: number): { major: number; minor: number } {
  return { major: (device & 0xfff00) >>> 8, minor: (device & 0xff) | ((device >>> 12) & 0xfff00) };
}
