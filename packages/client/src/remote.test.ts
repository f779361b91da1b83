import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { CallContext, FsError, type NodeId, O_RDWR, rootCaller, silentLogger } from "@kedgefs/core";
import type { Answer } from "./ask.ts";
import { ClientHandles } from "./client-handles.ts";
import { remote } from "./remote.ts";
import type { RemoteSession } from "./remote-session.ts";

const timeout = 5_000;
const file = "file" as NodeId;
const context = (): CallContext => new CallContext(rootCaller);

/** A file system over a session that the test plays: writes are granted until `full`, and fail from then on when `gate` opens. */
function begin() {
  const state = { full: false, connected: true };
  const gate = Promise.withResolvers<void>();
  const sent: string[] = [];
  const handles = new ClientHandles();
  const session = {
    handles,
    get connected() {
      return state.connected;
    },
    root: { node: "root" as NodeId, attr: {} },
    leaseTerms: { leaseMs: 60_000, strictAtime: false },
    closeReports: false,
    logger: silentLogger,
    onRecall: () => {},
    onRecovery: () => {},
    flush: () => {},
    async call(operation: string, request: { data?: Uint8Array }): Promise<Answer> {
      sent.push(operation);
      if (operation === "open") return { body: { ticket: Buffer.alloc(0) }, leased: false, after: [] };
      if (operation !== "write") return { body: {}, leased: false, after: [] };
      if (state.full) {
        await gate.promise;
        throw new FsError("ENOSPC");
      }
      return { body: { size: request.data?.length }, leased: true, after: [] };
    },
  };
  return { fileSystem: remote(session as unknown as RemoteSession), state, gate, sent, handles };
}

async function withFailingWrite() {
  const scene = begin();
  const { fileSystem, state } = scene;
  const { handle } = await fileSystem.open({ node: file, flags: O_RDWR }, context());
  const write = (offset: bigint) =>
    fileSystem.write({ node: file, handle, offset, data: Buffer.from("data"), ahead: true }, context());
  await write(0n);
  state.full = true;
  await write(4n);
  await turn();
  return { ...scene, handle };
}

test("a close by a child that only inherited the handle does not take the failure from who wrote", {
  timeout,
}, async () => {
  const { fileSystem, handle, gate } = await withFailingWrite();
  gate.resolve();
  // exec(2) and exit(2) close what was inherited, and nobody hears what that says.
  await fileSystem.flush({ node: file, handle }, context()).catch(() => {});
  await assert.rejects(fileSystem.fsync({ node: file, handle, datasync: false }, context()), { code: "ENOSPC" });
});

test("a close can be interrupted while the server is away", { timeout }, async () => {
  const { fileSystem, handle, state } = await withFailingWrite();
  state.connected = false;
  const own = context();
  const closed = fileSystem.flush({ node: file, handle }, own);
  own.abort();
  await assert.rejects(closed, { code: "EINTR" });
});

test("a copy to a handle that was lost with a server is refused as it was", { timeout }, async () => {
  const { fileSystem, handles } = begin();
  const { handle } = await fileSystem.open({ node: file, flags: O_RDWR }, context());
  const { handle: newHandle } = await fileSystem.open({ node: file, flags: O_RDWR }, context());
  const copy = { node: file, handle, offset: 0n, newNode: file, newHandle, newOffset: 9n, length: 1n };
  await fileSystem.copyFileRange(copy, context());
  Object.assign(handles.find(newHandle) ?? {}, { lost: new FsError("ESTALE") });
  await assert.rejects(fileSystem.copyFileRange(copy, context()), { code: "ESTALE" });
});

test("a file that is closed for good stays known until its writes are there", { timeout }, async () => {
  const { fileSystem, handle, handles } = await withFailingWrite();
  await fileSystem.release({ node: file, handle }, context());
  // Else the server's next life is not asked to open it again, and refuses the writes that are sent again (EBADF).
  assert.notEqual(handles.find(handle), undefined);
});
