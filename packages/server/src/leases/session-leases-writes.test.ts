import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import { afterEach, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import {
  type AttrReply,
  type FileSystem,
  type HandleReply,
  mapOperations,
  type NodeId,
  O_RDWR,
  rootContext,
} from "@kedgefs/core";
import { isSettled } from "./testing/is-settled.ts";
import { type Believer, beginLeaseScene, type LeaseScene, nameOf } from "./testing/lease-scene.ts";

const options = { timeout: 20_000 } as const;

const scenes: LeaseScene[] = [];
afterEach(() => {
  for (const scene of scenes.splice(0)) scene.close();
});

async function begin(...args: Parameters<typeof beginLeaseScene>): Promise<{ scene: LeaseScene; f: NodeId }> {
  const scene = await beginLeaseScene(...args);
  scenes.push(scene);
  fs.writeFileSync(join(scene.data, "f"), "");
  return { scene, f: await scene.node("f") };
}

async function writerOf(believer: Believer, node: NodeId): Promise<(text: string) => ReturnType<Believer["run"]>> {
  const { handle } = (await believer.run("open", { node, flags: O_RDWR })).reply as HandleReply;
  return (text) => believer.run("write", { node, handle, offset: 0n, data: Buffer.from(text) });
}

test("who alone is back after a restart waits for the others' writes when it looks a name up", options, async () => {
  const { scene } = await begin(60_000, undefined, ["earlier"]);
  const lone = scene.join();
  const lookup = lone.run("lookup", { parent: scene.root, name: nameOf("f") });
  assert.equal(await isSettled(lookup), false);
  scene.table.settled("earlier");
  assert.equal((await lookup).error, undefined);
});

test("a write that has come but is slow to be made is waited for, though the lease has run out", options, async () => {
  const leaseMs = 1_000;
  let slow = false;
  const reached = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const around = (next: FileSystem): FileSystem =>
    mapOperations(next, (name, operation) => async (request, context) => {
      if (name === "write" && slow) {
        reached.resolve();
        await gate.promise;
      }
      return await operation(request, context);
    });
  const { scene, f } = await begin(leaseMs, around);
  const [writer, reader] = [scene.join(), scene.join()];
  const write = await writerOf(writer, f);
  assert.equal((await write("a")).leased, true);
  slow = true;
  // The client has answered this one by itself.
  const second = write("longer");
  await reached.promise;
  const looked = reader.run("getattr", { node: f });
  await writer.client.until(1);
  await delay(1.6 * leaseMs);
  assert.equal(await isSettled(looked), false);
  gate.resolve();
  await second;
  assert.equal(((await looked).reply as AttrReply).attr.size, 6n);
  assert.equal((await scene.fileSystem.getattr({ node: f }, rootContext())).attr.size, 6n);
});
