import { Python } from "./python.ts";

/** What the programs of tests of locks have at hand, for the file that is open as `fd`. */
const prelude = `
import errno, fcntl, signal, struct
R, W, U, WAIT = fcntl.F_RDLCK, fcntl.F_WRLCK, fcntl.F_UNLCK, fcntl.F_SETLKW
SH, EX, UN, NB = fcntl.LOCK_SH, fcntl.LOCK_EX, fcntl.LOCK_UN, fcntl.LOCK_NB

def setlk(type, start=0, length=0, command=fcntl.F_SETLK, on=None):
    fcntl.fcntl(fd if on is None else on, command, struct.pack("hhqqi4x", type, 0, start, length, 0))

def getlk(type, start=0, length=0, command=fcntl.F_GETLK):
    answer = fcntl.fcntl(fd, command, struct.pack("hhqqi4x", type, 0, start, length, 0))
    type, _, start, length, pid = struct.unpack("hhqqi4x", answer)
    return None if type == U else ["W" if type == W else "R", start, length, pid]

def flock(operation, on=None):
    fcntl.flock(fd if on is None else on, operation)

OFD_SETLK, OFD_WAIT, OFD_GETLK = 37, 38, 36

def another(flags=os.O_RDWR):
    return os.open(path, flags)

def forked(call):
    """What a call returns, or the name of its errno, in a child of this process."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            answer = repr(call())
        except OSError as error:
            answer = errno.errorcode[error.errno]
        os.write(writing, answer.encode())
        os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    answer = os.read(reading, 1000).decode()
    os.close(reading)
    return answer

def reopen():
    global fd
    os.close(fd)
    fd = os.open(path, os.O_RDWR)

class Alarm(Exception):
    pass

def alarmed(call, seconds=0.3):
    def ring(*_):
        raise Alarm
    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        call()
    except Alarm:
        return "alarm"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)

def count_up(rounds):
    for _ in range(rounds):
        setlk(W, 1 << 40, 1, WAIT)
        value = int(os.pread(fd, 20, 0))
        os.pwrite(fd, str(value + 1).encode(), 0)
        setlk(U, 1 << 40, 1)

def connection():
    import sqlite3
    return sqlite3.connect(path, timeout=60, isolation_level=None)

def make_table():
    connection().execute("create table entries (id integer primary key, text)")

def insert(rounds):
    database = connection()
    for round in range(rounds):
        database.execute("begin immediate")
        database.execute("insert into entries (text) values (?)", ("x" * 500,))
        database.execute("commit")

def check_table():
    database = connection()
    return [database.execute("pragma integrity_check").fetchone()[0], database.execute("select count(*) from entries").fetchone()[0]]
`;

/** A call that is under way. */
export interface Begun {
  readonly done: Promise<unknown>;
  /** "waits", unless it ends within this time. */
  within(timeMs: number): Promise<unknown>;
}

/** A program with a file open for reading and writing, that locks it as a test says. */
export class Locker implements AsyncDisposable {
  readonly #program: Python;
  readonly #path: string;

  private constructor(program: Python, path: string) {
    this.#program = program;
    this.#path = path;
  }

  /** `flags`: as Python has them. */
  static async open(path: string, flags = "os.O_RDWR"): Promise<Locker> {
    const program = new Python();
    try {
      await program.run(`${prelude}\npath = ${JSON.stringify(path)}\nfd = os.open(path, ${flags})`);
    } catch (error) {
      await program[Symbol.asyncDispose]();
      throw error;
    }
    return new Locker(program, path);
  }

  /** Programs on several files, or several on one. */
  static async openAll(paths: readonly string[]): Promise<{ readonly all: readonly Locker[] } & AsyncDisposable> {
    const stack = new AsyncDisposableStack();
    const all = await Promise.all(paths.map(async (path) => stack.use(await Locker.open(path))));
    return { all, [Symbol.asyncDispose]: () => stack.disposeAsync() };
  }

  run(code: string): Promise<unknown> {
    return this.#program.run(code);
  }

  /** Runs it in another program on the same file, while a call of this one may be under way. */
  async runBeside(code: string): Promise<unknown> {
    await using beside = await Locker.open(this.#path);
    return await beside.run(code);
  }

  /** Runs it again and again until what is in the way is gone. */
  async runWhenFree(code: string): Promise<void> {
    for (;;) {
      try {
        await this.run(code);
        return;
      } catch (error) {
        if ((error as { code?: string }).code !== "EAGAIN") throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  begin(code: string): Begun {
    const done = this.run(code);
    const within = async (timeMs: number): Promise<unknown> => {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise((resolve) => {
        timer = setTimeout(() => resolve("waits"), timeMs);
      });
      try {
        return await Promise.race([done, late]);
      } finally {
        clearTimeout(timer);
      }
    };
    return { done, within };
  }

  async end(): Promise<void> {
    await this.#program[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }
}
