import { inspect } from "node:util";

export interface Failure {
  /** Names of the suites and of the test, outermost first. */
  readonly name: string;
  readonly detail: string;
}

export interface Skip {
  readonly name: string;
  readonly reason: string;
}

export interface FileResult {
  readonly file: string;
  readonly passed: number;
  readonly failures: readonly Failure[];
  readonly skips: readonly Skip[];
  /** The end of what the file printed. */
  readonly output: string;
  readonly durationMs: number;
}

/** What is used of the events of node:test's run(); its own types leave out the ids by which a test finds its parent. */
export interface TestEventData {
  readonly name: string;
  readonly testId?: number;
  readonly parentId?: number;
  readonly file?: string;
  readonly line?: number;
  /** Set on events that the test file sent; absent on those about the file as a whole. */
  readonly entryFile?: string;
  readonly skip?: string | boolean;
  readonly todo?: string | boolean;
  readonly details?: { readonly type?: string; readonly error?: Error };
}

const outputCharsMax = 40_000;

/** Adds up the events of one test file. Suites and tests that have tests within are not counted: their tests are. */
export class FileTally {
  passed = 0;
  readonly failures: Failure[] = [];
  readonly skips: Skip[] = [];
  output = "";
  #nodes = new Map<number, { name: string; parent: number | undefined; running: boolean }>();
  #parents = new Set<number>();

  print(text: string): void {
    this.output = (this.output + text).slice(-outputCharsMax);
  }

  started(data: TestEventData): void {
    if (data.entryFile === undefined || data.testId === undefined) return;
    this.#nodes.set(data.testId, { name: data.name, parent: data.parentId, running: true });
    if (data.parentId !== undefined) this.#parents.add(data.parentId);
  }

  completed(data: TestEventData): void {
    const node = this.#nodes.get(data.testId ?? -1);
    if (node !== undefined && data.entryFile !== undefined) node.running = false;
  }

  finished(data: TestEventData, ok: boolean): void {
    if (data.entryFile === undefined) {
      this.#fileFinished(data, ok);
      return;
    }
    const name = this.#fullName(data);
    if (data.skip === true || data.skip === "") {
      this.failures.push({ name, detail: "It was skipped without saying what it lacks: give skip a reason." });
    } else if (data.skip) {
      this.skips.push({ name, reason: String(data.skip) });
    } else if (data.todo) {
      this.skips.push({ name, reason: data.todo === true ? "to do" : `to do: ${data.todo}` });
    } else if (!ok && !isOfSubtests(data.details?.error)) {
      this.failures.push({ name, detail: describeError(data) });
    } else if (ok && data.details?.type !== "suite" && !this.#parents.has(data.testId ?? -1)) {
      this.passed++;
    }
  }

  fail(name: string, detail: string): void {
    this.failures.push({ name, detail });
  }

  /** Tests that were begun and not ended, the innermost of each line of descent. */
  runningTests(): string[] {
    const running = [...this.#nodes].filter(([id, node]) => node.running && !this.#hasRunningChild(id));
    return running.map(([testId, node]) => this.#fullName({ name: node.name, testId }));
  }

  #fileFinished(data: TestEventData, ok: boolean): void {
    if (!ok) this.fail("the file as a whole", describeError(data));
    else if (this.#nodes.size === 0) this.fail("the file as a whole", "It holds no test.");
  }

  #hasRunningChild(id: number): boolean {
    return [...this.#nodes.values()].some((node) => node.parent === id && node.running);
  }

  #fullName(data: Pick<TestEventData, "name" | "testId">): string {
    const names = [data.name];
    let parent = this.#nodes.get(data.testId ?? -1)?.parent;
    while (parent !== undefined) {
      const node = this.#nodes.get(parent);
      if (node === undefined) break;
      names.unshift(node.name);
      parent = node.parent;
    }
    return names.join(" > ");
  }
}

function isOfSubtests(error: Error | undefined): boolean {
  return (error as { failureType?: unknown } | undefined)?.failureType === "subtestsFailed";
}

function describeError(data: TestEventData): string {
  const error = data.details?.error;
  // The runner wraps what was thrown; the wrapper's stack is the runner's own.
  const text = describeThrown(error?.cause ?? error?.message);
  return data.line === undefined ? text : `${data.file}:${data.line}\n${text}`;
}

function describeThrown(thrown: unknown): string {
  if (!(thrown instanceof Error)) return typeof thrown === "string" ? thrown : inspect(thrown, { depth: 4 });
  const { code, hint, cause } = thrown as Error & { code?: unknown; hint?: unknown };
  const lines = [(thrown.stack ?? String(thrown)).replace(/\n\s+at [^\n]*\(?node:internal[^\n]*/g, "")];
  // An assertion's own fields repeat its message.
  if (code !== undefined && code !== "ERR_ASSERTION") lines.push(`code: ${String(code)}`);
  if (hint !== undefined) lines.push(`hint: ${String(hint)}`);
  if (cause !== undefined) lines.push(`caused by: ${describeThrown(cause)}`);
  return lines.join("\n");
}
