import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/**
 * Runs each line of JSON that it reads as Python, and answers with one: the value of an expression, or the name of the errno.
 * What a line assigns is there for the lines after it.
 */
const loop = `
import sys, json, os, errno, mmap
space = {"os": os, "mmap": mmap}
text = lambda value: value.decode("latin-1") if isinstance(value, bytes) else repr(value)
for line in sys.stdin:
    code = json.loads(line)
    try:
        try:
            answer = {"value": eval(compile(code, "test", "eval"), space)}
        except SyntaxError:
            exec(compile(code, "test", "exec"), space)
            answer = {"value": None}
    except OSError as error:
        answer = {"errno": errno.errorcode.get(error.errno, str(error.errno)), "text": str(error)}
    except Exception as error:
        answer = {"text": repr(error)}
    print(json.dumps(answer, default=text), flush=True)
`;

interface Answer {
  readonly value?: unknown;
  readonly errno?: string;
  readonly text?: string;
}

/** A program that holds files open for a test. Calls are made one after the other. */
export class Python implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor() {
    this.#child = spawn("python3", ["-I", "-S", "-c", loop], { stdio: ["pipe", "pipe", "inherit"] });
    if (this.#child.stdout === null) throw new Error("no output of python3");
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /**
   * The value of an expression, bytes as latin-1 text; null for statements. An OSError rejects with its errno's name as `code`.
   */
  async run(code: string, timeoutMs = 60_000): Promise<unknown> {
    this.#child.stdin?.write(`${JSON.stringify(code)}\n`);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no end after ${timeoutMs} ms: ${code}`)), timeoutMs);
    });
    try {
      const next = await Promise.race([this.#lines.next(), late]);
      if (next.done) throw new Error("python3 ended");
      const { value, errno, text } = JSON.parse(next.value) as Answer;
      if (text !== undefined) throw Object.assign(new Error(`${code}: ${text}`), { code: errno });
      return value;
    } finally {
      clearTimeout(timer);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    // It may be waiting on a mount, which ends after it.
    await Promise.race([gone, new Promise((resolve) => setTimeout(resolve, 2_000).unref())]);
  }
}
