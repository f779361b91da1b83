import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync, writeSync } from "node:fs";
import type { Socket } from "node:net";
import { test } from "node:test";
import { O_NONBLOCK, O_RDWR } from "@kedgefs/core";
import { AT_FDCWD } from "./at-flags.ts";
import { pipe } from "./descriptor.ts";
import { close, openat } from "./open.ts";
import { type ReadyReader, readWhenReady } from "./pollable.ts";
import { asAnybody } from "./testing/temporary-folder.ts";

/** Reads into a new buffer each time and keeps what came; `next` waits for one read. */
class Recorder implements ReadyReader {
  readonly texts: string[] = [];
  buffersAsked = 0;
  readonly #bytes: number;
  #buffer = Buffer.alloc(0);
  #wake: (() => void) | undefined;

  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  buffer(): Uint8Array {
    this.buffersAsked++;
    this.#buffer = Buffer.alloc(this.#bytes);
    return this.#buffer;
  }

  received(length: number): void {
    this.texts.push(this.#buffer.toString("latin1", 0, length));
    this.#wake?.();
  }

  async next(): Promise<string | undefined> {
    if (this.texts.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.texts.shift();
  }
}

async function closed(socket: Socket): Promise<void> {
  const event = once(socket, "close");
  socket.destroy();
  await event;
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("a character device is read whenever it has something", asAnybody, async () => {
  // A pseudoterminal echoes what is written to it, a line in one read or in several.
  const fd = openat(AT_FDCWD, "/dev/ptmx", O_RDWR);
  const recorder = new Recorder(64);
  const socket = readWhenReady(fd, recorder);
  socket.resume();
  for (const line of ["first", "second"]) {
    writeSync(fd, `${line}\n`);
    let echo = "";
    while (!echo.endsWith("\n")) echo += await recorder.next();
    assert.equal(echo, `${line}\r\n`);
  }
  await closed(socket);
  close(fd);
});

test("nothing is read before resume, nor after pause", asAnybody, async () => {
  const { readFd, writeFd } = pipe();
  const recorder = new Recorder(64);
  const socket = readWhenReady(readFd, recorder);
  for (const text of ["before resume", "after pause"]) {
    writeSync(writeFd, text);
    await nextTurn();
    await nextTurn();
    assert.deepEqual(recorder.texts, []);
    socket.resume();
    assert.equal(await recorder.next(), text);
    socket.pause();
  }
  await closed(socket);
  close(readFd);
  close(writeFd);
});

test("what is longer than the buffer comes in several reads", asAnybody, async () => {
  const { readFd, writeFd } = pipe();
  const recorder = new Recorder(4);
  const socket = readWhenReady(readFd, recorder);
  socket.resume();
  writeSync(writeFd, "0123456789");
  assert.deepEqual([await recorder.next(), await recorder.next(), await recorder.next()], ["0123", "4567", "89"]);
  assert.equal(recorder.buffersAsked, 4);
  await closed(socket);
  close(readFd);
  close(writeFd);
});

test("the end of what there is closes the socket, and the descriptor stays the caller's", asAnybody, async () => {
  const { readFd, writeFd } = pipe();
  const socket = readWhenReady(readFd, new Recorder(64));
  socket.resume();
  close(writeFd);
  await once(socket, "close");
  const flags = /^flags:\s+(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${readFd}`, "latin1"))?.[1] ?? "";
  assert.equal(Number.parseInt(flags, 8) & O_NONBLOCK, O_NONBLOCK);
  close(readFd);
});

test("a read that fails is an error, then the end", asAnybody, async () => {
  const { readFd, writeFd } = pipe();
  // The end for writing, which can't be read; epoll wakes for it because the other end is gone.
  const socket = readWhenReady(writeFd, new Recorder(64));
  close(readFd);
  socket.resume();
  const closing = new Promise((resolve) => socket.once("close", resolve));
  assert.equal((await once(socket, "error"))[0].code, "EBADF");
  await closing;
  close(writeFd);
});

test("a descriptor that is not open is EBADF", asAnybody, () => {
  assert.throws(() => readWhenReady(-1, new Recorder(64)), { code: "EBADF" });
});
