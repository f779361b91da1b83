import { UserError } from "@kedgefs/core";
import type { MountOptions } from "../mount/options.ts";

export interface OptionTextInput {
  /** What /proc/mounts shows as the device. */
  readonly source: string;
  readonly subtype: string;
  readonly mountOptions: MountOptions;
  /** Root mounts by mount(2), anyone else through fusermount. */
  readonly asRoot: boolean;
}

/** fuse-native.c copies options and mount point into buffers of 1,024 bytes, and cuts what is longer. */
export const textBytesMax = 1023;

/** Most data of one request: the buffer of libfuse 2 (fuse_kern_chan_new) less its header. */
const ioBytesMax = 128 << 10;

/**
 * The options as libfuse 2 takes them, in one argument "-oA,B,C".
 * - direct_io: every read and write goes to the FileSystem. libfuse 2 does not ask for FUSE_AUTO_INVAL_DATA, so with the page cache
 *   a file that is open here would keep showing pages that another client has changed since (tried, see README.md).
 * - use_ino: st_ino comes from the FileSystem; without it each path has a number of its own and hard links do not agree.
 * - big_writes: without it no write is larger than 4 KiB.
 * - atomic_o_trunc: O_TRUNC is part of open and not a truncate that follows it.
 * - hard_remove is not among them: libfuse then forgets a removed file's path, and answers ENOENT to every read of it.
 * - intr is not either: it interrupts nothing here, and its signal SIGUSR1 opens Node's debugger.
 */
export function optionText({ source, subtype, mountOptions, asRoot }: OptionTextInput): string {
  const allowOther = mountOptions.allowOther ?? asRoot;
  const defaultPermissions = mountOptions.defaultPermissions ?? (asRoot || allowOther);
  if (allowOther && !defaultPermissions) {
    throw new UserError(
      "with the driver fuse-native, allow_other needs default_permissions: it cannot tell one user from another",
      "leave nodefault_permissions out, or use --driver kernel",
    );
  }
  const options = [
    `fsname=${escaped(source)}`,
    `subtype=${escaped(subtype)}`,
    "direct_io",
    "use_ino",
    "big_writes",
    "atomic_o_trunc",
    `max_read=${Math.min(mountOptions.maxReadBytes, ioBytesMax)}`,
    `max_write=${Math.min(mountOptions.maxWriteBytes, ioBytesMax)}`,
    `entry_timeout=${mountOptions.entryTimeoutSec}`,
    `attr_timeout=${mountOptions.attrTimeoutSec}`,
    "negative_timeout=0",
  ];
  const words: readonly [isSet: boolean, word: string][] = [
    [allowOther, "allow_other"],
    [defaultPermissions, "default_permissions"],
    [mountOptions.readOnly, "ro"],
    [mountOptions.noexec, "noexec"],
    [mountOptions.noatime, "noatime"],
    // nosuid and nodev are what libfuse does unasked; only root may have it otherwise.
    [asRoot && !mountOptions.nosuid, "suid"],
    [asRoot && !mountOptions.nodev, "dev"],
    // libfuse 2 refuses a directory that is not empty, as mount(2) does not. fusermount3 does not know the option.
    [asRoot, "nonempty"],
  ];
  for (const [isSet, word] of words) if (isSet) options.push(word);
  const text = `-o${options.join(",")}`;
  if (Buffer.byteLength(text) > textBytesMax) {
    throw new UserError(`the mount options have more than ${textBytesMax} bytes together: ${text}`);
  }
  return text;
}

/** A comma or backslash inside a value, as fuse_opt.c of libfuse reads it. */
function escaped(value: string): string {
  return value.replaceAll(/[\\,]/g, "\\$&");
}
