import { copyFileSync, fstatSync, ftruncateSync, readlinkSync, writeSync } from "node:fs";

/** Size at which the log of a mount begins anew, bytes; the part before is kept as LOG.1. */
const logBytesMax = 4 << 20;

/**
 * Writes lines to stderr, which is the log file of a mount in the background. Whatever else goes to stderr, such as Node's last
 * words, ends up there too.
 */
export function createDaemonLogWriter(): (line: string) => void {
  const descriptor = 2;
  let sizeBytes = fstatSync(descriptor).size;
  return (line) => {
    sizeBytes += Buffer.byteLength(line);
    if (sizeBytes > logBytesMax) {
      rotate(descriptor);
      sizeBytes = Buffer.byteLength(line);
    }
    try {
      writeSync(descriptor, line);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    }
  };
}

/** Keeps the descriptor, which is opened for appending, so that the next write goes to the start of the emptied file. */
function rotate(descriptor: number): void {
  const path = readlinkSync(`/proc/self/fd/${descriptor}`);
  try {
    copyFileSync(path, `${path}.1`);
  } catch {
    // The file was removed or the disk is full: then the older part is lost, which is better than a log without bound.
  }
  ftruncateSync(descriptor, 0);
}
