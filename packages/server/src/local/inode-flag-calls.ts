import { type Caller, FsError, type InodeFlags, type SetInodeFlagsRequest } from "@kedgefs/core";
import { FS_JOURNAL_DATA_FL, getFsxattr, getInodeFlags, runAs, setFsxattr, setInodeFlags } from "@kedgefs/posix";

/** Both forms, of a descriptor that is open for anything but O_PATH. */
export function inodeFlagsOf(fd: number): InodeFlags {
  return { flags: getInodeFlags(fd), fsxattr: getFsxattr(fd) };
}

/** As the caller, who must be the owner, or root where the kernel asks for a privilege. */
export function setInodeFlagsOf(fd: number, { flags, fsxattr }: Partial<SetInodeFlagsRequest>, caller: Caller): void {
  // `runAs` leaves CAP_SYS_RESOURCE to the thread, which is what ext4 asks for here (ext4_ioctl_setflags in fs/ext4/ioctl.c).
  if (flags !== undefined && caller.uid !== 0 && ((flags ^ getInodeFlags(fd)) & FS_JOURNAL_DATA_FL) !== 0)
    throw new FsError("EPERM", "how data is journalled is for root to change");
  runAs(caller, () => {
    if (flags !== undefined) setInodeFlags(fd, flags);
    if (fsxattr !== undefined) setFsxattr(fd, fsxattr);
  });
}
