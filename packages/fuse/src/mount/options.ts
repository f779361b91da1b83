import { limits, UserError } from "@kedgefs/core";

/** How a mount behaves. Each field names the word of `-o` that sets it; see mount.fuse(8) for the first ones. */
export interface MountOptions {
  /** `allow_other`, `noallow_other`: users other than the one who mounts may use it. Unset: when root mounts. */
  readonly allowOther: boolean | undefined;
  /**
   * `default_permissions`, `nodefault_permissions`: the kernel checks permission bits as well, before it asks. It then asks
   * for the attributes of each directory on a path, once more for each. Unset: when root mounts.
   */
  readonly defaultPermissions: boolean | undefined;
  /** `ro`, `rw`. Default false. */
  readonly readOnly: boolean;
  /** `noexec`, `exec`. Default false. */
  readonly noexec: boolean;
  /** `nosuid`, `suid`. Default true: a server must not hand out root's rights on this machine. */
  readonly nosuid: boolean;
  /** `nodev`, `dev`. Default true, for the same reason. */
  readonly nodev: boolean;
  /** `noatime`, `atime`. Default false. The server keeps access times its own way; this is only shown in /proc/mounts. */
  readonly noatime: boolean;
  /** `entry_timeout`: seconds for which the kernel may use a name without asking. Default 0: no cache that could lie. */
  readonly entryTimeoutSec: number;
  /** `attr_timeout`: the same for attributes. Default 0. */
  readonly attrTimeoutSec: number;
  /** `max_read`: most bytes of one read request. Default 1 MiB, at least 4 KiB. */
  readonly maxReadBytes: number;
  /** `max_write`: most bytes of one write request. Default 1 MiB, at least 4 KiB. */
  readonly maxWriteBytes: number;
  /** `readahead`: how far the kernel reads ahead of a sequential reader, bytes. Default 4 MiB; only root can raise it. */
  readonly readaheadBytes: number;
  /** `direct_io`: read(2) and write(2) go to the server each time, past the page cache. Default false. */
  readonly directIo: boolean;
}

export const defaultMountOptions: MountOptions = {
  allowOther: undefined,
  defaultPermissions: undefined,
  readOnly: false,
  noexec: false,
  nosuid: true,
  nodev: true,
  noatime: false,
  entryTimeoutSec: 0,
  attrTimeoutSec: 0,
  maxReadBytes: limits.ioBytesMax,
  maxWriteBytes: limits.ioBytesMax,
  readaheadBytes: 4 << 20,
  directIo: false,
};

/**
 * Whether the kernel may know names. By one that it knows it lets everybody pass who may search the directory by the mode that it
 * knows. Where it doesn't check that, the FileSystem has to be asked, unless only one user can be asking.
 */
export function mayTellNames({ allowOther, defaultPermissions }: MountOptions): boolean {
  return defaultPermissions === true || allowOther !== true;
}

export interface ParsedMountOptions {
  readonly mount: MountOptions;
  /** Words that are none of the mount's, with their value, or true where they have none. */
  readonly rest: Record<string, string | true>;
}

const words: Readonly<Record<string, Partial<MountOptions>>> = {
  allow_other: { allowOther: true },
  noallow_other: { allowOther: false },
  default_permissions: { defaultPermissions: true },
  nodefault_permissions: { defaultPermissions: false },
  ro: { readOnly: true },
  rw: { readOnly: false },
  noexec: { noexec: true },
  exec: { noexec: false },
  nosuid: { nosuid: true },
  suid: { nosuid: false },
  nodev: { nodev: true },
  dev: { nodev: false },
  noatime: { noatime: true },
  atime: { noatime: false },
  direct_io: { directIo: true },
};

const timeoutSecMax = 31_536_000;
const readaheadBytesMax = 1 << 30;

const numbers: Readonly<Record<string, (text: string, word: string) => Partial<MountOptions>>> = {
  entry_timeout: (text, word) => ({ entryTimeoutSec: secondsFrom(text, word) }),
  attr_timeout: (text, word) => ({ attrTimeoutSec: secondsFrom(text, word) }),
  max_read: (text, word) => ({ maxReadBytes: bytesFrom(text, word, 4096, limits.ioBytesMax) }),
  max_write: (text, word) => ({ maxWriteBytes: bytesFrom(text, word, 4096, limits.ioBytesMax) }),
  readahead: (text, word) => ({ readaheadBytes: bytesFrom(text, word, 0, readaheadBytesMax) }),
};

/**
 * Reads the text of `-o`: words and word=value between commas, where `\,` is a comma of a value. Of several texts, and of
 * contradicting words, the last counts. UserError for a value that is none.
 */
export function parseMountOptions(text: string | readonly string[]): ParsedMountOptions {
  let mount = defaultMountOptions;
  const rest = new Map<string, string | true>();
  for (const item of [text].flat().flatMap(splitAtCommas)) {
    const equals = item.indexOf("=");
    const word = equals < 0 ? item : item.slice(0, equals);
    const value = equals < 0 ? undefined : item.slice(equals + 1);
    const plain = Object.hasOwn(words, word) ? words[word] : undefined;
    const number = Object.hasOwn(numbers, word) ? numbers[word] : undefined;
    if (plain !== undefined) {
      if (value !== undefined) throw new UserError(`the mount option ${word} takes no value`);
      mount = { ...mount, ...plain };
    } else if (number !== undefined) {
      if (value === undefined) throw new UserError(`the mount option ${word} needs a value`, `${word}=NUMBER`);
      mount = { ...mount, ...number(value, word) };
    } else rest.set(word, value ?? true);
  }
  return { mount, rest: Object.fromEntries(rest) };
}

function splitAtCommas(text: string): string[] {
  const items = text.match(/(?:\\.|[^,\\])+/g) ?? [];
  return items.map((item) => item.replaceAll(/\\(.)/g, "$1").trim()).filter((item) => item !== "");
}

function secondsFrom(text: string, word: string): number {
  const seconds = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || seconds > timeoutSecMax) {
    throw new UserError(
      `the mount option ${word}=${text} is no number of seconds`,
      `${word}=0, or for example ${word}=1.5`,
    );
  }
  return seconds;
}

function bytesFrom(text: string, word: string, min: number, max: number): number {
  const match = /^(\d+)([kKmM]?)$/.exec(text);
  const unit = { "": 1, k: 1024, m: 1 << 20 }[match?.[2]?.toLowerCase() ?? ""] ?? 1;
  const bytes = match === null ? Number.NaN : Number(match[1]) * unit;
  if (!(bytes >= min && bytes <= max)) {
    throw new UserError(`the mount option ${word}=${text} is not a number of bytes from ${min} to ${max}`);
  }
  return bytes;
}
