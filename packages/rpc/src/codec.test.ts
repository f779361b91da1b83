import assert from "node:assert/strict";
import { test } from "node:test";
import type { Attr, NodeId } from "@kedgefs/core";
import fc from "fast-check";
import { Kedge } from "./proto.ts";
import { fromClientFrame, fromServerFrame, toClientFrame, toServerFrame, type WireRequest } from "./wire.ts";

const session = Kedge.service.Session;
type ClientFrameOutput = Parameters<typeof fromClientFrame>[0];
type ServerFrameOutput = Parameters<typeof fromServerFrame>[0];

/** The body of the first of some requests or replies. */
function bodyOf<Body>(items: readonly { readonly body?: object | undefined }[]): Body {
  const body = items[0]?.body;
  assert.ok(body !== undefined);
  return body as Body;
}

const overTheWire = (requests: WireRequest[]): WireRequest[] => {
  const bytes = session.requestSerialize(toClientFrame(requests, 1, 0) as never);
  return fromClientFrame(session.requestDeserialize(bytes) as ClientFrameOutput).requests;
};

const node = "\0\xff\x80node" as NodeId;
const caller = { uid: 4294967295, gid: 0, groups: [1, 65534], pid: 4194304 };

test("offsets, sizes and inode numbers are exact to 64 bits", () => {
  const max = 2n ** 64n - 1n;
  for (const value of [0n, 1n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 63n, max]) {
    const sent: WireRequest = { id: 1, caller, operation: "read", body: { node, handle: 1, offset: value, size: 1 } };
    assert.equal(bodyOf<{ offset: bigint }>(overTheWire([sent])).offset, value);
  }
});

test("a node identity comes through with every byte value", () => {
  const every = String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i)) as NodeId;
  const received = overTheWire([{ id: 1, caller, operation: "readlink", body: { node: every } }]);
  assert.equal(bodyOf<{ node: NodeId }>(received).node, every);
});

test("absent optional fields stay absent, and zero is not absence", () => {
  const received = overTheWire([{ id: 1, caller, operation: "setattr", body: { node, mode: 0, size: 0n } }]);
  const body = bodyOf<Record<string, unknown>>(received);
  assert.equal(body.mode, 0);
  assert.equal(body.size, 0n);
  for (const field of ["uid", "gid", "atime", "mtime", "handle"]) assert.equal(body[field], undefined, field);
});

test("times before 1970 and after 2106 come through in nanoseconds", () => {
  const attr: Attr = {
    ino: 1n,
    mode: 0o100644,
    nlink: 1,
    uid: 0,
    gid: 0,
    rdev: 0,
    size: 0n,
    blocks: 0n,
    blksize: 4096,
    atime: { sec: -1, nsec: 999_999_999 },
    mtime: { sec: 2 ** 33, nsec: 1 },
    ctime: { sec: 0, nsec: 0 },
    btime: { sec: -(2 ** 40), nsec: 0 },
    noXattrs: true,
  };
  const bytes = session.responseSerialize(
    toServerFrame([{ id: 9, operation: "getattr", body: { attr } }], []) as never,
  );
  const received = fromServerFrame(session.responseDeserialize(bytes) as ServerFrameOutput).replies;
  assert.deepEqual({ ...bodyOf<{ attr: Attr }>(received).attr }, attr);
});

test("an errno that this machine does not know, and ENOSYS, become EIO", () => {
  for (const errno of ["EWHATEVER", "ENOSYS", ""]) {
    const frame = session.responseDeserialize(
      session.responseSerialize({ replies: [{ id: 1, error: { errno, message: "m" } }] } as never),
    );
    assert.equal(fromServerFrame(frame as ServerFrameOutput).replies[0]?.error?.code, "EIO");
  }
});

test("bytes that are no frame are refused and never crash", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (noise) => {
      for (const read of [
        () => fromClientFrame(session.requestDeserialize(Buffer.from(noise)) as ClientFrameOutput),
        () => fromServerFrame(session.responseDeserialize(Buffer.from(noise)) as ServerFrameOutput),
      ]) {
        try {
          read();
        } catch (error) {
          assert.ok(error instanceof Error);
        }
      }
    }),
    { numRuns: 2000 },
  );
});

const lock = { owner: 2n ** 64n - 1n, kind: "posix", type: "write", start: 2n ** 63n - 1n, length: 1n, pid: 7 };

test("locks, claims and interruptions come through", () => {
  const asked: WireRequest[] = [
    { id: 1, caller, operation: "setlk", body: { node, handle: 3, ...lock, wait: true } },
    {
      ...{ id: 2, caller, operation: "reclaim" },
      body: {
        node,
        handles: [3, 4],
        owner: 1n,
        kind: "flock",
        pid: 7,
        locks: [{ type: "read", start: 0n, length: 0n, pid: 0 }],
      },
    },
  ];
  const received = overTheWire(asked);
  assert.deepEqual({ ...received[0]?.body }, asked[0]?.body);
  const { locks, ...claim } = bodyOf<{ locks: object[] }>(received.slice(1));
  assert.deepEqual({ ...claim, locks: locks.map((each) => ({ ...each })) }, asked[1]?.body);
  const bytes = session.requestSerialize(toClientFrame([], 1, 0, [5, 2 ** 40]) as never);
  assert.deepEqual(fromClientFrame(session.requestDeserialize(bytes) as ClientFrameOutput).interrupted, [5, 2 ** 40]);
  const reply = { id: 9, operation: "getlk", body: {} } as const;
  const answer = session.responseSerialize(toServerFrame([reply], []) as never);
  const { replies } = fromServerFrame(session.responseDeserialize(answer) as ServerFrameOutput);
  assert.equal(bodyOf<{ lock?: object }>(replies).lock, undefined);
});

test("a good frame with any one byte changed is read or refused", () => {
  const good = session.requestSerialize(
    toClientFrame(
      [
        { id: 1, caller, operation: "lookup", body: { parent: node, name: Buffer.from("a") } },
        { id: 2, caller, operation: "write", body: { node, handle: 3, offset: 5n, data: Buffer.alloc(40) } },
        { id: 3, caller, operation: "setlk", body: { node, handle: 3, ...lock, wait: true } },
        { id: 4, caller, operation: "getlk", body: { node, handle: 3, ...lock } },
        { id: 5, caller, operation: "reclaim", body: { node, handles: [3, 4], ...lock, locks: [lock] } },
        { id: 6, caller, operation: "reclaimed", body: {} },
      ],
      1,
      0,
      [3],
    ) as never,
  );
  fc.assert(
    fc.property(fc.nat({ max: good.length - 1 }), fc.integer({ min: 0, max: 255 }), (at, value) => {
      const bad = Buffer.from(good);
      bad[at] = value;
      try {
        fromClientFrame(session.requestDeserialize(bad) as ClientFrameOutput);
      } catch (error) {
        assert.ok(error instanceof Error);
      }
    }),
    { numRuns: 2000 },
  );
});
