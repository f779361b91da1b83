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
