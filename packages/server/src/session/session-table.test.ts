import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, beforeEach, test } from "node:test";
import { limits, type NodeId, rootCaller, silentLogger } from "@kedgefs/core";
import type { AttachAnswer, LaneEvents, ServerLane, WireOperation, WireReply } from "@kedgefs/rpc";
import type { ExportTable } from "../export/export-table.ts";
import { LeaseTable } from "../leases/lease-table.ts";
import { isSettled } from "../leases/testing/is-settled.ts";
import { type Local, local } from "../local/local.ts";
import { lockServices } from "../locks/testing/lock-services.ts";
import { Journal } from "../state/journal.ts";
import { openStateDirectory } from "../state/state-directory.ts";
import { SessionTable } from "./session-table.ts";

const timeout = 20_000;
const leaseMs = 200;
const base = fs.mkdtempSync(join(tmpdir(), "kedge-sessions-"));
after(() => fs.rmSync(base, { recursive: true }));

/** A client with its control lane: answers no recall until it is told to. */
class Client {
  readonly replies: WireReply[] = [];
  readonly recalls: number[] = [];
  isClosed = false;
  events: LaneEvents | undefined;
  #told: (() => void) | undefined;
  #lastId = 0;

  readonly lane = {
    open: (events: LaneEvents) => {
      this.events = events;
    },
    hold() {},
    release() {},
    close: () => {
      this.isClosed = true;
      this.events?.closed(this.lane);
    },
    reply: (reply: WireReply) => {
      this.replies.push(reply);
      this.#told?.();
    },
    recall: ({ id }: { readonly id: number }) => {
      this.recalls.push(id);
      this.#told?.();
    },
  } as unknown as ServerLane;

  send(operation: WireOperation, body: object): void {
    this.#lastId++;
    this.events?.request({ id: this.#lastId, operation, body, caller: rootCaller }, this.lane);
  }

  async until(isDone: () => boolean): Promise<void> {
    while (!isDone()) {
      await new Promise<void>((resolve) => {
        this.#told = resolve;
      });
    }
  }

  async ask(operation: WireOperation, body: object): Promise<WireReply> {
    const { length } = this.replies;
    this.send(operation, body);
    await this.until(() => this.replies.length > length);
    return this.replies.at(-1) as WireReply;
  }
}

interface Life {
  readonly sessions: SessionTable;
  readonly leases: LeaseTable;
  readonly root: NodeId;
  attach(sessionId?: Buffer): Promise<{ readonly client: Client; readonly answer: AttachAnswer }>;
}

let count = 0;
let dir: string;
const enders: (() => void)[] = [];
beforeEach(() => {
  dir = join(base, `${count++}`);
  fs.mkdirSync(join(dir, "data"), { recursive: true });
  fs.writeFileSync(join(dir, "data", "f"), "f");
});
afterEach(() => {
  for (const end of enders.splice(0).reverse()) end();
});

/** A life of a server on the test's directory; it lasts until the test's end, or that of the next one. */
async function begin(): Promise<Life> {
  for (const end of enders.splice(0).reverse()) end();
  const state = openStateDirectory(join(dir, "state"));
  const source: Local = local({ path: join(dir, "data"), exportName: "x", state });
  const { journal } = Journal.open(state.pathOf("journal"), silentLogger);
  const leases = new LeaseTable(leaseMs, { sessions: journal.sessions.keys(), leaseMs });
  const own = source.fileSystem;
  const granted = { ...source, own, readOnly: false, nodes: "handles", mayLease: () => true };
  const exports = { grant: () => granted } as unknown as ExportTable;
  const sessions = new SessionTable(exports, journal, state, leases, lockServices(state), silentLogger);
  enders.push(
    () => state.close(),
    () => source.close(),
    () => journal.close(),
    () => leases.close(),
  );
  const { node: root } = await own.root({ caller: rootCaller } as never);
  return {
    sessions,
    leases,
    root,
    async attach(sessionId = Buffer.alloc(0)) {
      const asked = { identity: "me", exportName: "x", sessionId, clientDescription: "test" };
      const answer = await sessions.attach(asked);
      const client = new Client();
      assert.ok(sessions.find("me", answer.sessionId)?.openLane(answer.epoch, "control", client.lane));
      return { client, answer };
    },
  };
}

const chmod = (node: NodeId): object => ({ node, mode: 0o711 });

test("a server that stops with recalls out hears their answers, then ends", { timeout }, async () => {
  const { attach, root, sessions } = await begin();
  const [believer, changer] = [await attach(), await attach()];
  await believer.client.ask("getattr", { node: root });
  changer.client.send("setattr", chmod(root));
  await believer.client.until(() => believer.client.recalls.length > 0);
  const stopped = sessions.stop();
  assert.equal(await isSettled(stopped), false);
  assert.equal(believer.client.isClosed, false);
  assert.equal(changer.client.replies.length, 0);
  believer.client.events?.recalled(1);
  await stopped;
  assert.equal(changer.client.replies.length, 1);
  assert.ok(believer.client.isClosed && changer.client.isClosed);
});

test("a server that stops waits for a client that doesn't answer no longer than its lease", { timeout }, async () => {
  const { attach, root, sessions } = await begin();
  const [believer, changer] = [await attach(), await attach()];
  await believer.client.ask("getattr", { node: root });
  changer.client.send("setattr", chmod(root));
  const beganMs = performance.now();
  await sessions.stop();
  assert.ok(performance.now() - beganMs >= leaseMs - 50);
  assert.equal(changer.client.replies.length, 1);
});

test("a session that is given up for want of room may still be believed by its client", {
  timeout,
}, async (context) => {
  const { attach, root, sessions } = await begin();
  const { client, answer } = await attach();
  await client.ask("getattr", { node: root });
  client.lane.close();
  const before = limits.sessionsMax;
  Object.assign(limits, { sessionsMax: 1 });
  context.after(() => Object.assign(limits, { sessionsMax: before }));
  const other = await attach();
  assert.equal(sessions.find("me", answer.sessionId), undefined);
  const beganMs = performance.now();
  await other.client.ask("setattr", chmod(root));
  assert.ok(performance.now() - beganMs >= leaseMs / 2);
});

test("a session that its client ends is believed no more", { timeout }, async () => {
  const { attach, root, sessions } = await begin();
  const [gone, other] = [await attach(), await attach()];
  await gone.client.ask("getattr", { node: root });
  await sessions.detach("me", gone.answer.sessionId);
  const beganMs = performance.now();
  await other.client.ask("setattr", chmod(root));
  assert.ok(performance.now() - beganMs < leaseMs / 2);
});

test("the next life changes nothing until the clients of the last one are back, or their time is up", {
  timeout,
}, async () => {
  const first = await begin();
  const [a, b] = [await first.attach(), await first.attach()];
  await first.sessions.stop();
  const second = await begin();
  const back = await second.attach(a.answer.sessionId);
  assert.ok(back.answer.resumed);
  back.client.send("setattr", chmod(second.root));
  assert.equal(await isSettled(back.client.until(() => back.client.replies.length > 0)), false);
  assert.ok((await second.attach(b.answer.sessionId)).answer.resumed);
  await back.client.until(() => back.client.replies.length > 0);
  await second.sessions.stop();

  const third = await begin();
  const only = await third.attach(a.answer.sessionId);
  const beganMs = performance.now();
  await only.client.ask("setattr", chmod(third.root));
  assert.ok(performance.now() - beganMs >= leaseMs / 2);
  await third.sessions.stop();
});
