import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { O_RDWR, rootCaller, rootContext, silentLogger } from "@kedgefs/core";
import type { LaneEvents, ServerLane, WireOperation, WireReply } from "@kedgefs/rpc";
import { local } from "../local/local.ts";
import { lockServices } from "../locks/testing/lock-services.ts";
import { Journal } from "../state/journal.ts";
import { openStateDirectory } from "../state/state-directory.ts";
import { KeyedQueue } from "./keyed-queue.ts";
import { Session } from "./session.ts";

const base = fs.mkdtempSync(join(tmpdir(), "kedge-session-"));
after(() => fs.rmSync(base, { recursive: true }));

/** Opens lanes of a session as a client that comes (back) does. */
function connect(session: Session): (id: number, operation: WireOperation, body: object) => Promise<WireReply> {
  const epoch = session.attach();
  const waiting = new Map<number, (reply: WireReply) => void>();
  let events: LaneEvents | undefined;
  const lane = {
    open: (given: LaneEvents) => {
      events = given;
    },
    hold: () => {},
    release: () => {},
    close: () => {},
    recall: () => {},
    reply: (reply: WireReply) => waiting.get(reply.id)?.(reply),
  } as unknown as ServerLane;
  session.openLane(epoch, "control", lane);
  return (id, operation, body) =>
    new Promise((resolve) => {
      waiting.set(id, resolve);
      events?.request({ id, operation, body, caller: rootCaller }, lane);
    });
}

test("a write that was made is not made again over what another has written since", { timeout: 10_000 }, async () => {
  const data = join(base, "data");
  fs.mkdirSync(data);
  fs.writeFileSync(join(data, "f"), "");
  const state = openStateDirectory(join(base, "state"));
  const source = local({ path: data, exportName: "x", state });
  const { journal } = Journal.open(state.pathOf("journal"), silentLogger);
  const { fileSystem } = source;
  const locks = lockServices(state);
  const sessionOf = (id: string): Session => {
    journal.beginSession(id, "me", "x");
    return new Session({
      id,
      number: Number(id),
      identity: "me",
      exportName: "x",
      fileSystem,
      own: fileSystem,
      strictAtime: false,
      journal,
      sealer: state,
      appends: new KeyedQueue(),
      leases: undefined,
      locks,
      logger: silentLogger,
    } as ConstructorParameters<typeof Session>[0]);
  };
  const { node: root } = await fileSystem.root(rootContext());
  const { node } = await fileSystem.lookup({ parent: root, name: Buffer.from("f") }, rootContext());
  const [one, other] = [sessionOf("01"), sessionOf("02")];
  const [askOne, askOther] = [connect(one), connect(other)];
  for (const ask of [askOne, askOther]) await ask(1, "open", { node, flags: O_RDWR, handle: 1 });
  const write = (text: string): object => ({ node, handle: 1, offset: 0n, data: Buffer.from(text) });
  await askOne(2, "write", write("old"));
  // The reply is lost with the connection; the program has gone on long since, and another client has its turn.
  await askOther(2, "write", write("new"));
  await connect(one)(2, "write", write("old"));
  assert.equal(fs.readFileSync(join(data, "f"), "utf8"), "new");
  await one.end(true);
  await other.end(true);
  journal.close();
  source.close();
  state.close();
});
