import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { exchangeLeaseMs } from "./exchange-lease-ms.ts";

const base = fs.mkdtempSync(join(tmpdir(), "kedge-lease-ms-"));
after(() => fs.rmSync(base, { recursive: true }));

test("each life of a server learns how long the one before let clients believe", () => {
  const path = join(base, "lives");
  assert.equal(exchangeLeaseMs(path, 2_000), 2_000);
  assert.equal(exchangeLeaseMs(path, 500.5), 2_000);
  assert.equal(exchangeLeaseMs(path, 0), 500.5);
  assert.equal(exchangeLeaseMs(path, 60_000), 0);
  assert.equal(exchangeLeaseMs(path, 60_000), 60_000);
});

test("what a crash left of it counts as nothing", () => {
  const path = join(base, "torn");
  for (const text of ["", "\0\0\0\0", "20x"]) {
    fs.writeFileSync(path, text);
    assert.equal(exchangeLeaseMs(path, 2_000), 2_000);
    assert.equal(fs.readFileSync(path, "utf8"), "2000");
  }
});
