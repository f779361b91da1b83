import { FsError } from "@kedgefs/core";

/** PATH_MAX of linux/limits.h: a path with its NUL. The kernel answers ENAMETOOLONG to anything longer. */
const pathMax = 4096;

/**
 * Turns names and paths into NUL-terminated bytes in one reused buffer. What `encode` returns is valid until its next
 * call, so a system call with two names needs two encoders. Bytes go in as they are, strings as UTF-8. EINVAL for a NUL
 * within, ENAMETOOLONG past 4,095 bytes.
 */
export class PathEncoder {
  // A UTF-16 unit takes three bytes of UTF-8 at most, so a string that passes the check on its length fits for sure.
  readonly #bytes = Buffer.alloc(pathMax * 3 + 1);

  encode(path: Uint8Array | string): Buffer {
    const bytes = this.#bytes;
    let length = path.length;
    if (length >= pathMax) throw tooLong(length);
    if (typeof path === "string") {
      length = bytes.write(path);
      if (length >= pathMax) throw tooLong(length);
      if (path.includes("\0")) throw containsNul();
    } else {
      // One loop that copies and checks beats set() and includes() for the lengths that names have.
      for (let index = 0; index < length; index++) {
        const byte = path[index] as number;
        if (byte === 0) throw containsNul();
        bytes[index] = byte;
      }
    }
    bytes[length] = 0;
    return bytes;
  }
}

/** The encoder for calls with one name; safe to share because sync calls of one thread never overlap. */
const shared = new PathEncoder();

/** NUL-terminated bytes of a name or path, valid until the next call. EINVAL, ENAMETOOLONG. */
export const encodePath = (path: Uint8Array | string): Buffer => shared.encode(path);

/**
 * The magic link of an open descriptor: a path to the very inode, whatever became of its names. Source: proc_pid_fd(5).
 */
export const procFdPath = (fd: number): Buffer => shared.encode(`/proc/self/fd/${fd}`);

/** "" for the calls that act on the descriptor itself (AT_EMPTY_PATH). */
export const emptyPath = Buffer.alloc(1);

function tooLong(length: number): FsError {
  return new FsError("ENAMETOOLONG", `a path has ${length} bytes, fewer than ${pathMax} are possible`);
}

function containsNul(): FsError {
  return new FsError("EINVAL", "a path contains a NUL byte");
}
