import { callers } from "@kedgefs/conformance";

/** What the callers of scripts are, for Python. */
const identities = JSON.stringify(callers);

/**
 * Python for a program that makes the calls of scripts (packages/conformance/src/two-clients) by system calls below a folder, and
 * answers each with an Outcome whose large numbers are text.
 */
export const scriptPlayerVocabulary = `
import ctypes, errno, hashlib, json, stat
libc = ctypes.CDLL(None, use_errno=True)
identities = json.loads('${identities}')
slots = {}

def checked(result):
    if result < 0: raise OSError(ctypes.get_errno(), "")

def digest(data):
    return f"{len(data)} bytes {hashlib.sha256(data).hexdigest()[:12]}"

def seen(found):
    size = None if stat.S_ISDIR(found.st_mode) else str(found.st_size)
    told = {"ino": str(found.st_ino), "mode": found.st_mode, "nlink": found.st_nlink, "uid": found.st_uid, "gid": found.st_gid}
    return {"seen": {**told, "size": size, "mtimeNs": str(found.st_mtime_ns), "ctimeNs": str(found.st_ctime_ns)}}

def refuse_directory(fd):
    if stat.S_ISDIR(os.fstat(fd).st_mode):
        os.close(fd)
        raise OSError(errno.EISDIR, "")

def open_directory(path):
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)

def listed(fd):
    with os.scandir(fd) as entries:
        return {"value": sorted(each.name + ("/" if each.is_dir(follow_symlinks=False) else "@" if each.is_symlink() else "") for each in entries)}

def read_file(path):
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    refuse_directory(fd)
    try:
        parts = []
        while parts[-1:] != [b""]: parts.append(os.read(fd, 1 << 18))
        return {"value": digest(b"".join(parts))}
    finally: os.close(fd)

def list_directory(path):
    fd = open_directory(path)
    try: return listed(fd)
    finally: os.close(fd)

def keep(slot, fd, is_directory):
    before = slots.get(slot)
    slots[slot] = (fd, is_directory)
    if before: os.close(before[0])

def set_times(path, sec):
    if sec == "now": os.utime(path, follow_symlinks=False)
    else: os.utime(path, ns=(sec * 10**9 + 7,) * 2, follow_symlinks=False)

def rename(path, new_path, flags):
    checked(libc.renameat2(-100, os.fsencode(path), -100, os.fsencode(new_path), flags))

def allocate(fd, mode, at, size):
    checked(libc.fallocate(fd, mode, ctypes.c_int64(at), ctypes.c_int64(size)))

def open_file(slot, path, flags, mode):
    fd = os.open(path, flags | os.O_NOFOLLOW, mode)
    if flags & (os.O_ACCMODE | os.O_CREAT) == 0: refuse_directory(fd)
    keep(slot, fd, False)

of_paths = {
    "stat": lambda at, step: seen(os.lstat(at)),
    "list": lambda at, step: list_directory(at),
    "readFile": lambda at, step: read_file(at),
    "readlink": lambda at, step: {"value": os.readlink(at)},
    "unlink": lambda at, step: os.unlink(at),
    "rmdir": lambda at, step: os.rmdir(at),
    "symlink": lambda at, step: os.symlink("nowhere", at),
    "mkdir": lambda at, step: os.mkdir(at, step["mode"]),
    "chmod": lambda at, step: os.chmod(at, step["mode"]),
    "chown": lambda at, step: os.lchown(at, step["uid"], step["gid"]),
    "truncate": lambda at, step: os.truncate(at, step["size"]),
    "utimens": lambda at, step: set_times(at, step["sec"]),
    "rename": lambda at, step: rename(at, step["newAt"], step["flags"]),
    "link": lambda at, step: os.link(at, step["newAt"], follow_symlinks=False),
    "getxattr": lambda at, step: {"value": digest(os.getxattr(at, step["name"]))},
    "setxattr": lambda at, step: os.setxattr(at, step["name"], bytes([step["fill"]]) * step["size"], step["flags"]),
    "removexattr": lambda at, step: os.removexattr(at, step["name"]),
    "listxattr": lambda at, step: {"value": sorted(name for name in os.listxattr(at) if name.startswith("user."))},
    "open": lambda at, step: open_file(step["slot"], at, step["flags"], step["mode"]),
    "opendir": lambda at, step: keep(step["slot"], open_directory(at), True),
}
of_slots = {
    "fstat": lambda fd, step: seen(os.fstat(fd)),
    "fchmod": lambda fd, step: os.fchmod(fd, step["mode"]),
    "fsync": lambda fd, step: os.fsync(fd),
    "close": lambda fd, step: (slots.pop(step["slot"]), os.close(fd))[1],
}
of_directories = {"listHandle": lambda fd, step: listed(fd)}
of_files = {
    "ftruncate": lambda fd, step: os.ftruncate(fd, step["size"]),
    "read": lambda fd, step: {"value": digest(os.pread(fd, step["size"], step["at"]))},
    "write": lambda fd, step: {"value": os.pwrite(fd, bytes([step["fill"]]) * step["size"], step["at"])},
    "fallocate": lambda fd, step: allocate(fd, step["mode"], step["at"], step["size"]),
    "seek": lambda fd, step: {"value": os.lseek(fd, step["at"], step["whence"])},
    "copy": lambda fd, step: copy(fd, step),
}

def copy(fd, step):
    if step["newSlot"] not in slots: return {"value": "nothing is open"}
    to, is_directory = slots[step["newSlot"]]
    if is_directory: return {"value": "a directory is open"}
    return {"value": os.copy_file_range(fd, to, step["size"], step["at"], step["newAt"])}

def make(folder, step):
    call, under = step["call"], lambda path: f"{folder}/{path}" if path else folder
    if call in of_paths:
        if "newPath" in step: step = {**step, "newAt": under(step["newPath"])}
        return of_paths[call](under(step["path"]), step)
    if step["slot"] not in slots: return {"value": "nothing is open"}
    fd, is_directory = slots[step["slot"]]
    if call in of_slots: return of_slots[call](fd, step)
    if is_directory and call in of_files: return {"value": "a directory is open"}
    if not is_directory and call in of_directories: return {"value": "a file is open"}
    return {**of_files, **of_directories}[call](fd, step)

def perform(folder, text):
    step = json.loads(text)
    who = identities[step["as"]]
    os.umask(0)
    try:
        # The identity of the file system follows the effective one (credentials(7)).
        os.setgroups(who["groups"]); os.setegid(who["gid"]); os.seteuid(who["uid"])
        return make(folder, step) or {}
    except OSError as error:
        name = errno.errorcode[error.errno]
        return {"error": "EOPNOTSUPP" if name == "ENOTSUP" else name}
    finally:
        os.seteuid(0); os.setegid(0); os.setgroups([])

def close_all():
    for fd, _ in slots.values(): os.close(fd)
    slots.clear()
`;
