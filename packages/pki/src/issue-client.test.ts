import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { UserError } from "@kedgefs/core";
import { initPki, issueClient, loadClientPki } from "./index.ts";

describe("issueClient", { timeout: 60_000 }, () => {
  let dir: string;
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "kedge-pki-"));
    await initPki({ dir });
  });
  after(() => rm(dir, { recursive: true, force: true }));

  test("refuses a name that exists, by its certificate or its key, unless told to renew", async () => {
    await issueClient({ dir, name: "bob" });
    const first = readFileSync(join(dir, "bob.crt"), "utf8");
    await assert.rejects(
      issueClient({ dir, name: "bob" }),
      (error) => error instanceof UserError && !!error.hint?.includes("--renew"),
    );
    rmSync(join(dir, "bob.crt"));
    await assert.rejects(issueClient({ dir, name: "bob" }), /bob\.key exists already/);
    await issueClient({ dir, name: "bob", renew: true });
    assert.notEqual(readFileSync(join(dir, "bob.crt"), "utf8"), first);
    assert.equal(loadClientPki(dir, "bob").identity, "bob");
  });

  test("lets exactly one of two that run at once have a name", async () => {
    const results = await Promise.allSettled([issueClient({ dir, name: "race" }), issueClient({ dir, name: "race" })]);
    assert.deepEqual(results.map((result) => result.status).sort(), ["fulfilled", "rejected"]);
    loadClientPki(dir, "race");
    assert.ok(!(await readdir(dir)).some((file) => file.endsWith(".tmp")));
  });

  test("says what a name may be", async () => {
    for (const name of ["", "ca", "server", "CA", "a/b", "../x", "a b", "é", "x".repeat(65), "a\n"]) {
      await assert.rejects(
        issueClient({ dir, name }),
        (error) => error instanceof UserError && !!error.hint?.includes("1 to 64"),
        JSON.stringify(name),
      );
    }
    await issueClient({ dir, name: "x".repeat(64) });
    assert.equal(loadClientPki(dir, "x".repeat(64)).identity, "x".repeat(64));
  });

  test("makes no certificate that outlives its CA, nor one for no time", async () => {
    const { certificate } = await issueClient({ dir, name: "long", validityDays: 3650, notBefore: new Date() });
    assert.ok(certificate.notAfter.getTime() <= Date.now() + (3650 * 86_400 - 290) * 1000);
    for (const validityDays of [0, -1, Number.NaN, 3651]) {
      await assert.rejects(issueClient({ dir, name: "short", validityDays }), /cannot be valid for/);
    }
  });

  test("refuses without a CA, and with something else in its place", async () => {
    await assert.rejects(issueClient({ dir: join(dir, "none"), name: "eve" }), (error) => {
      assert.ok(error instanceof UserError);
      assert.match(error.hint ?? "", /kedge pki init/);
      return true;
    });
    const other = join(dir, "other");
    await initPki({ dir: other });
    writeFileSync(join(other, "ca.crt"), readFileSync(join(other, "server.crt")));
    await assert.rejects(issueClient({ dir: other, name: "eve" }), /ca\.crt is not the certificate of a CA/);
  });
});
