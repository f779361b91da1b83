import { UserError } from "@kedgefs/core";
import type { MountOptions } from "@kedgefs/fuse";
import type { DriverName } from "./mount-record.ts";
import { UsageError } from "./usage-error.ts";

export interface ParsedOptionsText {
  readonly mount: MountOptions;
  /** The N of `port=N`, as typed. */
  readonly port: string | undefined;
}

/** Every option of -o with what it does, as `kedge mount --help` tells it. Those in one line undo each other. */
export const mountOptionsHelp = `Mount options (-o), separated by commas; of contradicting ones the last counts:
  port=N                                       port of the server, for HOST:/EXPORT
  ro, rw                                       nothing can be changed through the mount; or it can (the default)
  allow_other, noallow_other                   other users may use the mount (the default for root), or not
  default_permissions, nodefault_permissions   the kernel checks permissions too (the default for root), or only the server
  noexec, exec, nosuid, suid, nodev, dev       as for mount(8); nosuid and nodev are the default
  noatime, atime                               shown in the table of mounts; the server keeps access times its own way
  attr_timeout=S, entry_timeout=S              let the kernel believe attributes and names for S seconds. The default is 0;
                                               otherwise changes made elsewhere are seen only when the time is over
  direct_io                                    read and write past this machine's page cache
  max_read=BYTES, max_write=BYTES              largest request, at most 1M (the default)
  readahead=BYTES                              how far to read ahead; the default is 4M`;

/** Names in `mountOptionsHelp`, which lists them in the column before the explanations. */
export const knownOptions: readonly string[] = mountOptionsHelp
  .split("\n")
  .slice(1)
  .flatMap((line) => /^ {2}(\S.*?) {2}/.exec(line)?.[1]?.split(", ") ?? []);

/** What fuse-native cannot do: the fields of MountOptions, with the option that sets each to something else than its default. */
const kernelOnly = {
  noexec: "noexec",
  nosuid: "suid",
  nodev: "dev",
  noatime: "noatime",
  maxReadBytes: "max_read",
  maxWriteBytes: "max_write",
  readaheadBytes: "readahead",
} as const satisfies Partial<Record<keyof MountOptions, string>>;

/**
 * Reads the text of -o.
 *
 * @throws UsageError for a bad value, an unknown option (with a list of all) and one that the driver lacks.
 */
export async function parseMountOptionsText(text: string, driver: DriverName): Promise<ParsedOptionsText> {
  const fuse = await import("@kedgefs/fuse");
  const { mount, rest } = parsed(() => fuse.parseMountOptions(text));
  const { port, ...unknown } = rest;
  const [word] = Object.keys(unknown);
  if (word !== undefined) {
    throw new UsageError(`unknown mount option "${word}"`, `Known: ${knownOptions.join(", ")}`);
  }
  if (port === true) throw new UsageError("the mount option port needs a value", "port=NUMBER");
  for (const [field, option] of Object.entries(kernelOnly) as [keyof typeof kernelOnly, string][]) {
    if (driver === "fuse-native" && mount[field] !== fuse.defaultMountOptions[field]) {
      throw new UsageError(`the driver fuse-native does not know the mount option ${option}`, "Use --driver kernel.");
    }
  }
  return { mount, port };
}

function parsed<Result>(parse: () => Result): Result {
  try {
    return parse();
  } catch (error) {
    throw error instanceof UserError ? new UsageError(error.message, error.hint) : error;
  }
}
