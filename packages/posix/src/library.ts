import { errnoNameFromNumber, FsError } from "@kedgefs/core";
import koffi, { type KoffiFunc } from "koffi";

/**
 * Async calls that koffi keeps memory for. Past it every call maps and unmaps its own, which makes 32 calls in parallel
 * cost 18 µs each and not 4; koffi takes no more than 32.
 */
const residentAsyncPools = 32;

try {
  koffi.config({ resident_async_pools: residentAsyncPools });
} catch {
  // Somebody loaded a library through koffi before us. Its settings are fixed then, and only speed hangs on this one.
}

/** glibc. Functions are declared once, where a module loads; a declaration costs far more than a call. */
export const libc = koffi.load("libc.so.6");

/** A native function as koffi makes it: callable on this thread, and with `.async` on a pool thread. */
export type Native<Args extends unknown[], Result = number> = KoffiFunc<(...args: Args) => Result>;

/**
 * The errno of the native call before. koffi leaves the thread's own errno in place, so it must be read before anything
 * else happens, also in the callback of an async call.
 */
export const lastErrno = (): number => koffi.errno();

/**
 * The FsError of an errno number; `call` is named in the message. ENOSYS would switch an operation off for good if it
 * reached the kernel's FUSE client, so it leaves here as EOPNOTSUPP; a number without a name is EIO.
 */
export function fsErrorFromErrno(errno: number, call: string): FsError {
  const name = errnoNameFromNumber(errno);
  if (name === undefined) return new FsError("EIO", `${call}: errno ${errno}`);
  return new FsError(name === "ENOSYS" ? "EOPNOTSUPP" : name, `${call}: ${name}`);
}

/** Passes a result on, and throws the FsError of errno where it is negative. To be called with nothing in between. */
export function check(result: number, call: string): number {
  if (result < 0) throw fsErrorFromErrno(lastErrno(), call);
  return result;
}

const int64Max = 2n ** 63n - 1n;

/** EINVAL for what off_t cannot hold or the kernel refuses: koffi would wrap it to some other offset. */
export function checkOffset(offset: bigint, call: string): void {
  if (offset < 0n || offset > int64Max) throw new FsError("EINVAL", `${call}: offset ${offset} is out of range`);
}
