import { check, libc, type Native } from "./library.ts";
import { encodePath, PathEncoder } from "./native-path.ts";

/** Flags of mount(2). Source: linux/mount.h. */
export const MS_RDONLY = 1;
export const MS_NOSUID = 2;
export const MS_NODEV = 4;
export const MS_NOEXEC = 8;
export const MS_REMOUNT = 32;
export const MS_NOATIME = 1024;
export const MS_BIND = 4096;

/** Flags of umount2(2). Source: linux/fs.h. */
export const MNT_FORCE = 1;
export const MNT_DETACH = 2;
export const UMOUNT_NOFOLLOW = 8;

const nativeMount: Native<[Buffer, Buffer, Buffer, number, Buffer]> = libc.func(
  "int mount(const uint8_t *source, const uint8_t *target, const uint8_t *type, unsigned long flags, const uint8_t *data)",
);
const nativeUmount2: Native<[Buffer, number]> = libc.func("int umount2(const uint8_t *target, int flags)");

const sourcePath = new PathEncoder();
const typeName = new PathEncoder();
const dataText = new PathEncoder();

/**
 * mount(2): `data` is the file system's own option string, at most 4,095 bytes. Blocks this thread for as long as the
 * file system takes. EPERM without CAP_SYS_ADMIN, ENOENT, ENOTDIR, EBUSY, EINVAL (options), ENODEV (no such type).
 */
export function mount(
  source: Uint8Array | string,
  target: Uint8Array | string,
  type: string,
  flags: number,
  data: Uint8Array | string = "",
): void {
  const result = nativeMount(
    sourcePath.encode(source),
    encodePath(target),
    typeName.encode(type),
    flags,
    dataText.encode(data),
  );
  check(result, "mount");
}

/** umount2(2). EPERM, EINVAL (nothing is mounted there), EBUSY (in use, without MNT_DETACH), ENOENT. */
export function umount2(target: Uint8Array | string, flags: number): void {
  check(nativeUmount2(encodePath(target), flags), "umount2");
}
