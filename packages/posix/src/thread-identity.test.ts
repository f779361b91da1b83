import assert from "node:assert/strict";
import { test } from "node:test";
import type { Caller } from "@kedgefs/core";
import { type IdentityCalls, ThreadIdentity } from "./thread-identity.ts";

const own = { uid: 0, gid: 0, groups: [4, 27] };
const caller = (uid: number, gid: number, ...groups: number[]): Caller => ({ uid, gid, groups, pid: 1 });

/** A kernel for one thread that writes down what it is asked, and refuses what `refuses` says. */
class FakeKernel implements IdentityCalls {
  uid = own.uid;
  gid = own.gid;
  groups: readonly number[] = own.groups;
  readonly asked: string[] = [];
  refuses: (call: string) => boolean = () => false;

  setfsuid(uid: number): number {
    const before = this.uid;
    if (this.#allows(`setfsuid ${uid}`, uid)) this.uid = uid;
    return before;
  }
  setfsgid(gid: number): number {
    const before = this.gid;
    if (this.#allows(`setfsgid ${gid}`, gid)) this.gid = gid;
    return before;
  }
  setgroups(groups: readonly number[]): void {
    if (!this.#allows(`setgroups ${groups}`, 0)) throw Object.assign(new Error("setgroups: EPERM"), { code: "EPERM" });
    this.groups = groups;
  }
  abort(reason: string): never {
    throw new Error(`aborted: ${reason}`);
  }
  #allows(call: string, id: number): boolean {
    if (id === 0xffffffff) return false;
    this.asked.push(call);
    return !this.refuses(call);
  }
  get identity(): unknown {
    return { uid: this.uid, gid: this.gid, groups: this.groups };
  }
}

test("root without groups is the process itself and costs no call", () => {
  const kernel = new FakeKernel();
  assert.equal(
    new ThreadIdentity(kernel, own).runAs(caller(0, 0), () => 7),
    7,
  );
  assert.deepEqual(kernel.asked, []);
});

test("a caller is put on for the body and taken off after it, also when the body throws", () => {
  const kernel = new FakeKernel();
  const thread = new ThreadIdentity(kernel, own);
  thread.runAs(caller(1000, 100, 5), () => assert.deepEqual(kernel.identity, { uid: 1000, gid: 100, groups: [5] }));
  assert.deepEqual(kernel.identity, own);
  const thrown = new Error("body");
  assert.throws(
    () =>
      thread.runAs(caller(1000, 100, 5), () => {
        throw thrown;
      }),
    thrown,
  );
  assert.deepEqual(kernel.identity, own);
});

test("only what differs is set", () => {
  const kernel = new FakeKernel();
  const thread = new ThreadIdentity(kernel, own);
  thread.runAs(caller(1000, 0, 4, 27), () => {});
  assert.deepEqual(kernel.asked, ["setfsuid 1000", "setfsuid 0"]);
  kernel.asked.length = 0;
  thread.runAs(caller(0, 5, 4, 27), () => {});
  assert.deepEqual(kernel.asked, ["setfsgid 5", "setfsgid 0"]);
});

test("a group list that only repeats the gid is as good as none", () => {
  const kernel = new FakeKernel();
  kernel.groups = [];
  const thread = new ThreadIdentity(kernel, { uid: 0, gid: 0, groups: [] });
  thread.runAs(caller(1000, 100, 100), () => {});
  assert.deepEqual(kernel.asked, ["setfsgid 100", "setfsuid 1000", "setfsgid 0", "setfsuid 0"]);
  kernel.asked.length = 0;
  thread.runAs(caller(1000, 100, 100, 5), () => assert.deepEqual(kernel.groups, [100, 5]));
  assert.equal(kernel.asked.includes("setgroups 100,5"), true);
});

test("a process whose own only group is its gid still takes it off, and is itself for root", () => {
  const kernel = new FakeKernel();
  kernel.groups = [0];
  const thread = new ThreadIdentity(kernel, { uid: 0, gid: 0, groups: [0] });
  thread.runAs(caller(0, 0), () => assert.deepEqual(kernel.asked, []));
  thread.runAs(caller(1000, 100), () => assert.deepEqual(kernel.groups, []));
  assert.deepEqual(kernel.identity, { uid: 0, gid: 0, groups: [0] });
});

test("calls nest, and root within another caller is the process again", () => {
  const kernel = new FakeKernel();
  const thread = new ThreadIdentity(kernel, own);
  thread.runAs(caller(1000, 100), () => {
    thread.runAs(caller(0, 0), () => assert.deepEqual(kernel.identity, own));
    assert.deepEqual(kernel.identity, { uid: 1000, gid: 100, groups: [] });
    thread.runAs(caller(2000, 100), () => assert.deepEqual(kernel.identity, { uid: 2000, gid: 100, groups: [] }));
    assert.deepEqual(kernel.identity, { uid: 1000, gid: 100, groups: [] });
  });
  assert.deepEqual(kernel.identity, own);
});

test("a switch that did not take is EPERM, the body does not run, and what took is undone", () => {
  for (const refused of ["setfsuid 1000", "setfsgid 100", "setgroups 5"]) {
    const kernel = new FakeKernel();
    kernel.refuses = (call) => call === refused;
    const thread = new ThreadIdentity(kernel, own);
    assert.throws(() => thread.runAs(caller(1000, 100, 5), () => assert.fail("ran")), { code: "EPERM" });
    assert.deepEqual(kernel.identity, own);
    thread.runAs(caller(0, 0), () => assert.deepEqual(kernel.identity, own));
  }
});

test("no way back ends the process", () => {
  for (const refused of ["setfsuid 0", "setfsgid 0", "setgroups 4,27"]) {
    const kernel = new FakeKernel();
    kernel.refuses = (call) => call === refused;
    const thread = new ThreadIdentity(kernel, own);
    assert.throws(() => thread.runAs(caller(1000, 100, 5), () => {}), /^Error: aborted: cannot return from user/);
  }
});

test("ids that would wrap round are EINVAL and change nothing", () => {
  const kernel = new FakeKernel();
  const thread = new ThreadIdentity(kernel, own);
  for (const id of [2 ** 32, -1, 1.5, Number.NaN, 0xffffffff]) {
    for (const bad of [caller(id, 1), caller(1, id), caller(1, 1, id)]) {
      assert.throws(() => thread.runAs(bad, () => assert.fail("ran")), { code: "EINVAL" });
    }
  }
  const many = caller(1, 1, ...Array.from({ length: 65_537 }, (_, index) => index));
  assert.throws(() => thread.runAs(many, () => assert.fail("ran")), { code: "EINVAL" });
  assert.deepEqual(kernel.asked, []);
});
