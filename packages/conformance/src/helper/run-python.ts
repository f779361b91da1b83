import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Longest time of one program, milliseconds. */
const programMsMax = 45_000;

const before = `
import ctypes, errno, fcntl, json, mmap, os, resource, select, signal, stat, struct, subprocess, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.lseek.restype = ctypes.c_long
def code(number):
    return "EOPNOTSUPP" if number == errno.EOPNOTSUPP else errno.errorcode[number]
def attempt(call):
    try: return call()
    except OSError as error: return code(error.errno)
def put(name, data=b""):
    with open(name, "wb") as file: file.write(data)
def get(name):
    with open(name, "rb") as file: return file.read().decode("latin-1")
def child(call):
    """The exit status of another process that makes a call."""
    pid = os.fork()
    if pid == 0:
        try: os._exit(call() or 0)
        except BaseException: os._exit(99)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
`;

/** Runs a program with python3 in a directory, and returns what it leaves in `answer`, as JSON has it. */
export async function runPython(cwd: string, program: string): Promise<unknown> {
  const lines = program.replace(/^\n/, "").split("\n");
  const indent = /^ */.exec(lines[0] ?? "")?.[0].length ?? 0;
  const body = lines.map((line) => line.slice(indent)).join("\n");
  const { stdout } = await run("python3", ["-c", `${before}\n${body}\nprint(json.dumps(answer))`], {
    cwd,
    timeout: programMsMax,
    killSignal: "SIGKILL",
  });
  return JSON.parse(stdout);
}

/** Whether this machine has it. */
export async function hasPython(): Promise<boolean> {
  return run("python3", ["-c", "pass"]).then(
    () => true,
    () => false,
  );
}
