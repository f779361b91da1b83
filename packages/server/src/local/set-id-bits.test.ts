import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { CallContext, O_RDONLY, O_RDWR, rootContext } from "@kedgefs/core";
import { openStateDirectory } from "../state/state-directory.ts";
import { local } from "./local.ts";

const base = fs.mkdtempSync(join(tmpdir(), "kedge-set-ids-"));
after(() => fs.rmSync(base, { recursive: true }));

const skip = process.geteuid?.() === 0 ? false : "needs root, whom the server tells from others";
const user = new CallContext({ uid: 12_001, gid: 12_001, groups: [], pid: 0 });
const data = Buffer.from("text");

test("set-id bits go with a write by others than root; what writes nothing, or is refused for want of a handle that writes, leaves them", {
  timeout: 20_000,
  skip,
}, async () => {
  const path = join(base, "data");
  fs.mkdirSync(path);
  const state = openStateDirectory(join(base, "state"));
  const source = local({ path, exportName: "data", state });
  try {
    const { fileSystem } = source;
    const file = join(path, "file");
    fs.writeFileSync(file, "text");
    fs.chmodSync(file, 0o6755);
    const { node: parent } = await fileSystem.root(rootContext());
    const { node } = await fileSystem.lookup({ parent, name: Buffer.from("file") }, rootContext());
    const { handle } = await fileSystem.open({ node, flags: O_RDONLY }, rootContext());
    const range = { node, handle, offset: 0n, length: 4n };
    const copied = { ...range, newNode: node, newHandle: handle, newOffset: 4n };
    for (const refused of [
      fileSystem.write({ node, handle, offset: 0n, data }, user),
      fileSystem.fallocate({ ...range, mode: 0 }, user),
      fileSystem.copyFileRange(copied, user),
    ]) {
      await assert.rejects(refused, { code: "EBADF" });
    }
    const writing = await fileSystem.open({ node, flags: O_RDWR }, rootContext());
    const past = { ...copied, handle: writing.handle, offset: 4n, newHandle: writing.handle, newOffset: 0n };
    assert.deepEqual(await fileSystem.copyFileRange(past, user), { size: 0 });
    assert.equal(fs.statSync(file).mode & 0o7777, 0o6755);
    await fileSystem.write({ node, handle: writing.handle, offset: 0n, data }, user);
    assert.equal(fs.statSync(file).mode & 0o7777, 0o755);
    // Without group execution set-gid stands for mandatory locking, which stays for who is in the group.
    const member = new CallContext({ uid: 12_002, gid: 12_002, groups: [12_100], pid: 0 });
    fs.chownSync(file, 0, 12_100);
    for (const [writer, left] of [
      [member, 0o2644],
      [user, 0o644],
    ] as const) {
      fs.chmodSync(file, 0o6644);
      await fileSystem.write({ node, handle: writing.handle, offset: 0n, data }, writer);
      assert.equal(fs.statSync(file).mode & 0o7777, left);
    }
    // A write comes without the groups that the open came with.
    fs.chmodSync(file, 0o6666);
    const opened = await fileSystem.open({ node, flags: O_RDWR }, member);
    const sameUser = new CallContext({ ...member.caller, groups: [] });
    await fileSystem.write({ node, handle: opened.handle, offset: 0n, data }, sameUser);
    assert.equal(fs.statSync(file).mode & 0o7777, 0o2666);
    for (const open of [handle, writing.handle, opened.handle])
      await fileSystem.release({ node, handle: open }, rootContext());
  } finally {
    source.close();
    state.close();
  }
});
