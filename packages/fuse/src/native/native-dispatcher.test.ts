import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type CallContext, FsError, type Logger, rootCaller, silentLogger } from "@kedgefs/core";
import type { NativeBinding } from "./native-binding.ts";
import { NativeDispatcher } from "./native-dispatcher.ts";
import type { NativeOperationName, NativeOperations } from "./native-operations.ts";

const frame = Buffer.alloc(8);

/** A dispatcher over these operations, and a way to call one as the addon does: resolves with what was signalled. */
function dispatcherOf(operations: Partial<NativeOperations>, isConnected = () => true) {
  const errors: string[] = [];
  const logger: Logger = { ...silentLogger, error: (message) => errors.push(message) };
  const dispatcher = new NativeDispatcher({
    operations: operations as NativeOperations,
    caller: rootCaller,
    logger,
    isConnected,
  });
  const call = (name: NativeOperationName, ...args: unknown[]): Promise<unknown[]> => {
    const { promise, resolve } = Promise.withResolvers<unknown[]>();
    const signal = (_frame: Buffer, ...reply: unknown[]): void => resolve(reply);
    const binding = { [`fuse_native_signal_${name}`]: signal } as unknown as NativeBinding;
    dispatcher.handler(name, binding)(frame, 0, ...args);
    return promise;
  };
  return { dispatcher, call, errors };
}

describe("the dispatcher of fuse-native's calls", { timeout: 10_000 }, () => {
  it("answers an errno as its negative number, with the arguments that the signal needs", async () => {
    const fail = async (): Promise<never> => {
      throw new FsError("ENOTEMPTY");
    };
    const { call, errors } = dispatcherOf({ rmdir: fail, getattr: fail, statfs: fail, readdir: fail, readlink: fail });
    assert.deepEqual(await call("rmdir", "/"), [-39]);
    assert.deepEqual(await call("getattr", "/"), [-39, new Uint32Array(18)]);
    assert.deepEqual(await call("statfs", "/"), [-39, new Uint32Array(11)]);
    assert.deepEqual(await call("readdir", "/"), [-39, [], []]);
    assert.deepEqual(await call("readlink", "/"), [-39, ""]);
    assert.deepEqual(errors, []);
  });

  it("answers EIO to what is no errno, also when it is thrown at once, and logs it", async () => {
    const { call, errors } = dispatcherOf({
      unlink: () => {
        throw new TypeError("a bug");
      },
      open: () => Promise.reject(Object.assign(new Error("never"), { code: "ENOSYS" })),
    });
    assert.deepEqual(await call("unlink", "/x"), [-5]);
    assert.deepEqual(await call("open", "/x", 0), [-5, 0]);
    assert.equal(errors.length, 2);
  });

  it("hands reads and writes through the thread's memory", async () => {
    const written: Uint8Array[] = [];
    const offsets: bigint[] = [];
    const { call } = dispatcherOf({
      read: async (_context, _fd, size, offset) => {
        offsets.push(offset);
        return Buffer.from("abcdef").subarray(0, size);
      },
      write: async (_context, _fd, data) => {
        written.push(data);
        return data.byteLength;
      },
    });
    const memory = Buffer.alloc(4, "-");
    assert.deepEqual(await call("read", "/x", 1, memory, 3, 5, 2), [3, 3, memory.buffer]);
    assert.equal(memory.toString(), "abc-");
    assert.deepEqual(offsets, [2n * 2n ** 32n + 5n]);
    assert.deepEqual(await call("write", "/x", 1, memory, 4, 0, 0), [4, 4, memory.buffer]);
    memory.fill("!");
    assert.equal(Buffer.from(written[0] ?? []).toString(), "abc-");
  });

  it("holds new calls between pause and resume, and counts them", async () => {
    const begun: string[] = [];
    const { dispatcher, call } = dispatcherOf({ unlink: async (_context, path) => void begun.push(path) });
    dispatcher.pause();
    const answer = call("unlink", "/x");
    await new Promise(setImmediate);
    assert.deepEqual(begun, []);
    assert.deepEqual(
      dispatcher.inFlight().map(({ opcode }) => opcode),
      ["UNLINK"],
    );
    dispatcher.resume();
    assert.deepEqual(await answer, [0]);
    assert.deepEqual([begun, dispatcher.inFlight()], [["/x"], []]);
  });

  it("writes no late answer into a thread that is gone, and aborts its call", async () => {
    let connected = true;
    const gate = Promise.withResolvers<void>();
    let seen: CallContext | undefined;
    const { dispatcher, call } = dispatcherOf(
      {
        read: async (context) => {
          seen = context;
          await gate.promise;
          return Buffer.from("late");
        },
      },
      () => connected,
    );
    const memory = Buffer.alloc(4, "-");
    let answered = false;
    void call("read", "/x", 1, memory, 4, 0, 0).then(() => {
      answered = true;
    });
    await sleep(60);
    connected = false;
    dispatcher.abort();
    assert.equal(seen?.aborted, true);
    gate.resolve();
    await new Promise(setImmediate);
    assert.deepEqual([memory.toString(), answered, dispatcher.inFlight()], ["----", false, []]);
  });
});
