import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { type Entry, LockManager, type NodeId, O_RDONLY, O_RDWR, rootContext } from "@kedgefs/core";
import { openStateDirectory } from "../state/state-directory.ts";
import { HandleNodes } from "./handle-nodes.ts";
import { IndexNodes } from "./index-nodes.ts";
import { LocalFileSystem } from "./local-file-system.ts";
import { NodeSeal } from "./node-seal.ts";
import { OpenFiles } from "./open-files.ts";

const base = fs.mkdtempSync(join(tmpdir(), "kedge-nodes-"));
after(() => fs.rmSync(base, { recursive: true }));
const bytes = (text: string): Buffer => Buffer.from(text);

interface Life extends Disposable {
  readonly root: NodeId;
  readonly fileSystem: LocalFileSystem;
  lookup(...path: string[]): Promise<Entry>;
  inode(node: NodeId): Promise<bigint>;
}

type Kind = "handles" | "index";

function begin(kind: Kind, dir: string): Life {
  fs.mkdirSync(join(dir, "data"), { recursive: true });
  const state = openStateDirectory(join(dir, "state"));
  const rootFd = fs.openSync(join(dir, "data"), fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
  const seal = new NodeSeal(state, "x");
  const nodes =
    kind === "handles"
      ? new HandleNodes(join(dir, "data"), rootFd, seal, 64)
      : new IndexNodes(state.pathOf("nodes.sqlite"), rootFd, seal, 64);
  const files = new OpenFiles(({ fd }) => fs.closeSync(fd));
  const fileSystem = new LocalFileSystem(nodes, files, new LockManager(), false);
  return {
    root: nodes.root,
    fileSystem,
    async lookup(...path) {
      let entry: Entry = await fileSystem.root();
      for (const name of path)
        entry = await fileSystem.lookup({ parent: entry.node, name: bytes(name) }, rootContext());
      return entry;
    },
    inode: async (node) => (await fileSystem.getattr({ node })).attr.ino,
    [Symbol.dispose]() {
      files.releaseAll();
      nodes.close();
      state.close();
    },
  };
}

/** What this process has open below `dir` though it has no name any more. */
function descriptorsOfRemoved(dir: string): string[] {
  return fs
    .readdirSync("/proc/self/fd")
    .map((fd) => {
      try {
        return fs.readlinkSync(`/proc/self/fd/${fd}`);
      } catch {
        return "";
      }
    })
    .filter((path) => path.startsWith(join(dir, "data")) && path.endsWith(" (deleted)"));
}

function canUseHandles(): boolean {
  const fd = fs.openSync(base, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
  try {
    return HandleNodes.canServe(fd);
  } finally {
    fs.closeSync(fd);
  }
}

const stale = { code: "ESTALE" };
const skips: Record<Kind, string | false> = {
  handles: canUseHandles() ? false : "needs root and a temporary folder whose file system has file handles",
  index: false,
};

for (const kind of ["handles", "index"] as const) {
  describe(`nodes by ${kind}, after a restart`, { skip: skips[kind], timeout: 20_000 }, () => {
    const fresh = (): string => fs.mkdtempSync(join(base, `${kind}-`));

    test("lead to the same file, through directories that were renamed", async () => {
      const dir = fresh();
      let nodes: NodeId[];
      {
        using life = begin(kind, dir);
        fs.mkdirSync(join(dir, "data/a/b"), { recursive: true });
        fs.writeFileSync(join(dir, "data/a/b/f"), "x");
        nodes = [
          (await life.lookup("a")).node,
          (await life.lookup("a", "b")).node,
          (await life.lookup("a", "b", "f")).node,
        ];
        const { root: parent } = life;
        const rename = { parent, name: bytes("a"), newParent: parent, newName: bytes("z"), flags: 0 };
        await life.fileSystem.rename(rename, rootContext());
      }
      using life = begin(kind, dir);
      const paths = ["data/z", "data/z/b", "data/z/b/f"];
      for (const [index, path] of paths.entries()) {
        const { ino } = fs.statSync(join(dir, path), { bigint: true });
        assert.equal(await life.inode(nodes[index] as NodeId), ino);
      }
      assert.equal((await life.lookup("z", "b", "f")).node, nodes[2]);
    });

    test("lead to a file that was made without a name, if it got one", async () => {
      const dir = fresh();
      const made: NodeId[] = [];
      {
        using life = begin(kind, dir);
        const { root: parent, fileSystem } = life;
        for (const text of ["named", "unnamed"]) {
          const request = { parent, mode: 0o600, flags: O_RDWR };
          const { node, handle, attr } = await fileSystem.tmpfile(request, rootContext());
          assert.equal(attr.nlink, 0);
          await fileSystem.write({ node, handle, offset: 0n, data: bytes(text) }, rootContext());
          assert.equal((await fileSystem.getattr({ node })).attr.size, BigInt(text.length));
          made.push(node);
        }
        const [node] = made as [NodeId];
        const linked = await fileSystem.link({ node, newParent: parent, newName: bytes("n") }, rootContext());
        assert.deepEqual([linked.node, linked.attr.nlink], [node, 1]);
        assert.equal((await life.lookup("n")).node, node);
      }
      assert.deepEqual(descriptorsOfRemoved(dir), []);
      using life = begin(kind, dir);
      assert.equal(await life.inode(made[0] as NodeId), fs.statSync(join(dir, "data/n"), { bigint: true }).ino);
      assert.equal((await life.lookup("n")).node, made[0]);
      await assert.rejects(life.inode(made[1] as NodeId), stale);
    });

    test("are ESTALE where the file was unlinked, or replaced by another", async () => {
      const dir = fresh();
      let nodes: NodeId[];
      {
        using life = begin(kind, dir);
        for (const name of ["gone", "replaced", "over", "new"]) fs.writeFileSync(join(dir, "data", name), name);
        nodes = await Promise.all(["gone", "replaced", "over"].map(async (name) => (await life.lookup(name)).node));
        const { root: parent } = life;
        await life.fileSystem.unlink({ parent, name: bytes("gone") }, rootContext());
        const rename = { parent, name: bytes("new"), newParent: parent, newName: bytes("over"), flags: 0 };
        await life.fileSystem.rename(rename, rootContext());
      }
      // Behind the server's back.
      fs.rmSync(join(dir, "data/replaced"));
      fs.writeFileSync(join(dir, "data/replaced"), "another");
      using life = begin(kind, dir);
      for (const node of nodes) await assert.rejects(life.inode(node), stale);
    });

    test("lead to a file that was renamed over another, and to both of two that were exchanged", async () => {
      const dir = fresh();
      const names = ["new", "over", "one", "two"];
      const inodes = new Map<NodeId, bigint>();
      {
        using life = begin(kind, dir);
        for (const name of names) {
          fs.writeFileSync(join(dir, "data", name), name);
          if (name !== "over") inodes.set((await life.lookup(name)).node, (await life.lookup(name)).attr.ino);
        }
        const parents = { parent: life.root, newParent: life.root };
        const rename = (name: string, newName: string, flags: number): Promise<void> =>
          life.fileSystem.rename({ ...parents, name: bytes(name), newName: bytes(newName), flags }, rootContext());
        await rename("new", "over", 0);
        await rename("one", "two", 2);
      }
      using life = begin(kind, dir);
      for (const [node, ino] of inodes) assert.equal(await life.inode(node), ino);
    });

    test("of hard links of which one is renamed over the other are where they were", async () => {
      const dir = fresh();
      let node: NodeId;
      {
        using life = begin(kind, dir);
        fs.writeFileSync(join(dir, "data/one"), "x");
        fs.linkSync(join(dir, "data/one"), join(dir, "data/two"));
        node = (await life.lookup("one")).node;
        const rename = { parent: life.root, name: bytes("one"), newParent: life.root, newName: bytes("two"), flags: 0 };
        await life.fileSystem.rename(rename, rootContext());
        assert.equal((await life.fileSystem.getattr({ node })).attr.nlink, 2);
        fs.rmSync(join(dir, "data/two"));
      }
      using life = begin(kind, dir);
      assert.equal(await life.inode(node), fs.statSync(join(dir, "data/one"), { bigint: true }).ino);
    });

    test("are ESTALE as soon as the last name is gone, and hold the blocks no longer", async () => {
      const dir = fresh();
      using life = begin(kind, dir);
      for (const name of ["unlinked", "new", "over"]) fs.writeFileSync(join(dir, "data", name), "x");
      fs.mkdirSync(join(dir, "data/removed"));
      const { root: parent, fileSystem } = life;
      const nodes: NodeId[] = [];
      for (const name of ["unlinked", "over", "removed"]) nodes.push((await life.lookup(name)).node);
      const rename = { parent, name: bytes("new"), newParent: parent, newName: bytes("over"), flags: 0 };
      await Promise.all([
        fileSystem.unlink({ parent, name: bytes("unlinked") }, rootContext()),
        fileSystem.rmdir({ parent, name: bytes("removed") }, rootContext()),
        fileSystem.rename(rename, rootContext()),
      ]);
      for (const node of nodes) await assert.rejects(life.inode(node), stale);
      while (descriptorsOfRemoved(dir).length > 0) await nextTurn();
      for (const node of nodes) await assert.rejects(life.inode(node), stale);
    });

    test("of hard links are one, and outlive one of the names", async () => {
      const dir = fresh();
      let node: NodeId;
      {
        using life = begin(kind, dir);
        fs.writeFileSync(join(dir, "data/one"), "x");
        node = (await life.lookup("one")).node;
        const link = { node, newParent: life.root, newName: bytes("two") };
        assert.equal((await life.fileSystem.link(link, rootContext())).node, node);
        await life.fileSystem.unlink({ parent: life.root, name: bytes("one") }, rootContext());
      }
      using life = begin(kind, dir);
      assert.equal(await life.inode(node), fs.statSync(join(dir, "data/two"), { bigint: true }).ino);
    });

    test("are ESTALE where a byte was changed, or another state directory is used", async () => {
      const dir = fresh();
      let node: NodeId;
      {
        using life = begin(kind, dir);
        fs.writeFileSync(join(dir, "data/f"), "x");
        node = (await life.lookup("f")).node;
      }
      for (let at = 0; at < node.length; at++) {
        const changed = (node.slice(0, at) +
          String.fromCharCode(node.charCodeAt(at) ^ 1) +
          node.slice(at + 1)) as NodeId;
        using life = begin(kind, dir);
        await assert.rejects(life.inode(changed), stale);
      }
      fs.rmSync(join(dir, "state"), { recursive: true });
      using life = begin(kind, dir);
      await assert.rejects(life.inode(node), stale);
    });

    const lacksRoot = process.getuid?.() === 0 ? false : "needs root: works for another user";
    test("can be linked by another user at once", { skip: lacksRoot }, async () => {
      const dir = fresh();
      fs.chmodSync(base, 0o755);
      let file: NodeId;
      let target: NodeId;
      {
        using life = begin(kind, dir);
        fs.mkdirSync(join(dir, "data/private/theirs"), { recursive: true });
        fs.writeFileSync(join(dir, "data/private/f"), "x");
        fs.mkdirSync(join(dir, "data/to"));
        for (const path of ["private/f", "private/theirs", "to"]) fs.chownSync(join(dir, "data", path), 12_345, 12_345);
        file = (await life.lookup("private", "f")).node;
        target = (await life.lookup("to")).node;
        fs.chmodSync(join(dir, "data/private"), 0o700);
      }
      using life = begin(kind, dir);
      const context = { caller: { uid: 12_345, gid: 12_345, groups: [], pid: 0 } } as never;
      const linked = await life.fileSystem.link({ node: file, newParent: target, newName: bytes("l") }, context);
      assert.equal(linked.node, file);
    });
  });
}

test("an index whose names lead round in a circle answers ESTALE at once", { timeout: 10_000 }, async () => {
  const dir = fs.mkdtempSync(join(base, "circle-"));
  let nodes: NodeId[];
  {
    using life = begin("index", dir);
    const data = (path: string): string => join(dir, "data", path);
    fs.mkdirSync(data("a"));
    fs.mkdirSync(data("b"));
    nodes = [(await life.lookup("a")).node, (await life.lookup("b")).node];
    // Each is seen in the other under several names, while the host moves them about.
    for (let round = 0; round < 4; round++) {
      fs.renameSync(data("a"), data(`b/a${round}`));
      await life.lookup("b", `a${round}`);
      fs.renameSync(data(`b/a${round}`), data("a"));
      fs.renameSync(data("b"), data(`a/b${round}`));
      await life.lookup("a", `b${round}`);
      fs.renameSync(data(`a/b${round}`), data("b"));
    }
    fs.renameSync(data("a"), join(dir, "a"));
    fs.renameSync(data("b"), join(dir, "b"));
  }
  using life = begin("index", dir);
  for (const node of nodes) await assert.rejects(life.inode(node), stale);
});

test("a file without a name is found by its open handle, and is ESTALE after the last close", {
  timeout: 10_000,
}, async () => {
  const dir = fs.mkdtempSync(join(base, "open-"));
  using life = begin("index", dir);
  fs.writeFileSync(join(dir, "data/f"), "hello");
  const { node } = await life.lookup("f");
  const { handle } = await life.fileSystem.open({ node, flags: O_RDONLY }, rootContext());
  await life.fileSystem.unlink({ parent: life.root, name: bytes("f") }, rootContext());
  assert.equal(
    Buffer.from((await life.fileSystem.read({ node, handle, offset: 0n, size: 5 })).data).toString(),
    "hello",
  );
  assert.equal((await life.fileSystem.getattr({ node })).attr.nlink, 0, "found by its open file");
  await life.fileSystem.release({ node, handle });
  await assert.rejects(life.inode(node), stale);
});
