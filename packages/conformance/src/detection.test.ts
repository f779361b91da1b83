import assert from "node:assert/strict";
import { test } from "node:test";
import { type CallContext, type FileSystem, FsError, O_APPEND, O_EXCL, type Timespec } from "@kedgefs/core";
import { conformanceCases } from "./cases/all-cases.ts";
import { memory } from "./memory/memory.ts";
import { fileSystemTarget, memoryLacks, memoryTarget } from "./targets/file-system-target.ts";
import { failuresOn } from "./try-cases.ts";

/** A memory file system with something wrong, and the start of the name of a case that has to see it. */
interface Fault {
  readonly words: string;
  readonly seenBy: string;
  readonly make: (right: FileSystem) => Partial<FileSystem>;
}

const asRoot = (context: CallContext): CallContext =>
  Object.assign(Object.create(context) as CallContext, { caller: { ...context.caller, uid: 0 } });
const wholeSeconds = (time: Timespec): Timespec => ({ sec: time.sec, nsec: 0 });

const faults: readonly Fault[] = [
  {
    words: "times lose their nanoseconds",
    seenBy: "times: atime and mtime can be set apart",
    make: (right) => ({
      getattr: async (request, context) => {
        const { attr } = await right.getattr(request, context);
        return { attr: { ...attr, mtime: wholeSeconds(attr.mtime) } };
      },
      lookup: async (request, context) => {
        const { node, attr } = await right.lookup(request, context);
        return { node, attr: { ...attr, mtime: wholeSeconds(attr.mtime) } };
      },
    }),
  },
  {
    words: "O_APPEND is lost",
    seenBy: "open: two that append in turns lose nothing",
    make: (right) => ({
      open: (request, context) => right.open({ ...request, flags: request.flags & ~O_APPEND }, context),
      create: (request, context) => right.create({ ...request, flags: request.flags & ~O_APPEND }, context),
    }),
  },
  {
    words: "O_EXCL is lost",
    seenBy: "open: of ten at once with O_EXCL",
    make: (right) => ({
      create: (request, context) => right.create({ ...request, flags: request.flags & ~O_EXCL }, context),
    }),
  },
  {
    words: "removing is done as root",
    seenBy: "sticky: others can't remove",
    make: (right) => ({ unlink: (request, context) => right.unlink(request, asRoot(context)) }),
  },
  {
    words: "rename flags are ignored",
    seenBy: "renameat2: RENAME_NOREPLACE",
    make: (right) => ({ rename: (request, context) => right.rename({ ...request, flags: 0 }, context) }),
  },
  {
    words: "every byte of a name past 127 becomes a question mark",
    seenBy: "names: bytes that are no UTF-8",
    make: (right) => {
      const plain = (name: Uint8Array) => name.map((byte) => (byte > 127 ? 0x3f : byte));
      return {
        lookup: (request, context) => right.lookup({ ...request, name: plain(request.name) }, context),
        create: (request, context) => right.create({ ...request, name: plain(request.name) }, context),
      };
    },
  },
  {
    words: "inode numbers are rounded to a double",
    seenBy: "stat: different files have different inode numbers",
    make: (right) => ({
      lookup: async (request, context) => {
        const { node, attr } = await right.lookup(request, context);
        return { node, attr: { ...attr, ino: BigInt(Number(attr.ino)) } };
      },
    }),
  },
  {
    words: "a listing tells an entry in a thousand twice",
    seenBy: "readdir: 5,000 entries",
    make: (right) => ({
      readdir: async (request, context) => {
        const { entries, end } = await right.readdir(request, context);
        return { entries: entries.flatMap((entry, index) => (index % 1000 === 999 ? [entry, entry] : entry)), end };
      },
    }),
  },
  {
    words: "reading past the end is an error",
    seenBy: "contents: reading at and past the end",
    make: (right) => ({
      read: async (request, context) => {
        const reply = await right.read(request, context);
        if (reply.data.length === 0 && request.size > 0) throw new FsError("EIO");
        return reply;
      },
    }),
  },
];

test("the cases pass on the right one", async () => {
  assert.deepEqual(await failuresOn(memoryTarget()), []);
});

for (const { words, seenBy, make } of faults) {
  test(`the cases see when ${words}`, { timeout: 60_000 }, async () => {
    const about = conformanceCases.filter(({ name }) => name.startsWith(seenBy));
    assert.ok(about.length > 0, `a case is named "${seenBy}…"`);
    const right = memory();
    const target = fileSystemTarget(words, () => ({ fileSystem: { ...right, ...make(right) } }), {
      missing: memoryLacks,
    });
    assert.deepEqual(
      await failuresOn(target, about),
      about.map(({ name }) => name),
    );
  });
}
