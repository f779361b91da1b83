import { libc, type Native } from "./library.ts";
import { callAsync } from "./native-async.ts";

const nativeSyncfs: Native<[number]> = libc.func("int syncfs(int fd)");

/**
 * syncfs(2) off the event loop: all of the file system that `fd` is on, whoever wrote it, so it may take long. EBADF
 * (also for O_PATH); EIO, ENOSPC, EDQUOT (an earlier write was lost, told once per open file).
 */
export async function syncfs(fd: number): Promise<void> {
  await callAsync("syncfs", nativeSyncfs, fd);
}
