import { AT_SYMLINK_NOFOLLOW } from "./at-flags.ts";
import { callAsync } from "./native-async.ts";
import { encodePath } from "./native-path.ts";
import { nativeStatx, statxBytes } from "./stat.ts";

/** Look-ups under way at once. Past it a call warms nothing, so that they never queue up before reads and writes. */
export const warmCallsMax = 64;

let running = 0;

/** Written to by every look-up at once and read by none. */
const unread = Buffer.alloc(statxBytes);

/**
 * Looks a name up on a pool thread, so that a sync call for it soon after finds directory entry and inode in memory and
 * does not wait for a disk on the event loop. Follows no symbolic link. Always resolves: what is wrong, the sync call
 * will tell.
 */
export async function warm(dirfd: number, name: Uint8Array | string): Promise<void> {
  if (running >= warmCallsMax) return;
  running++;
  try {
    // encodePath's bytes are valid until its next call only, and this one outlasts it.
    const path = encodePath(name);
    const own = Buffer.from(path.subarray(0, path.indexOf(0) + 1));
    await callAsync("statx", nativeStatx, dirfd, own, AT_SYMLINK_NOFOLLOW, 0, unread);
  } catch {
    // A hint has no error.
  } finally {
    running--;
  }
}
