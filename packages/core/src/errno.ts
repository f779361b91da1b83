import { constants } from "node:os";

/** errno names as errno(3) spells them, for Linux. */
export type ErrnoName = Extract<keyof typeof constants.errno, string> | LinuxOnlyErrno;

/** Names that Linux has and node:os lacks. Source: asm-generic/errno.h. */
type LinuxOnlyErrno =
  | "EUCLEAN"
  | "EKEYREJECTED"
  | "ENOMEDIUM"
  | "EMEDIUMTYPE"
  | "EREMOTEIO"
  | "ECANCELED"
  | "ESHUTDOWN";

const linuxOnly: Record<LinuxOnlyErrno, number> = {
  EUCLEAN: 117,
  EKEYREJECTED: 129,
  ENOMEDIUM: 123,
  EMEDIUMTYPE: 124,
  EREMOTEIO: 121,
  ECANCELED: 125,
  ESHUTDOWN: 108,
};

const numberByName = new Map<string, number>([...Object.entries(constants.errno), ...Object.entries(linuxOnly)]);

// EWOULDBLOCK and EAGAIN (and EOPNOTSUPP and ENOTSUP) share a number on Linux; the first spelling is the one programs print.
const nameByNumber = new Map<number, ErrnoName>();
for (const preferred of ["EAGAIN", "EOPNOTSUPP"]) {
  const number = numberByName.get(preferred);
  if (number !== undefined) nameByNumber.set(number, preferred as ErrnoName);
}
for (const [name, number] of numberByName) {
  if (!nameByNumber.has(number)) nameByNumber.set(number, name as ErrnoName);
}

/** The errno name of a number of this machine, or undefined where the number has none. */
export function errnoNameFromNumber(number: number): ErrnoName | undefined {
  return nameByNumber.get(number);
}

/** The number of an errno name on this machine, or undefined where the name has none. */
export function errnoNumberFromName(name: string): number | undefined {
  return numberByName.get(name);
}

/**
 * The one error that crosses the FileSystem seam. `code` is an errno name; `message` is for a person and never parsed.
 *
 * An ENOENT is an everyday answer, so no stack is captured: that would cost more than the system call.
 */
export class FsError extends Error {
  readonly code: ErrnoName;

  constructor(code: ErrnoName, message?: string) {
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    super(message ?? code);
    Error.stackTraceLimit = limit;
    this.name = "FsError";
    this.code = code;
  }
}

/** Called with every error that had no errno of its own, so that a bug is seen and not only answered with EIO. */
export type ReportUnexpected = (error: unknown) => void;

/**
 * Turns anything thrown behind the seam into an FsError. An error of Node's `fs` keeps its errno name; whatever has none is
 * reported and becomes EIO. ENOSYS becomes EIO as well: the kernel takes ENOSYS as "never send this operation again".
 */
export function toFsError(error: unknown, reportUnexpected: ReportUnexpected): FsError {
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code === "string" && numberByName.has(code) && code !== "ENOSYS") {
    if (error instanceof FsError) return error;
    return new FsError(code as ErrnoName, (error as Error).message);
  }
  reportUnexpected(error);
  return new FsError("EIO", error instanceof Error ? error.message : String(error));
}
