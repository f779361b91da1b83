import { type FileSystem, FsError, limits, O_ACCMODE, O_APPEND, O_NOATIME, O_RDONLY, O_WRONLY } from "@kedgefs/core";
import { type FileInode, type Inode, isImmutable } from "./inode.ts";
import { fileBytesMax } from "./sparse-bytes.ts";
import type { MemoryState } from "./state.ts";
import { touchContents } from "./truncate.ts";

type RangeOperations = Pick<FileSystem, "fallocate" | "lseek" | "copyFileRange">;

const FALLOC_FL_KEEP_SIZE = 0x01;
const FALLOC_FL_PUNCH_HOLE = 0x02;
const FALLOC_FL_ZERO_RANGE = 0x10;
const FALLOC_FL_UNSHARE_RANGE = 0x40;
const SEEK_DATA = 3;
const SEEK_HOLE = 4;

export function rangeOperations(state: MemoryState): RangeOperations {
  return {
    async fallocate({ node, handle, mode, offset, length }, { caller }) {
      const { inode, flags } = state.handle(handle, node);
      if ((flags & O_ACCMODE) === O_RDONLY) throw new FsError("EBADF");
      const file = requireFile(inode, "ENODEV");
      if (offset < 0n || length <= 0n) throw new FsError("EINVAL");
      const known = FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE | FALLOC_FL_UNSHARE_RANGE;
      if ((mode & ~known) !== 0) throw new FsError("EOPNOTSUPP");
      if ((mode & FALLOC_FL_PUNCH_HOLE) !== 0 && (mode & FALLOC_FL_KEEP_SIZE) === 0) throw new FsError("EOPNOTSUPP");
      if (isImmutable(file)) throw new FsError("EPERM");
      const end = offset + length;
      if (end > fileBytesMax) throw new FsError("EFBIG");
      if ((mode & FALLOC_FL_PUNCH_HOLE) !== 0) file.bytes.punch(offset, end);
      else file.bytes.allocate(offset, end, (mode & FALLOC_FL_ZERO_RANGE) !== 0);
      if ((mode & FALLOC_FL_KEEP_SIZE) === 0 && end > file.bytes.size) file.bytes.truncate(end);
      touchContents(file, caller, state.now());
    },

    async lseek({ node, handle, offset, whence }) {
      const file = requireFile(state.handle(handle, node).inode, "EINVAL");
      if (whence !== SEEK_DATA && whence !== SEEK_HOLE) throw new FsError("EINVAL");
      const found = file.bytes.seek(offset, whence === SEEK_DATA);
      if (found === undefined) throw new FsError("ENXIO");
      return { offset: found };
    },

    async copyFileRange({ node, handle, offset, newNode, newHandle, newOffset, length }, { caller }) {
      const from = state.handle(handle, node);
      const to = state.handle(newHandle, newNode);
      if ((from.flags & O_ACCMODE) === O_WRONLY) throw new FsError("EBADF");
      if ((to.flags & O_ACCMODE) === O_RDONLY || (to.flags & O_APPEND) !== 0) throw new FsError("EBADF");
      const [source, target] = [requireFile(from.inode, "EINVAL"), requireFile(to.inode, "EINVAL")];
      const left = source.bytes.size - offset;
      const wanted = length < BigInt(limits.copyBytesMax) ? length : BigInt(limits.copyBytesMax);
      const size = left <= 0n ? 0n : left < wanted ? left : wanted;
      // What lies past the source's end overlaps with nothing (generic_copy_file_checks in the kernel's fs/read_write.c).
      if (source === target && offset < newOffset + size && newOffset < offset + size) throw new FsError("EINVAL");
      if (newOffset + size > fileBytesMax) throw new FsError("EFBIG");
      if (size === 0n) return { size: 0 };
      if ((from.flags & O_NOATIME) === 0) source.atime = state.now();
      target.bytes.write(newOffset, source.bytes.read(offset, Number(size)));
      touchContents(target, caller, state.now());
      return { size: Number(size) };
    },
  };
}

function requireFile(inode: Inode, code: "EINVAL" | "ENODEV"): FileInode {
  if (inode.kind !== "file") throw new FsError(code);
  return inode;
}
