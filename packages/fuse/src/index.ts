/**
 * Mounts a FileSystem. Two drivers behind one shape: `mountKernel` speaks the FUSE kernel protocol (linux/fuse.h) over
 * /dev/fuse in TypeScript, `mountFuseNative` goes through libfuse 2 for those who have it.
 *
 * How the kernel driver is put together, in the order in which a request passes: `device.ts` reads one request at a time,
 * `driver.ts` finds its row in the table of opcodes (`protocol/opcodes.ts`), `protocol/decode.ts` makes it a request of the
 * seam, the FileSystem answers, `delivery.ts` notes what the answer tells the kernel, `protocol/encode.ts` writes it down.
 *
 * Rules, each of which is a deadlock or a lie when broken:
 * - A process never does synchronous I/O on a mount that it serves, umount2(2) included: the answer can't come while the thread
 *   that would give it waits. Asynchronous I/O on it occupies threads of libuv's pool that a FileSystem may need; avoid it too.
 * - FUSE_NOTIFY_INVAL_INODE of pages waits in the kernel for page locks, which READ and WRITE in flight hold, and writes dirty
 *   pages of memory maps itself, by WRITE requests to us. So it is written on a thread of the pool, never on the serving thread,
 *   one at a time (other threads of the pool must stay free: UV_THREADPOOL_SIZE=1 does not do), and no READ, WRITE or truncating
 *   SETATTR (which holds back dirty pages) waits for it. Nor does one of attributes alone, which waits for nothing and has a lane
 *   of its own: another client may wait for it, and a WRITE of ours for that client.
 * - FUSE_NOTIFY_INVAL_ENTRY waits for the directory's lock, which LOOKUP, CREATE and others hold until they are answered; so it
 *   has a lane of its own, and none of those waits for it.
 * - Replies never block, so they are written synchronously. A reply that the kernel did not take (ENOENT) gave it nothing:
 *   references to nodes and open handles in it are taken back.
 * - The descriptor of the device has FD_CLOEXEC in all its copies: a child that inherited one would keep the connection alive
 *   after our death, and everybody who uses the mount waiting.
 * - An answer of ENOSYS means "never ask again" to the kernel. It appears as a literal in the table of opcodes only.
 * - INVAL_INODE makes the kernel discard the attributes of answers that were asked for before it. A stat gets them nevertheless,
 *   a read goes on with the size of before; the next request brings them.
 * - The kernel tells of a signal once (INTERRUPT) and then waits on, whatever the signal; `interrupts.ts` decides what it means.
 */
export type { InFlightRequest } from "./calls.ts";
export { type FuseMount, type MountKernelOptions, mountKernel } from "./mount/mount-kernel.ts";
export { type MountInfo, parseMountInfo, readMountInfo } from "./mount/mountinfo.ts";
export {
  defaultMountOptions,
  type MountOptions,
  type ParsedMountOptions,
  parseMountOptions,
} from "./mount/options.ts";
export { type UnmountOptions, unmountPath } from "./mount/unmount.ts";
export { fuseNativeLacks } from "./native/fuse-native-lacks.ts";
export { type FuseNativeMount, type MountFuseNativeOptions, mountFuseNative } from "./native/mount-fuse-native.ts";
