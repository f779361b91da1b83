import { closeSync, constants, openSync } from "node:fs";
import { UserError } from "@kedgefs/core";
import { MS_NOATIME, MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_RDONLY, mount } from "@kedgefs/posix";
import type { MountOptions } from "./options.ts";

export interface MountCall {
  /** Absolute, checked by `checkMountpoint`. */
  readonly mountpoint: string;
  readonly source: string;
  readonly subtype: string;
  readonly options: MountOptions;
}

/** Mounts with mount(2), as root. Returns the open /dev/fuse of the mount. UserError where it can't. */
export function mountAsRoot(call: MountCall): number {
  const fd = openDevice();
  try {
    mount(call.source, call.mountpoint, `fuse.${call.subtype}`, flagsFrom(call.options), dataFrom(fd, call.options));
    return fd;
  } catch (error) {
    closeSync(fd);
    throw mountError(call.mountpoint, error as NodeJS.ErrnoException);
  }
}

function openDevice(): number {
  try {
    return openSync("/dev/fuse", constants.O_RDWR | constants.O_NONBLOCK);
  } catch (error) {
    throw deviceError(error as NodeJS.ErrnoException);
  }
}

/** Why /dev/fuse can't be opened, and what to do. */
export function deviceError(error: NodeJS.ErrnoException): UserError {
  switch (error.code) {
    case "ENOENT":
      return new UserError(
        "there is no /dev/fuse on this machine",
        "modprobe fuse, as root; a container needs --device /dev/fuse --cap-add SYS_ADMIN",
      );
    case "ENODEV":
    case "ENXIO":
      return new UserError("the kernel has no FUSE behind /dev/fuse", "modprobe fuse, as root");
    case "EACCES":
    case "EPERM":
      return new UserError("this user may not open /dev/fuse", "chmod 666 /dev/fuse, as root, or mount as root");
    default:
      return new UserError(`/dev/fuse cannot be opened: ${error.message}`);
  }
}

function mountError(mountpoint: string, error: NodeJS.ErrnoException): UserError {
  switch (error.code) {
    case "EPERM":
    case "EACCES":
      return new UserError(
        "the kernel does not let this process mount",
        "it takes root with CAP_SYS_ADMIN; a container needs --cap-add SYS_ADMIN --device /dev/fuse",
      );
    case "EBUSY":
      return new UserError(`the mount point ${mountpoint} is busy`, "choose another directory");
    case "ENODEV":
      return new UserError("the kernel does not know the file system type fuse", "modprobe fuse");
    default:
      return new UserError(`mounting on ${mountpoint} failed: ${error.message}`);
  }
}

function flagsFrom(options: MountOptions): number {
  return (
    (options.readOnly ? MS_RDONLY : 0) |
    (options.nosuid ? MS_NOSUID : 0) |
    (options.nodev ? MS_NODEV : 0) |
    (options.noexec ? MS_NOEXEC : 0) |
    (options.noatime ? MS_NOATIME : 0)
  );
}

/** The options of the file system type fuse (fuse_fs_parameters in the kernel's fs/fuse/inode.c); rootmode is octal. */
function dataFrom(fd: number, options: MountOptions): string {
  const data = [`fd=${fd}`, "rootmode=40000", "user_id=0", "group_id=0", `max_read=${options.maxReadBytes}`];
  if (options.defaultPermissions ?? true) data.push("default_permissions");
  if (options.allowOther ?? true) data.push("allow_other");
  return data.join(",");
}
