/**
 * Python for a program that judges what two mounts show of one directory. It stands in the exported directory itself, where the
 * truth is, and has programs on the mounts, which it tells over pipes what to call: so an answer is asked for within
 * microseconds of the end of the call that it is about.
 */
export const refereeVocabulary = `
import errno, json, random, shutil, struct, time

class Program:
    """Evaluates what it is told, with a folder as its working directory, as a user. Its answer is a value, or the name of an errno."""
    def __init__(self, folder, uid=0):
        (asked, ask), (answers, answer) = os.pipe(), os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.close(ask); os.close(answers)
                os.chdir(folder)
                if uid: os.setgroups([]); os.setresgid(uid, uid, uid); os.setresuid(uid, uid, uid)
                with os.fdopen(asked) as lines, os.fdopen(answer, "w") as out:
                    for line in lines: print(json.dumps(attempt(eval, line, globals()), default=repr), file=out, flush=True)
            finally:
                os._exit(0)
        os.close(asked); os.close(answer)
        self.ask, self.answers = os.fdopen(ask, "w"), os.fdopen(answers)
    def begin(self, call):
        print(call, file=self.ask, flush=True)
    def end(self):
        return json.loads(self.answers.readline())
    def __call__(self, call):
        self.begin(call)
        return self.end()

def attempt(call, *args):
    try: return call(*args)
    except OSError as error: return errno.errorcode[error.errno]
    except Exception as error: return repr(error)

# What can be asked of a directory, each question by other system calls.
fields = ["mode", "ino", "nlink", "uid", "gid", "size", "mtime_ns", "ctime_ns"]
def facts(found):
    return [getattr(found, "st_" + field) for field in fields]
def content(name):
    fd = os.open(name, os.O_RDONLY)
    try: return os.read(fd, 1 << 16).decode("latin-1")
    finally: os.close(fd)
def by_listing(at):
    return {name: facts(os.lstat(f"{at}/{name}")) for name in sorted(os.listdir(at))}
def by_scan(at):
    with os.scandir(at) as entries:
        return {each.name: facts(each.stat(follow_symlinks=False)) for each in sorted(entries, key=lambda each: each.name)}
def by_reading(at):
    told = {}
    for name in sorted(os.listdir(at)):
        path = f"{at}/{name}"
        kind = os.lstat(path).st_mode >> 12
        told[name] = os.readlink(path) if kind == 10 else sorted(os.listdir(path)) if kind == 4 else content(path)
    return told
def by_name(at):
    return {name: attempt(lambda: facts(os.lstat(f"{at}/{name}"))) for name in known}
def by_opening(at):
    return {name: attempt(content, f"{at}/{name}") for name in known}
def by_handle(at):
    return {name: [os.pread(fd, 1 << 16, 0).decode("latin-1"), facts(os.fstat(fd))] for name, fd in held.items()}
def by_itself(at):
    return facts(os.stat(at))
questions = [by_listing, by_handle, by_name, by_scan, by_itself, by_opening, by_reading]
known = ["a", "b", "c", "d", "d/a", "d/b", "e", "e/b", "l"]
held = {}

def view(at, asked):
    return {questions[each % len(questions)].__name__: attempt(questions[each % len(questions)], at) for each in asked}
def hold(at, flags=os.O_RDWR):
    """Opens what there is of two files, and closes what was open."""
    for fd in held.values(): os.close(fd)
    held.clear()
    for name in ["a", "b"]:
        try: held[name] = os.open(f"{at}/{name}", flags)
        except FileNotFoundError: pass

# Changes. n is another number each time.
def put(name, text, flags=os.O_TRUNC):
    fd = os.open(name, os.O_WRONLY | os.O_CREAT | flags, 0o644)
    try: os.write(fd, text.encode())
    finally: os.close(fd)
def calm(name):
    """No read moves the access time from here on, so that its content may go with the answer to an open."""
    os.utime(name, ns=(time.time_ns() + 3600 * 10**9, 10**9))
def remove(name):
    if os.path.lexists(name): os.unlink(name)
def write(at, n):
    if "a" in held and n % 3 == 0: os.pwrite(held["a"], b"held %d" % n, 0)
    else: put(f"{at}/{'ab'[n % 2]}", f"written {n}", 0 if n % 3 == 1 else os.O_TRUNC)
def append(at, n):
    put(f"{at}/a", f"+{n}", os.O_APPEND)
def truncate(at, n):
    if "a" in held and n % 2: os.ftruncate(held["a"], n % 50)
    else: os.truncate(f"{at}/a", n * 7 % 60)
def utimes(at, n):
    os.utime(f"{at}/{'abd'[n % 3]}", ns=(10**9 + n, 2 * 10**9 + n))
def chmod(at, n):
    os.chmod(f"{at}/{'abd'[n % 3]}", 0o600 + n % 0o100)
def chown(at, n):
    os.chown(f"{at}/{'abd'[n % 3]}", n % 1000, n % 77)
def create(at, n):
    remove(f"{at}/c")
    put(f"{at}/c", f"created {n}", os.O_EXCL)
def unlink(at, n):
    put(f"{at}/c", f"to go {n}")
    os.unlink(f"{at}/c")
    if n % 5 == 0: remove(f"{at}/b")
    elif n % 5 == 1: put(f"{at}/b", f"again {n}")
def rename_over(at, n):
    put(f"{at}/c", f"renamed {n}")
    os.rename(f"{at}/c", f"{at}/{'ab'[n % 2]}")
def rename_between(at, n):
    os.makedirs(f"{at}/d", exist_ok=True)
    put(f"{at}/c", f"moved {n}")
    os.rename(f"{at}/c", f"{at}/d/a")
    if n % 2: os.rename(f"{at}/d/a", f"{at}/c")
def rename_directory(at, n):
    os.rename(*(f"{at}/{name}" for name in ("de" if os.path.isdir(f"{at}/d") else "ed")))
def mkdir(at, n):
    shutil.rmtree(f"{at}/e", ignore_errors=True)
    os.mkdir(f"{at}/e", 0o700 + n % 8)
def rmdir(at, n):
    shutil.rmtree(f"{at}/e", ignore_errors=True)
    os.mkdir(f"{at}/e")
    os.rmdir(f"{at}/e")
def link(at, n):
    remove(f"{at}/c")
    os.link(f"{at}/a", f"{at}/c")
def symlink(at, n):
    remove(f"{at}/l")
    os.symlink(f"target {n}", f"{at}/l")
def msync(at, n):
    fd = os.open(f"{at}/a", os.O_RDWR)
    if os.fstat(fd).st_size < 64: os.ftruncate(fd, 64)
    with mmap.mmap(fd, 64) as memory:
        memory[n % 60:n % 60 + 4] = b"%04d" % n
        memory.flush()
    os.close(fd)
changes = [write, append, truncate, utimes, chmod, chown, create, unlink, rename_over, rename_between, rename_directory, mkdir,
    rmdir, link, symlink, msync]
# None of these takes away what is open: a server that was killed has lost it.
lasting = [write, append, truncate, utimes, chmod, create, rename_between, mkdir, link, symlink]
def anything(at, n):
    attempt(random.Random(n).choice(changes), at, n)
def anything_lasting(at, n):
    attempt(random.Random(n).choice(lasting), at, n)
def anything_told(at, n):
    attempt(random.Random(n).choice([each for each in changes if each is not msync]), at, n)

def lay_out(at):
    os.makedirs(f"{at}/d")
    for name, text in [("a", "a" * 9000), ("b", "b"), ("d/b", "below")]: put(f"{at}/{name}", text)
def look_on(at, seconds):
    """Asks everything again and again, whatever comes of it, so that leases are held and recalls meet answers on their way."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for each in questions:
            attempt(each, at)
            time.sleep(0.001)

def untrue(told, asked, at):
    true = json.loads(json.dumps(view(at, asked)))
    return [f"{question}: {told[question]} instead of {true[question]}" for question in true if told[question] != true[question]]
def take_turns(change, count, at, programs):
    """One makes a change, and right after it the other, then it itself, is asked; then the other way round. Returns what was not true."""
    wrong = []
    for n in range(count):
        if n % 25 == 0:
            for program in programs: program(f"hold('{at}')")
            hold(at)
        maker, other = programs if n % 2 else reversed(programs)
        made = maker(f"{change}('{at}', {n})")
        if made is not None: wrong.append(f"{n}: {made}")
        for who, asking, asked in [("the other", other, [n // 2, n // 2 + 3]), ("itself", maker, [n // 2 + 5])]:
            told = asking(f"view('{at}', {asked})")
            wrong += [f"{n}, {who}: {each}" for each in untrue(told, asked, at)]
        if len(wrong) > 5: break
    return wrong

def until_true(ask, seconds):
    """Asks until nothing is wrong. Returns what is, by then."""
    end = time.monotonic() + seconds
    while True:
        wrong = ask()
        if not wrong or time.monotonic() > end: return wrong
def seen_within(seconds, at, programs):
    everything = list(range(len(questions)))
    return until_true(lambda: [each for program in programs for each in untrue(program(f"view('{at}', {everything})"), everything, at)], seconds)
def change_here(count, at, programs):
    """Changes on the storage host: those of content are there for who opens the file, all others a moment later."""
    wrong = []
    for program in programs: program(f"hold('{at}')")
    hold(at)
    for n in range(count):
        put(f"{at}/a", f"here {n}", [os.O_TRUNC, os.O_APPEND, 0][n % 3])
        if n % 2: calm(f"{at}/a")
        for program in programs:
            told = program(f"content('{at}/a')")
            if told != content(f"{at}/a"): wrong.append(f"{n}, opened: {told} instead of {content(f'{at}/a')}")
        anything_told(at, n)
        wrong += [f"{n}, after a second: {each}" for each in seen_within(1, at, programs)]
        if len(wrong) > 5: break
    return wrong

# Registers: a number that one program counts up, and others read. What they read was there when they began to, or came since.
counted = mmap.mmap(-1, 16)
def count_to(n):
    struct.pack_into("q", counted, 0, n)
def count_now():
    return struct.unpack_from("q", counted, 0)[0]
def is_over():
    return struct.unpack_from("q", counted, 8)[0]
def set_over(value):
    struct.pack_into("q", counted, 8, value)

def overwritten(at):
    fd = os.open(f"{at}/a", os.O_RDWR)
    return (lambda n: os.pwrite(fd, b"%08d" % n, 0)), (lambda: int(os.pread(fd, 8, 0)))
def put_back(at):
    fd = os.open(f"{at}/a", os.O_RDWR)
    def change(n): os.pwrite(fd, b"%08d" % n, 0); os.utime(fd, ns=(10**9, 10**9))
    return change, (lambda: int(os.pread(fd, 8, 0)))
def appended(at):
    fd = os.open(f"{at}/a", os.O_RDWR | os.O_APPEND)
    return (lambda n: os.write(fd, b"%08d" % n)), (lambda: os.lseek(fd, 0, os.SEEK_END) // 8 - 1)
def followed(at):
    fd = os.open(f"{at}/a", os.O_RDWR | os.O_APPEND)
    seen = [0]
    def see():
        while (more := len(os.pread(fd, 1 << 16, seen[0]))) > 0: seen[0] += more
        return seen[0] // 8 - 1
    return (lambda n: os.write(fd, b"%08d" % n)), see
def opened(at):
    path = f"{at}/a"
    fd = os.open(path, os.O_RDWR)
    calm(path)
    def see():
        reader = os.open(path, os.O_RDONLY)
        try:
            time.sleep(random.random() * 0.002)
            n = count_now()
            seen = int(os.pread(reader, 8, 0))
            return seen if seen >= n else -1
        finally: os.close(reader)
    return (lambda n: os.pwrite(fd, b"%08d" % n, 0)), see
def dated(at):
    return (lambda n: os.utime(f"{at}/a", ns=(n, n))), (lambda: os.stat(f"{at}/a").st_mtime_ns)
def linked(at):
    return (lambda n: os.link(f"{at}/a", f"{at}/d/{n}")), (lambda: os.stat(f"{at}/a").st_nlink - 1)
def made(at):
    return (lambda n: os.mkdir(f"{at}/d/{n}")), (lambda: os.stat(f"{at}/d").st_nlink - 2)
def listed(at):
    return (lambda n: os.rename(f"{at}/d/{n - 1}", f"{at}/d/{n}") if n > 1 else put(f"{at}/d/1", "")), (
        lambda: max(map(int, os.listdir(f"{at}/d")), default=0))
def found(at):
    def see():
        n = count_now()
        while os.path.exists(f"{at}/d/{n + 1}"): n += 1
        return n if n == 0 or os.path.exists(f"{at}/d/{n}") else -1
    return (lambda n: put(f"{at}/d/{n}", "")), see
registers = [overwritten, put_back, appended, followed, opened, dated, linked, made, listed, found]

def count_up(register, at, seconds):
    change, _ = register(at)
    n, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        n += 1
        change(n)
        count_to(n)
        if n % 7 == 0: time.sleep(0.0005)
    set_over(1)
def read_along(register, at):
    _, see = register(at)
    wrong = []
    while not is_over() and len(wrong) < 3:
        n = count_now()
        if (seen := see()) < n: wrong.append(f"{seen} after {n}")
        time.sleep(0.0003)
    return wrong
def count_and_read(register, at, maker, readers, seconds):
    os.makedirs(f"{at}/d")
    put(f"{at}/a", "%08d" % 0)
    count_to(0); set_over(0)
    for each in readers: each.begin(f"read_along({register}, '{at}')")
    maker.begin(f"count_up({register}, '{at}', {seconds})")
    made = maker.end()
    set_over(1)
    return [each for each in [made] if each is not None] + [each for reader in readers for each in reader.end()]

def longest(call, at, seconds):
    """The longest that one of many calls took, seconds."""
    fd = os.open(f"{at}/a", os.O_RDWR)
    calls = {
        "write": lambda n: os.pwrite(fd, b"%08d" % n, n * 8 % 4096),
        "read": lambda n: os.pread(fd, 4096, 0),
        "fstat": lambda n: os.fstat(fd),
        "utime": lambda n: os.utime(fd, ns=(10**9, 10**9)),
    }
    most, n, end = 0, 0, time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.monotonic()
        calls[call](n)
        most = max(most, time.monotonic() - began)
        n += 1
        time.sleep(0.001)
    return most
`;
