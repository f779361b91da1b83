/** System calls that glibc has no wrapper for, or none that acts on the calling thread alone. */
export interface SyscallNumbers {
  readonly close_range: number;
  readonly openat2: number;
  readonly faccessat2: number;
  readonly fchmodat2: number;
  readonly getdents64: number;
  readonly mknodat: number;
  readonly setfsgid: number;
  readonly setfsuid: number;
  readonly setgroups: number;
}

/**
 * Keyed by `process.arch`. Sources: asm/unistd_64.h for x64; asm-generic/unistd.h for arm64. Calls younger than Linux
 * 5.1 have one number everywhere.
 */
const numbersByArch: Readonly<Record<string, SyscallNumbers>> = {
  x64: {
    close_range: 436,
    openat2: 437,
    faccessat2: 439,
    fchmodat2: 452,
    getdents64: 217,
    mknodat: 259,
    setfsgid: 123,
    setfsuid: 122,
    setgroups: 116,
  },
  arm64: {
    close_range: 436,
    openat2: 437,
    faccessat2: 439,
    fchmodat2: 452,
    getdents64: 61,
    mknodat: 33,
    setfsgid: 152,
    setfsuid: 151,
    setgroups: 159,
  },
};

/**
 * The table of one architecture. Throws a plain Error for any other than x64 and arm64: this package cannot run there.
 */
export function syscallNumbersOf(arch: string): SyscallNumbers {
  const numbers = numbersByArch[arch];
  if (numbers === undefined) throw new Error(`the system call numbers of ${arch} are not known; x64 and arm64 are`);
  return numbers;
}

export const syscallNumbers = syscallNumbersOf(process.arch);
