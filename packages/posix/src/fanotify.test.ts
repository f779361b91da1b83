import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { appendFileSync, chmodSync, linkSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type FsError, O_PATH } from "@kedgefs/core";
import { AT_FDCWD } from "./at-flags.ts";
import {
  FAN_ATTRIB,
  FAN_CREATE,
  FAN_DELETE,
  FAN_DELETE_SELF,
  FAN_MODIFY,
  FAN_MOVE_SELF,
  FAN_MOVED_FROM,
  FAN_MOVED_TO,
  FAN_ONDIR,
  fanotifyInit,
  fanotifyMarkFileSystem,
  type HostChange,
  parseFanotifyEvents,
} from "./fanotify.ts";
import { type FileHandle, nameToHandleAt } from "./handle.ts";
import { close, O_NOFOLLOW, openat } from "./open.ts";
import { readWhenReady } from "./pollable.ts";
import { fsidOf } from "./stat.ts";
import { asAnybody, temporaryFolder } from "./testing/temporary-folder.ts";

const folder = temporaryFolder();
const fsid = fsidOf(folder.fd);

/** A descriptor of a group that is told what changes on the folder's file system, or why there can't be one. */
function watchedGroup(): number | string {
  let group: number | undefined;
  try {
    group = fanotifyInit();
    fanotifyMarkFileSystem(group, folder.fd);
    return group;
  } catch (error) {
    if (group !== undefined) close(group);
    const { code, message } = error as FsError;
    if (code === "EPERM") return "needs CAP_SYS_ADMIN";
    return `needs fanotify with file handles on the file system at ${folder.path}: ${message}`;
  }
}

function handleOf(name: string): FileHandle {
  const fd = openat(folder.fd, name, O_PATH | O_NOFOLLOW);
  const handle = nameToHandleAt(fd);
  close(fd);
  return handle;
}

/** A change as it is kept: everything on the file system comes in, so those that are looked for are found by handle. */
type Kept = Pick<HostChange, "pid" | "fsid" | "mask" | "handleType"> & { readonly bytes: string };

/** Reads a group and keeps what changed. */
class Listener {
  readonly #socket: ReturnType<typeof readWhenReady>;
  readonly #kept: Kept[] = [];
  #wake: (() => void) | undefined;

  constructor(group: number) {
    const buffer = Buffer.alloc(65_536);
    this.#socket = readWhenReady(group, {
      buffer: () => buffer,
      received: (length) => {
        parseFanotifyEvents(buffer, length, (event) => {
          assert.equal(event.kind, "change");
          if (event.kind === "change") this.#kept.push({ ...event, bytes: event.handle.toString("hex") });
        });
        this.#wake?.();
      },
    });
    this.#socket.resume();
  }

  /** The change of the inode that one process made, and whose mask has all these bits. */
  async change({ type, bytes }: FileHandle, pid: number, mask: number): Promise<Kept> {
    const key = bytes.toString("hex");
    for (;;) {
      const found = this.#kept.find(
        (kept) => kept.bytes === key && kept.handleType === type && kept.pid === pid && (kept.mask & mask) === mask,
      );
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Who changed the inode. */
  pids({ bytes }: FileHandle): Set<number> {
    const key = bytes.toString("hex");
    return new Set(this.#kept.filter((kept) => kept.bytes === key).map(({ pid }) => pid));
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** Runs a program in the folder that does its work itself, and returns its pid. */
function run(program: string, ...args: string[]): number {
  const { pid, status, stderr } = spawnSync(program, args, { cwd: folder.path, encoding: "utf8" });
  assert.equal(status, 0, stderr);
  return pid;
}

/** The folder's names of a test, made by this process before it listens to anything else. */
function directoryOf(test: string, ...files: string[]): void {
  mkdirSync(join(folder.path, test));
  for (const file of files) writeFileSync(join(folder.path, test, file), "");
}

const group = watchedGroup();

describe("a marked file system", { ...asAnybody, skip: typeof group === "string" && group }, () => {
  let listener: Listener;
  before(() => {
    listener = new Listener(group as number);
  });
  after(() => {
    listener.close();
    close(group as number);
  });

  test("tells another's writing and chmod with its pid, the inode's handle and the fsid", asAnybody, async () => {
    directoryOf("write", "file");
    const file = handleOf("write/file");
    const writer = run("sh", "-c", "echo text >> write/file");
    assert.notEqual(writer, process.pid);
    const change = await listener.change(file, writer, FAN_MODIFY);
    assert.equal(change.fsid, fsid);
    assert.equal(change.mask & FAN_ONDIR, 0);
    const changer = run("chmod", "600", "write/file");
    await listener.change(file, changer, FAN_ATTRIB);
    const ofDirectory = run("chmod", "700", "write");
    await listener.change(handleOf("write"), ofDirectory, FAN_ATTRIB | FAN_ONDIR);
  });

  test("tells a new file and a new directory with the handle of the directory they are in", asAnybody, async () => {
    directoryOf("create");
    const directory = handleOf("create");
    await listener.change(directory, run("sh", "-c", ": > create/file"), FAN_CREATE);
    await listener.change(directory, run("mkdir", "create/directory"), FAN_CREATE | FAN_ONDIR);
    await listener.change(directory, run("rmdir", "create/directory"), FAN_DELETE | FAN_ONDIR);
  });

  test("tells our own changes with our own pid", asAnybody, async () => {
    directoryOf("own", "file");
    const file = handleOf("own/file");
    appendFileSync(join(folder.path, "own/file"), "text");
    chmodSync(join(folder.path, "own/file"), 0o600);
    await listener.change(handleOf("own"), process.pid, FAN_CREATE);
    await listener.change(file, process.pid, FAN_MODIFY);
    await listener.change(file, process.pid, FAN_ATTRIB);
    assert.deepEqual(listener.pids(file), new Set([process.pid]));
    const other = run("sh", "-c", "echo text >> own/file");
    await listener.change(file, other, FAN_MODIFY);
    assert.deepEqual(listener.pids(file), new Set([process.pid, other]));
  });

  test("tells the unlink of one of two links by the inode and by the directory", asAnybody, async () => {
    directoryOf("unlink", "first");
    linkSync(join(folder.path, "unlink/first"), join(folder.path, "unlink/second"));
    const file = handleOf("unlink/first");
    const remover = run("rm", "unlink/second");
    await listener.change(file, remover, FAN_ATTRIB);
    await listener.change(handleOf("unlink"), remover, FAN_DELETE);
    await listener.change(file, run("rm", "unlink/first"), FAN_DELETE_SELF);
  });

  test("tells a rename by both directories and by the inode", asAnybody, async () => {
    directoryOf("from", "file");
    directoryOf("to");
    const mover = run("mv", "from/file", "to/renamed");
    await listener.change(handleOf("from"), mover, FAN_MOVED_FROM);
    await listener.change(handleOf("to"), mover, FAN_MOVED_TO);
    await listener.change(handleOf("to/renamed"), mover, FAN_MOVE_SELF);
  });

  test("can be named by an O_PATH descriptor", asAnybody, () => {
    const fd = openat(AT_FDCWD, folder.path, O_PATH);
    fanotifyMarkFileSystem(group as number, fd);
    close(fd);
  });

  test("is refused by what has no handles, and by descriptors that are not what they should be", asAnybody, () => {
    const proc = openat(AT_FDCWD, "/proc", O_PATH);
    assert.throws(() => fanotifyMarkFileSystem(group as number, proc), { code: "EOPNOTSUPP" });
    close(proc);
    assert.throws(() => fanotifyMarkFileSystem(group as number, -1), { code: "EBADF" });
    assert.throws(() => fanotifyMarkFileSystem(-1, folder.fd), { code: "EBADF" });
    assert.throws(() => fanotifyMarkFileSystem(folder.fd, folder.fd), { code: "EINVAL" });
  });
});

test("fsidOf is one for a file system, by any descriptor, and another for another", asAnybody, () => {
  assert.match(fsid, /^[0-9a-f]{16}$/);
  writeFileSync(join(folder.path, "file"), "");
  const fd = openat(folder.fd, "file", O_PATH);
  const proc = openat(AT_FDCWD, "/proc", O_PATH);
  assert.equal(fsidOf(fd), fsid);
  assert.notEqual(fsidOf(proc), fsid);
  close(fd);
  close(proc);
  assert.throws(() => fsidOf(-1), { code: "EBADF" });
});

const nothing = Buffer.alloc(0);

/** struct fanotify_event_metadata and the records after it; `metadata` are bytes by which it is longer than known. */
function eventBytes(mask: number, pid: number, records: Buffer, metadata = nothing): Buffer {
  const head = Buffer.alloc(24);
  head.writeUInt32LE(24 + metadata.length + records.length, 0);
  head.writeUInt8(3, 4);
  head.writeUInt16LE(24 + metadata.length, 6);
  head.writeBigUInt64LE(BigInt(mask), 8);
  head.writeInt32LE(-1, 16);
  head.writeInt32LE(pid, 20);
  return Buffer.concat([head, metadata, records]);
}

function infoRecord(type: number, content: Buffer): Buffer {
  const head = Buffer.from([type, 0, 0, 0]);
  head.writeUInt16LE(4 + content.length, 2);
  return Buffer.concat([head, content]);
}

/** A FID record whose handle is padded to four bytes, as the kernel does it. */
function fidRecord(handleType: number, handle: Buffer, handleLength = handle.length): Buffer {
  const head = Buffer.from(`0011223344556677${"0".repeat(16)}`, "hex");
  head.writeUInt32LE(handleLength, 8);
  head.writeInt32LE(handleType, 12);
  return infoRecord(1, Buffer.concat([head, handle, Buffer.alloc(-handle.length & 3)]));
}

/** The events as they are, but with copies of the handles. */
function parse(bytes: Uint8Array, length = bytes.length): unknown[] {
  const events: unknown[] = [];
  parseFanotifyEvents(bytes, length, (event) =>
    events.push(event.kind === "change" ? { ...event, handle: event.handle.toString("hex") } : event),
  );
  return events;
}

const changed = (pid: number, mask: number, handleType: number, handle: string): unknown => ({
  kind: "change",
  pid,
  fsid: "0011223344556677",
  handleType,
  handle,
  mask,
});

test("several events are told in order, and nothing past the length", asAnybody, () => {
  const bytes = Buffer.concat([
    eventBytes(FAN_MODIFY, 12, fidRecord(1, Buffer.from("0102030405060708", "hex"))),
    eventBytes(FAN_CREATE | FAN_ONDIR, 0, fidRecord(-2, Buffer.from("aabbccddee", "hex"))),
  ]);
  assert.deepEqual(parse(Buffer.concat([bytes, Buffer.alloc(50, 0xff)]), bytes.length), [
    changed(12, FAN_MODIFY, 1, "0102030405060708"),
    changed(0, FAN_CREATE | FAN_ONDIR, -2, "aabbccddee"),
  ]);
  assert.deepEqual(parse(nothing), []);
});

test("a buffer that begins in the middle of its memory is read where it begins", asAnybody, () => {
  const bytes = eventBytes(FAN_ATTRIB, 7, fidRecord(1, Buffer.from("01020304", "hex")));
  const memory = new Uint8Array(bytes.length + 5);
  memory.set(bytes, 5);
  assert.deepEqual(parse(memory.subarray(5)), [changed(7, FAN_ATTRIB, 1, "01020304")]);
});

test("a longer metadata and unknown info records are skipped", asAnybody, () => {
  const fid = fidRecord(1, Buffer.from("01020304", "hex"));
  const pidfd = infoRecord(4, Buffer.alloc(4, 0xff));
  const bytes = eventBytes(FAN_MODIFY, 7, Buffer.concat([pidfd, fid, pidfd]), Buffer.alloc(8, 0xff));
  assert.deepEqual(parse(bytes), [changed(7, FAN_MODIFY, 1, "01020304")]);
});

test("a full queue, and an event that names no inode, are an overflow", asAnybody, () => {
  const overflow = { kind: "overflow" };
  assert.deepEqual(parse(eventBytes(0x4000, 0, nothing)), [overflow]);
  assert.deepEqual(parse(eventBytes(FAN_MODIFY, 7, nothing)), [overflow]);
  assert.deepEqual(parse(eventBytes(FAN_MODIFY, 7, infoRecord(4, Buffer.alloc(4)))), [overflow]);
});

test("another version is refused", asAnybody, () => {
  const bytes = eventBytes(FAN_MODIFY, 7, nothing);
  bytes.writeUInt8(4, 4);
  assert.throws(() => parse(bytes), /version 4, 3 is known/);
});

test("events that are torn anywhere are refused, after those before them were told", asAnybody, () => {
  const first = eventBytes(FAN_MODIFY, 7, fidRecord(1, Buffer.from("01020304", "hex")));
  const bytes = Buffer.concat([first, first]);
  for (let length = first.length + 1; length < bytes.length; length++) {
    const pids: number[] = [];
    const collect = (): void => {
      parseFanotifyEvents(bytes, length, (event) => event.kind === "change" && pids.push(event.pid));
    };
    assert.throws(collect, /make no sense/);
    assert.deepEqual(pids, [7]);
  }
  assert.throws(() => parse(bytes, bytes.length + 1), /make no sense/);
});

test("lengths that make no sense are refused", asAnybody, () => {
  const fid = fidRecord(1, Buffer.from("01020304", "hex"));
  const broken = (change: (bytes: Buffer) => void): Buffer => {
    const bytes = eventBytes(FAN_MODIFY, 7, fid);
    change(bytes);
    return bytes;
  };
  const lengths: Record<string, Buffer> = {
    "an event of no bytes, which would never end": broken((bytes) => bytes.writeUInt32LE(0, 0)),
    "an event shorter than its metadata": broken((bytes) => bytes.writeUInt32LE(23, 0)),
    "metadata shorter than it is": broken((bytes) => bytes.writeUInt16LE(23, 6)),
    "metadata longer than its event": broken((bytes) => bytes.writeUInt16LE(bytes.length + 1, 6)),
    "an info record of no bytes": broken((bytes) => bytes.writeUInt16LE(0, 26)),
    "an info record past its event": broken((bytes) => bytes.writeUInt16LE(fid.length + 1, 26)),
    "an info record without a whole header": eventBytes(FAN_MODIFY, 7, Buffer.from([4, 0])),
    "a FID record without a handle": eventBytes(FAN_MODIFY, 7, infoRecord(1, Buffer.alloc(8))),
    "a handle past its record": eventBytes(FAN_MODIFY, 7, fidRecord(1, Buffer.alloc(4), 5)),
  };
  for (const [what, bytes] of Object.entries(lengths)) assert.throws(() => parse(bytes), /make no sense/, what);
});
