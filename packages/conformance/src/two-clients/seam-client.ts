import {
  type Attr,
  type DirEntry,
  direntType,
  type FileSystem,
  FsError,
  type HandleId,
  isDirectory,
  isSymlink,
  type NodeId,
  O_ACCMODE,
  O_CREAT,
  O_EXCL,
  O_RDONLY,
  O_TRUNC,
  rootContext,
} from "@kedgefs/core";
import { digest, type Outcome, type Seen, seenOf } from "./outcome.ts";
import type { CallStep } from "./script.ts";
import { SeamWalk } from "./seam-walk.ts";

interface OpenSlot {
  readonly node: NodeId;
  readonly handle: HandleId;
  readonly isDirectory: boolean;
}

/** A call whose paths have been walked, and what it is about. */
export interface Prepared {
  readonly nodes: readonly NodeId[];
  run(): Promise<Outcome>;
}

const listingBytes = 4096;
const wholeFileBytes = 1 << 18;
const FALLOC_FL_PUNCH_HOLE = 0x02;
const nothingOpen: Prepared = { nodes: [], run: async () => ({ value: "nothing is open" }) };
const notOfDirectories: Prepared = { nodes: [], run: async () => ({ value: "a directory is open" }) };
const notOfFiles: Prepared = { nodes: [], run: async () => ({ value: "a file is open" }) };

/** What file systems do in different ways: noted by the model, which then lets any of them be right. */
export class Choices {
  /** Files that were allocated without being written: where data is in them the file system decides. */
  readonly allocated = new Set<NodeId>();
  /** Modification times of files that truncate(2) left at their size: ext4 changes the time then, tmpfs does not. */
  readonly truncated = new Map<string, bigint>();
}

type SlotStep = Extract<CallStep, { slot: number }>;
type PathStep = Exclude<CallStep, { slot: number }>;

/** Makes the calls of a script on a FileSystem, as the kernel would for a program. */
export class SeamClient {
  readonly #fs: FileSystem;
  readonly #top: NodeId;
  readonly #choices: Choices | undefined;
  readonly #slots = new Map<number, OpenSlot>();

  constructor(fs: FileSystem, top: NodeId, choices?: Choices) {
    this.#fs = fs;
    this.#top = top;
    this.#choices = choices;
  }

  /** Walks the paths of a step. What fails there, is what the call says. */
  async prepare(step: CallStep): Promise<Prepared> {
    try {
      const walk = new SeamWalk(this.#fs, this.#top, step.as);
      const { nodes, run } = await ("slot" in step ? this.#onSlot(step, walk) : this.#onPath(step, walk));
      return { nodes, run: () => run().catch(outcomeOf) };
    } catch (error) {
      const outcome = outcomeOf(error);
      return { nodes: [], run: async () => outcome };
    }
  }

  async #onPath(step: PathStep, walk: SeamWalk): Promise<Prepared> {
    const fs = this.#fs;
    const { context } = walk;
    switch (step.call) {
      case "stat": {
        const { node } = await walk.entry(step.path);
        return about([node], async () => ({ seen: this.#seen((await fs.getattr({ node }, context)).attr) }));
      }
      case "list": {
        const { node, attr } = await walk.entry(step.path);
        if (isSymlink(attr.mode)) throw new FsError("ENOTDIR");
        return about([node], async () => {
          const { handle } = await fs.opendir({ node }, context);
          try {
            return { value: await this.#list({ node, handle, isDirectory: true }, walk) };
          } finally {
            await fs.releasedir({ node, handle }, context);
          }
        });
      }
      case "readFile": {
        const { node, attr } = await walk.entry(step.path);
        if (isSymlink(attr.mode)) throw new FsError("ELOOP");
        return about([node], async () => {
          if (isDirectory(attr.mode)) return await this.#refuseDirectory(node, walk);
          const { handle } = await fs.open({ node, flags: O_RDONLY }, context);
          try {
            const { data } = await fs.read({ node, handle, offset: 0n, size: wholeFileBytes }, context);
            return { value: digest(data) };
          } finally {
            await fs.flush({ node, handle }, context);
            await fs.release({ node, handle }, context);
          }
        });
      }
      case "readlink": {
        const { node } = await walk.entry(step.path);
        return about([node], async () => ({
          value: Buffer.from((await fs.readlink({ node }, context)).target).toString(),
        }));
      }
      case "unlink":
      case "rmdir": {
        const place = await walk.place(step.path);
        return about([place.parent], async () => nothing(await fs[step.call](place, context)));
      }
      case "mkdir": {
        const place = await walk.place(step.path);
        const request = { ...place, mode: step.mode, umask: 0 };
        return about([place.parent], async () => ({ seen: this.#seen((await fs.mkdir(request, context)).attr) }));
      }
      case "symlink": {
        const place = await walk.place(step.path);
        const request = { ...place, target: Buffer.from("nowhere") };
        return about([place.parent], async () => ({ seen: this.#seen((await fs.symlink(request, context)).attr) }));
      }
      case "rename": {
        const [from, to] = await walk.places(step.path, step.newPath);
        const request = { ...from, newParent: to.parent, newName: to.name, flags: step.flags };
        return about([from.parent, to.parent], async () => nothing(await fs.rename(request, context)));
      }
      case "link": {
        const { node } = await walk.entry(step.path);
        const { parent, name } = await walk.place(step.newPath);
        const request = { node, newParent: parent, newName: name };
        return about([node, parent], async () => ({ seen: this.#seen((await fs.link(request, context)).attr) }));
      }
      case "chmod":
        return this.#setting(await walk.followed(step.path), { mode: step.mode }, walk);
      case "truncate": {
        const node = await walk.followed(step.path);
        const { nodes, run } = this.#setting(node, { size: BigInt(step.size) }, walk);
        return about(nodes, () => this.#truncate(node, step.size, run));
      }
      case "chown": {
        const { node } = await walk.entry(step.path);
        return this.#setting(node, { uid: step.uid, gid: step.gid }, walk);
      }
      case "utimens": {
        const { node } = await walk.entry(step.path);
        const time = step.sec === "now" ? { now: true, sec: 0, nsec: 0 } : { now: false, sec: step.sec, nsec: 7 };
        return this.#setting(node, { atime: time, mtime: time }, walk);
      }
      case "getxattr": {
        const request = { node: await walk.followed(step.path), name: Buffer.from(step.name) };
        return about([request.node], async () => ({ value: digest((await fs.getxattr(request, context)).value) }));
      }
      case "setxattr": {
        const { flags, size, fill } = step;
        const node = await walk.followed(step.path);
        const request = { node, name: Buffer.from(step.name), value: Buffer.alloc(size, fill), flags };
        return about([node], async () => nothing(await fs.setxattr(request, context)));
      }
      case "listxattr": {
        const node = await walk.followed(step.path);
        return about([node], async () => {
          const names = Buffer.from((await fs.listxattr({ node }, context)).names).toString("latin1");
          // Those of the machine's own (security.selinux and the like) are none of the scripts'.
          const user = names.split("\0").filter((name) => name.startsWith("user."));
          return { value: user.sort() };
        });
      }
      case "removexattr": {
        const request = { node: await walk.followed(step.path), name: Buffer.from(step.name) };
        return about([request.node], async () => nothing(await fs.removexattr(request, context)));
      }
    }
  }

  async #truncate(node: NodeId, size: number, run: () => Promise<Outcome>): Promise<Outcome> {
    if (this.#choices === undefined) return await run();
    const { attr } = await this.#fs.getattr({ node }, rootContext());
    const outcome = await run();
    const { ino, mtimeNs } = seenOf(attr);
    if (attr.size !== BigInt(size) || outcome.seen === undefined) return outcome;
    this.#choices.truncated.set(ino, mtimeNs);
    return { seen: { ...outcome.seen, areTimesFree: true } };
  }

  #seen(attr: Attr): Seen {
    const seen = seenOf(attr);
    return { ...seen, areTimesFree: this.#choices?.truncated.get(seen.ino) === seen.mtimeNs };
  }

  #setting(node: NodeId, change: object, { context }: SeamWalk, handle?: HandleId): Prepared {
    const request = { node, ...(handle === undefined ? {} : { handle }), ...change };
    return about([node], async () => ({ seen: this.#seen((await this.#fs.setattr(request, context)).attr) }));
  }

  async #onSlot(step: SlotStep, walk: SeamWalk): Promise<Prepared> {
    if (step.call === "open") return await this.#opening(step, walk);
    const fs = this.#fs;
    const { context } = walk;
    if (step.call === "opendir") {
      const { node, attr } = await walk.entry(step.path);
      if (!isDirectory(attr.mode)) throw new FsError("ENOTDIR");
      return about([node], async () => {
        const { handle } = await fs.opendir({ node }, context);
        return await this.#keep(step.slot, { node, handle, isDirectory: true }, walk);
      });
    }
    const open = this.#slots.get(step.slot);
    if (open === undefined) return nothingOpen;
    const { node, handle } = open;
    switch (step.call) {
      case "fstat":
        return about([node], async () => ({ seen: this.#seen((await fs.getattr({ node, handle }, context)).attr) }));
      case "fchmod":
        return this.#setting(node, { mode: step.mode }, walk, handle);
      case "fsync":
        return about([node], async () => {
          const request = { node, handle, datasync: false };
          return nothing(await (open.isDirectory ? fs.fsyncdir(request, context) : fs.fsync(request, context)));
        });
      case "close":
        return about([node], async () => {
          this.#slots.delete(step.slot);
          return nothing(await this.#close(open, walk));
        });
      case "listHandle":
        if (!open.isDirectory) return notOfFiles;
        return about([node], async () => ({ value: await this.#list(open, walk) }));
    }
    if (open.isDirectory) return notOfDirectories;
    switch (step.call) {
      case "ftruncate":
        return this.#setting(node, { size: BigInt(step.size) }, walk, handle);
      case "read": {
        const request = { node, handle, offset: BigInt(step.at), size: step.size };
        return about([node], async () => ({ value: digest((await fs.read(request, context)).data) }));
      }
      case "write": {
        const data = Buffer.alloc(step.size, step.fill);
        const request = { node, handle, offset: BigInt(step.at), data, ahead: true };
        return about([node], async () => ({ value: (await fs.write(request, context)).size }));
      }
      case "fallocate": {
        const { mode, at, size } = step;
        const request = { node, handle, mode, offset: BigInt(at), length: BigInt(size) };
        return about([node], async () => {
          if ((mode & FALLOC_FL_PUNCH_HOLE) === 0) this.#choices?.allocated.add(node);
          return nothing(await fs.fallocate(request, context));
        });
      }
      case "seek": {
        const request = { node, handle, offset: BigInt(step.at), whence: step.whence };
        return about([node], async () => {
          const isFree = this.#choices?.allocated.has(node) === true;
          return await fs.lseek(request, context).then(
            ({ offset }) => ({ value: Number(offset), isFree }),
            (error) => ({ ...outcomeOf(error), isFree }),
          );
        });
      }
      case "copy":
        return this.#copying(step, open, walk);
    }
  }

  async #opening(step: Extract<CallStep, { call: "open" }>, walk: SeamWalk): Promise<Prepared> {
    const { slot, path, flags, mode } = step;
    const { context } = walk;
    const mayMake = (flags & O_CREAT) !== 0;
    const place = await walk.place(path);
    const isExclusive = mayMake && (flags & O_EXCL) !== 0;
    const found = isExclusive ? undefined : await walk.entryIfThere(place);
    if (found === undefined) {
      if (!mayMake) throw new FsError("ENOENT");
      return about([place.parent], async () => {
        const { node, handle } = await this.#fs.create({ ...place, mode, umask: 0, flags }, context);
        return await this.#keep(slot, { node, handle, isDirectory: false }, walk);
      });
    }
    const { node, attr } = found;
    // All opens are with O_NOFOLLOW.
    if (isSymlink(attr.mode)) throw new FsError("ELOOP");
    const changes = mayMake || (flags & O_ACCMODE) !== O_RDONLY || (flags & O_TRUNC) !== 0;
    if (isDirectory(attr.mode) && changes) throw new FsError("EISDIR");
    return about([node], async () => {
      if (isDirectory(attr.mode)) return await this.#refuseDirectory(node, walk);
      const { handle } = await this.#fs.open({ node, flags }, context);
      return await this.#keep(slot, { node, handle, isDirectory: false }, walk);
    });
  }

  /** Scripts open directories by a call of their own: any other one closes it at once and says EISDIR. */
  async #refuseDirectory(node: NodeId, { context }: SeamWalk): Promise<never> {
    const { handle } = await this.#fs.opendir({ node }, context);
    await this.#fs.releasedir({ node, handle }, context);
    throw new FsError("EISDIR");
  }

  async #keep(slot: number, opened: OpenSlot, walk: SeamWalk): Promise<Outcome> {
    const before = this.#slots.get(slot);
    this.#slots.set(slot, opened);
    return before === undefined ? {} : nothing(await this.#close(before, walk));
  }

  async #close({ node, handle, isDirectory: ofDirectory }: OpenSlot, { context }: SeamWalk): Promise<void> {
    if (ofDirectory) return await this.#fs.releasedir({ node, handle }, context);
    try {
      await this.#fs.flush({ node, handle }, context);
    } finally {
      await this.#fs.release({ node, handle }, context);
    }
  }

  #copying(step: Extract<CallStep, { call: "copy" }>, from: OpenSlot, { context }: SeamWalk): Prepared {
    const to = this.#slots.get(step.newSlot);
    if (to === undefined) return nothingOpen;
    if (to.isDirectory) return notOfDirectories;
    const request = {
      ...{ node: from.node, handle: from.handle, offset: BigInt(step.at) },
      ...{ newNode: to.node, newHandle: to.handle, newOffset: BigInt(step.newAt), length: BigInt(step.size) },
    };
    return about([from.node, to.node], async () => ({
      value: (await this.#fs.copyFileRange(request, context)).size,
    }));
  }

  /** Names with their types, without "." and "..". */
  async #list({ node, handle }: OpenSlot, { context }: SeamWalk): Promise<readonly string[]> {
    const listed: DirEntry[] = [];
    for (let offset = 0n, ended = false; !ended; ) {
      const reply = await this.#fs.readdirplus({ node, handle, offset, size: listingBytes }, context);
      listed.push(...reply.entries);
      offset = reply.entries.at(-1)?.offset ?? offset;
      ended = reply.end || reply.entries.length === 0;
    }
    const texts = listed.map(({ name, type }) => `${Buffer.from(name)}${marks.get(type) ?? ""}`);
    return texts.filter((text) => text !== "./" && text !== "../").sort();
  }
}

const marks = new Map([
  [direntType(0o040000), "/"],
  [direntType(0o120000), "@"],
]);

const about = (nodes: readonly NodeId[], run: () => Promise<Outcome>): Prepared => ({ nodes, run });
/** Of a call that says nothing but that it was done. */
const nothing = (_: unknown): Outcome => ({});

/** Whatever is no FsError is a bug, and no outcome. */
function outcomeOf(error: unknown): Outcome {
  if (error instanceof FsError) return { error: error.code };
  throw error;
}
