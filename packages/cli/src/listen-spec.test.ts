import assert from "node:assert/strict";
import { test } from "node:test";
import { formatHostPort } from "./host-port.ts";
import { anyHost, parseListenSpec } from "./listen-spec.ts";
import { UsageError } from "./usage-error.ts";

test("host and port each may be left out", () => {
  assert.deepEqual(parseListenSpec("127.0.0.1:7441"), { host: "127.0.0.1", port: 7441 });
  assert.deepEqual(parseListenSpec("localhost"), { host: "localhost", port: 7440 });
  assert.deepEqual(parseListenSpec(":7441"), { host: anyHost(), port: 7441 });
  assert.deepEqual(parseListenSpec("[::1]:7441"), { host: "::1", port: 7441 });
  assert.deepEqual(parseListenSpec("[::]"), { host: "::", port: 7440 });
  assert.deepEqual(parseListenSpec("127.0.0.1:0"), { host: "127.0.0.1", port: 0 });
});

test("what cannot be listened on is refused", () => {
  for (const text of ["", "::1", "a:b", "127.0.0.1:65536", "[1.2.3.4]:1", "1:2:3", "a/b:1"]) {
    assert.throws(() => parseListenSpec(text), UsageError, text);
  }
});

test("addresses are printed as they are typed", () => {
  assert.equal(formatHostPort("::1", 7440), "[::1]:7440");
  assert.equal(formatHostPort("nas", 7440), "nas:7440");
});
