/** File type bits of st_mode. Source: inode(7). */
export const S_IFMT = 0o170000;
export const S_IFSOCK = 0o140000;
export const S_IFLNK = 0o120000;
export const S_IFREG = 0o100000;
export const S_IFBLK = 0o060000;
export const S_IFDIR = 0o040000;
export const S_IFCHR = 0o020000;
export const S_IFIFO = 0o010000;

export const isDirectory = (mode: number): boolean => (mode & S_IFMT) === S_IFDIR;
export const isRegular = (mode: number): boolean => (mode & S_IFMT) === S_IFREG;
export const isSymlink = (mode: number): boolean => (mode & S_IFMT) === S_IFLNK;

/** d_type of readdir(3) for a mode: the type bits shifted, as IFTODT in dirent.h does it. */
export const direntType = (mode: number): number => (mode & S_IFMT) >> 12;

/** Open flags of open(2) on Linux for the machines that Node runs on; the wire uses the x86-64 and arm64 generic values below. */
export const O_ACCMODE = 0o3;
export const O_RDONLY = 0o0;
export const O_WRONLY = 0o1;
export const O_RDWR = 0o2;
export const O_CREAT = 0o100;
export const O_EXCL = 0o200;
export const O_TRUNC = 0o1000;
export const O_APPEND = 0o2000;
export const O_NONBLOCK = 0o4000;
export const O_DSYNC = 0o10000;
export const O_NOATIME = 0o1000000;
export const O_CLOEXEC = 0o2000000;
export const O_SYNC = 0o4010000;
export const O_PATH = 0o10000000;
/** Not of open(2): the kernel opens a file so to execute it, and FUSE_OPEN passes it on. Source: __FMODE_EXEC in linux/fs.h. */
export const FMODE_EXEC = 0o40;

export const RENAME_NOREPLACE = 1;
export const RENAME_EXCHANGE = 2;
