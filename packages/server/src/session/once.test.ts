import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import {
  type AnyOperation,
  CallContext,
  type FileSystem,
  type NodeId,
  rootCaller,
  rootContext,
  silentLogger,
} from "@kedgefs/core";
import type { WireOperation, WireRequest } from "@kedgefs/rpc";
import { type Local, local } from "../local/local.ts";
import { Journal } from "../state/journal.ts";
import { openStateDirectory, type StateDirectory } from "../state/state-directory.ts";
import { OnceRunner } from "./once.ts";

const base = fs.mkdtempSync(join(tmpdir(), "kedge-once-"));
after(() => fs.rmSync(base, { recursive: true }));

/** Where the server dies. The journal and the disk are left as they are at that moment. */
type Death = "before intent" | "after intent" | "after call" | "after outcome";
const deaths: readonly Death[] = ["before intent", "after intent", "after call", "after outcome"];
class Killed extends Error {}

interface Life {
  readonly state: StateDirectory;
  readonly source: Local;
  readonly journal: Journal;
}

const session = "0123";
const name = (text: string): Buffer => Buffer.from(text);

function begin(dir: string): Life {
  const state = openStateDirectory(join(dir, "state"));
  const source = local({ path: join(dir, "data"), exportName: "x", state });
  const { journal } = Journal.open(state.pathOf("journal"), silentLogger);
  if (!journal.sessions.has(session)) journal.beginSession(session, "me", "x");
  return { state, source, journal };
}

function end({ state, source, journal }: Life): void {
  journal.close();
  source.close();
  state.close();
}

/** A journal whose writes, and a file system whose calls, stop at the moment of death. */
function runnerThatDies({ journal, source }: Life, death: Death | undefined): OnceRunner {
  const dying = Object.create(journal) as Journal;
  dying.intent = (...args) => {
    if (death === "before intent") throw new Killed();
    journal.intent(...args);
    if (death === "after intent") throw new Killed();
  };
  dying.outcome = (...args) => {
    if (death === "after call") throw new Killed();
    journal.outcome(...args);
    if (death === "after outcome") throw new Killed();
  };
  dying.flush = () => journal.flush();
  Object.defineProperty(dying, "sessions", { get: () => journal.sessions });
  return new OnceRunner(session, dying, source.fileSystem, (request, context) =>
    (source.fileSystem[request.operation as keyof FileSystem] as AnyOperation).call(
      source.fileSystem,
      request.body as never,
      context,
    ),
  );
}

interface Scene {
  readonly operation: WireOperation;
  prepare(data: string): void;
  body(root: NodeId, lookup: (text: string) => Promise<NodeId>): Promise<object> | object;
  /** The directory as `ls` shows it after exactly one run. */
  readonly expected: readonly string[];
  readonly code?: string;
}

const touch = (data: string, ...names: string[]): void => {
  for (const each of names) fs.writeFileSync(join(data, each), each);
};

const scenes: Record<string, Scene> = {
  mkdir: {
    operation: "mkdir",
    prepare() {},
    body: (parent) => ({ parent, name: name("d"), mode: 0o755 }),
    expected: ["d"],
  },
  "mkdir of what exists": {
    operation: "mkdir",
    prepare: (data) => fs.mkdirSync(join(data, "d")),
    body: (parent) => ({ parent, name: name("d"), mode: 0o755 }),
    expected: ["d"],
    code: "EEXIST",
  },
  mknod: {
    operation: "mknod",
    prepare() {},
    body: (parent) => ({ parent, name: name("p"), mode: 0o010644, rdev: 0 }),
    expected: ["p"],
  },
  symlink: {
    operation: "symlink",
    prepare() {},
    body: (parent) => ({ parent, name: name("s"), target: name("t") }),
    expected: ["s"],
  },
  unlink: {
    operation: "unlink",
    prepare: (data) => touch(data, "a", "b"),
    body: (parent) => ({ parent, name: name("a") }),
    expected: ["b"],
  },
  "unlink of nothing": {
    operation: "unlink",
    prepare: (data) => touch(data, "b"),
    body: (parent) => ({ parent, name: name("a") }),
    expected: ["b"],
    code: "ENOENT",
  },
  rmdir: {
    operation: "rmdir",
    prepare: (data) => fs.mkdirSync(join(data, "d")),
    body: (parent) => ({ parent, name: name("d") }),
    expected: [],
  },
  "rename over a file": {
    operation: "rename",
    prepare: (data) => touch(data, "a", "b"),
    body: (parent) => ({ parent, name: name("a"), newParent: parent, newName: name("b"), flags: 0 }),
    expected: ["b"],
  },
  "rename that exchanges": {
    operation: "rename",
    prepare: (data) => touch(data, "a", "b"),
    body: (parent) => ({ parent, name: name("a"), newParent: parent, newName: name("b"), flags: 2 }),
    expected: ["a", "b"],
  },
  link: {
    operation: "link",
    prepare: (data) => touch(data, "a"),
    body: async (parent, lookup) => ({ node: await lookup("a"), newParent: parent, newName: name("l") }),
    expected: ["a", "l"],
  },
  "exclusive create": {
    operation: "create",
    prepare() {},
    body: (parent) => ({ parent, name: name("f"), mode: 0o400, flags: 0o2 | 0o100 | 0o200 }),
    expected: ["f"],
  },
};

describe("an operation that is asked again after the server died has run once", () => {
  for (const [what, scene] of Object.entries(scenes)) {
    for (const death of deaths) {
      test(`${what}, killed ${death}`, async () => {
        const dir = fs.mkdtempSync(join(base, "case-"));
        const data = join(dir, "data");
        fs.mkdirSync(data);
        scene.prepare(data);
        const first = begin(dir);
        const { node: root } = await first.source.fileSystem.root(rootContext());
        const lookup = async (text: string): Promise<NodeId> =>
          (await first.source.fileSystem.lookup({ parent: root, name: name(text) }, rootContext())).node;
        const request: WireRequest = {
          id: 7,
          caller: rootCaller,
          operation: scene.operation,
          body: await scene.body(root, lookup),
        };
        await assert.rejects(runnerThatDies(first, death).run(request, new CallContext(rootCaller)), Killed);
        const contentBefore = what.includes("exchange") ? undefined : fs.readdirSync(data);
        end(first);

        const second = begin(dir);
        const again = runnerThatDies(second, undefined).run(request, new CallContext(rootCaller));
        if (scene.code === undefined) {
          const reply = (await again) as { node?: NodeId; handle?: never };
          if (scene.operation === "create") {
            // The mode forbids writing; the handle that the answer carries allows it all the same.
            const { node, handle } = reply as { node: NodeId; handle: never };
            await second.source.fileSystem.write({ node, handle, offset: 0n, data: name("x") }, rootContext());
          }
        } else {
          await assert.rejects(again, { code: scene.code });
        }
        assert.deepEqual(fs.readdirSync(data), scene.expected, `before: ${contentBefore}`);
        if (what === "rename over a file") assert.equal(fs.readFileSync(join(data, "b"), "utf8"), "a");
        if (what === "rename that exchanges") assert.equal(fs.readFileSync(join(data, "a"), "utf8"), "b");

        // Asked a third time, in the same life: the answer of before.
        const third = runnerThatDies(second, undefined).run(request, new CallContext(rootCaller));
        if (scene.code === undefined) await third;
        else await assert.rejects(third, { code: scene.code });
        assert.deepEqual(fs.readdirSync(data), scene.expected);
        end(second);
      });
    }
  }
});

describe("an append that is asked again after the server died is made once", () => {
  for (const death of [...deaths, "in mid-call"] as const) {
    for (const others of ["", "of another"]) {
      test(`killed ${death}${others === "" ? "" : ", and another appended since"}`, async () => {
        const dir = fs.mkdtempSync(join(base, "append-"));
        const data = join(dir, "data");
        fs.mkdirSync(data);
        fs.writeFileSync(join(data, "log"), "one ");
        const first = begin(dir);
        const open = async ({ source: { fileSystem } }: Life): Promise<object> => {
          const { node: parent } = await fileSystem.root(rootContext());
          const { node } = await fileSystem.lookup({ parent, name: name("log") }, rootContext());
          const { handle } = await fileSystem.open({ node, flags: 0o1 | 0o2000 }, rootContext());
          return { node, handle, offset: 0n, data: name("two ") };
        };
        const request = { id: 7, caller: rootCaller, operation: "write" } as const;
        const dying = runnerThatDies(first, death === "in mid-call" ? "after call" : death);
        const body = await open(first);
        await assert.rejects(dying.run({ ...request, body }, new CallContext(rootCaller)), Killed);
        // The kernel ends a write that a kill interrupts at some page.
        if (death === "in mid-call") fs.truncateSync(join(data, "log"), 6);
        end(first);
        const torn = death === "in mid-call" && others !== "";
        if (others !== "") fs.appendFileSync(join(data, "log"), "else ");

        const second = begin(dir);
        const again = { ...request, body: await open(second) };
        for (let time = 0; time < 2; time++) {
          const reply = await runnerThatDies(second, undefined).run(again, new CallContext(rootCaller));
          assert.deepEqual(reply, { size: 4 });
        }
        const content = fs.readFileSync(join(data, "log"), "utf8");
        const whole = content.split(" ").sort().join(" ");
        // What was torn and then followed by another's data can't be mended; it is written whole after it.
        if (torn) assert.equal(content, "one twelse two ");
        else assert.equal(whole.trim(), others === "" ? "one two" : "else one two");
        end(second);
      });
    }
  }
});

test("an append that an error stopped in its midst is answered with what was appended, and so again after the server died", async () => {
  const dir = fs.mkdtempSync(join(base, "short-"));
  fs.mkdirSync(join(dir, "data"));
  fs.writeFileSync(join(dir, "data", "log"), "one ");
  const first = begin(dir);
  const { node: parent } = await first.source.fileSystem.root(rootContext());
  const { node } = await first.source.fileSystem.lookup({ parent, name: name("log") }, rootContext());
  const body = { node, handle: 1, offset: 0n, data: name("two three") };
  const request: WireRequest = { id: 7, caller: rootCaller, operation: "write", body };
  const full = new OnceRunner(session, first.journal, first.source.fileSystem, async () => ({ size: 3 }));
  assert.deepEqual(await full.run(request, new CallContext(rootCaller)), { size: 3 });
  end(first);
  const second = begin(dir);
  assert.deepEqual(await runnerThatDies(second, undefined).run(request, new CallContext(rootCaller)), { size: 3 });
  assert.equal(fs.readFileSync(join(dir, "data", "log"), "utf8"), "one ", "it was not made again");
  end(second);
});

test("a lock file that another client made since is not taken for one's own", async () => {
  const dir = fs.mkdtempSync(join(base, "lock-"));
  fs.mkdirSync(join(dir, "data"));
  const first = begin(dir);
  const { node: parent } = await first.source.fileSystem.root(rootContext());
  const body = { parent, name: name("lock"), mode: 0o644, flags: 0o1 | 0o100 | 0o200 };
  const request: WireRequest = { id: 7, caller: rootCaller, operation: "create", body };
  await assert.rejects(runnerThatDies(first, "after intent").run(request, new CallContext(rootCaller)), Killed);
  end(first);

  const second = begin(dir);
  await delay(50);
  await second.source.fileSystem.create(body, rootContext());
  await assert.rejects(runnerThatDies(second, undefined).run(request, new CallContext(rootCaller)), { code: "EEXIST" });
  end(second);
});

test("what is written down is what the call finds, though requests of other sessions come between", async () => {
  const dir = fs.mkdtempSync(join(base, "between-"));
  const data = join(dir, "data");
  fs.mkdirSync(data);
  touch(data, "x", "y", "z");
  const life = begin(dir);
  const { node: parent } = await life.source.fileSystem.root(rootContext());
  const nodes = new Map<string, NodeId>();
  for (const each of ["x", "y", "z"]) {
    nodes.set(each, (await life.source.fileSystem.lookup({ parent, name: name(each) }, rootContext())).node);
  }
  const rename = (from: string, to: string): object => ({
    parent,
    name: name(from),
    newParent: parent,
    newName: name(to),
    flags: 0,
  });
  const requests: Pick<WireRequest, "operation" | "body">[] = [
    { operation: "unlink", body: { parent, name: name("x") } },
    { operation: "rename", body: rename("y", "x") },
    { operation: "rename", body: rename("z", "x") },
    { operation: "mkdir", body: { parent, name: name("y"), mode: 0o755 } },
  ];
  const runner = runnerThatDies(life, undefined);
  await Promise.all(
    requests.map((request, index) =>
      runner.run({ ...request, id: index + 1, caller: rootCaller }, new CallContext(rootCaller)),
    ),
  );
  const entries = [...(life.journal.sessions.get(session)?.entries.values() ?? [])];
  assert.deepEqual(
    entries.map(({ witness }) => witness),
    [[nodes.get("x")], [nodes.get("y"), null], [nodes.get("z"), nodes.get("y")], [null]],
  );
  assert.ok(entries.every(({ outcome }) => outcome !== undefined && outcome.errno === undefined));
  end(life);
});

test("nothing is changed where it can't be written down", async () => {
  for (const [what, scene] of Object.entries(scenes)) {
    const dir = fs.mkdtempSync(join(base, "full-"));
    const data = join(dir, "data");
    fs.mkdirSync(data);
    scene.prepare(data);
    const life = begin(dir);
    const { node: root } = await life.source.fileSystem.root(rootContext());
    const lookup = async (text: string): Promise<NodeId> =>
      (await life.source.fileSystem.lookup({ parent: root, name: name(text) }, rootContext())).node;
    const body = await scene.body(root, lookup);
    const state = (): object[] => fs.readdirSync(data).map((each) => [each, fs.lstatSync(join(data, each)).ino]);
    const before = state();
    const openBefore = fs.readdirSync("/proc/self/fd").length;
    const request: WireRequest = { id: 7, caller: rootCaller, operation: scene.operation, body };
    await assert.rejects(runnerThatDies(life, "before intent").run(request, new CallContext(rootCaller)), Killed, what);
    assert.deepEqual(state(), before, what);
    assert.equal(fs.readdirSync("/proc/self/fd").length, openBefore, what);
    end(life);
  }
});

test("a call that is refused before it looked leaves nothing behind, and is refused again", async () => {
  const dir = fs.mkdtempSync(join(base, "refused-"));
  fs.mkdirSync(join(dir, "data"));
  let life = begin(dir);
  const { node: parent } = await life.source.fileSystem.root(rootContext());
  const body = { parent, name: name("a/b"), mode: 0o755 };
  const request: WireRequest = { id: 7, caller: rootCaller, operation: "mkdir", body };
  for (const _ of ["this life", "the next"]) {
    await assert.rejects(runnerThatDies(life, undefined).run(request, new CallContext(rootCaller)), { code: "EINVAL" });
    assert.equal(life.journal.sessions.get(session)?.entries.size, 0);
    end(life);
    life = begin(dir);
  }
  end(life);
});

test("a file system that doesn't tell before it changes something is found out", async () => {
  const dir = fs.mkdtempSync(join(base, "untold-"));
  fs.mkdirSync(join(dir, "data"));
  const life = begin(dir);
  const { node: parent } = await life.source.fileSystem.root(rootContext());
  const runner = new OnceRunner(session, life.journal, life.source.fileSystem, async () => ({}));
  const request: WireRequest = { id: 7, caller: rootCaller, operation: "unlink", body: { parent, name: name("a") } };
  await assert.rejects(runner.run(request, new CallContext(rootCaller)), /written down/);
  end(life);
});
