import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { UserError } from "@kedgefs/core";
import { openStateDirectory } from "./state-directory.ts";

const base = fs.mkdtempSync(join(tmpdir(), "kedge-state-"));
after(() => fs.rmSync(base, { recursive: true }));

test("a state directory is one server's until that one closes it", () => {
  const dir = join(base, "locked/deep");
  const first = openStateDirectory(dir);
  assert.equal(fs.statSync(dir).mode & 0o777, 0o700);
  assert.throws(
    () => openStateDirectory(dir),
    (error) => error instanceof UserError && /another server/.test(error.message),
  );
  first.close();
  openStateDirectory(dir).close();
});

test("what one life sealed the next one verifies, for the same purpose and bytes only", () => {
  const dir = join(base, "sealed");
  const first = openStateDirectory(dir);
  const seal = first.seal("ticket", Buffer.from("abc"));
  first.close();
  const second = openStateDirectory(dir);
  assert.ok(second.verify("ticket", Buffer.from("abc"), seal));
  assert.ok(!second.verify("ticket", Buffer.from("abd"), seal));
  assert.ok(!second.verify("node", Buffer.from("abc"), seal));
  assert.ok(!second.verify("ticket", Buffer.from("abc"), seal.subarray(1)));
  assert.ok(!second.verify("ticket", Buffer.from("abc"), Buffer.alloc(0)));
  assert.equal(fs.statSync(join(dir, "secret")).mode & 0o777, 0o600);
  second.close();
});

test("a damaged secret is told of, and the lock is given up", () => {
  const dir = join(base, "damaged");
  openStateDirectory(dir).close();
  fs.truncateSync(join(dir, "secret"), 7);
  const damaged = (error: unknown): boolean => error instanceof UserError && /damaged \(7 bytes/.test(error.message);
  assert.throws(() => openStateDirectory(dir), damaged);
  assert.throws(() => openStateDirectory(dir), damaged, "and not of another server");
});

test("what is no directory is told of", () => {
  fs.writeFileSync(join(base, "file"), "");
  assert.throws(() => openStateDirectory(join(base, "file")), UserError);
});
