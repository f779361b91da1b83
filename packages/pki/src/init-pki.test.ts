import assert from "node:assert/strict";
import { chmodSync, cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, type TestContext, test } from "node:test";
import { UserError } from "@kedgefs/core";
import { initPki, issueServer, loadServerPki } from "./index.ts";
import { testFolder } from "./test-folder.ts";

const files = ["ca.crt", "ca.key", "server.crt", "server.key"];
const contents = (dir: string): string[] => files.map((file) => readFileSync(join(dir, file), "utf8"));

let template: string;
before(async () => {
  template = await mkdtemp(join(tmpdir(), "kedge-pki-"));
  await initPki({ dir: template, hosts: ["one.example.org"] });
});
after(() => rm(template, { recursive: true, force: true }));

async function fresh(context: TestContext): Promise<{ dir: string; at: (name: string) => string }> {
  const dir = await testFolder(context);
  cpSync(template, dir, { recursive: true });
  return { dir, at: (name) => join(dir, name) };
}

describe("initPki on a folder that has a PKI", { timeout: 60_000 }, () => {
  test("changes nothing where nothing is wanting", async (context) => {
    const { dir } = await fresh(context);
    const before = contents(dir);
    const summary = await initPki({ dir, hosts: ["ONE.example.org", "127.0.0.1"] });
    assert.deepEqual(contents(dir), before);
    assert.equal(summary.caCreated, false);
    assert.equal(summary.serverIssued, false);
    assert.match(summary.messages.join("\n"), /^Kept the certificate authority .*\nKept the server certificate /);
  });

  test("issues the server's certificate anew for a further host, keeping CA and earlier hosts, and says so", async (context) => {
    const { dir } = await fresh(context);
    const before = contents(dir);
    const summary = await initPki({ dir, hosts: ["192.0.2.9"] });
    const after = contents(dir);
    assert.deepEqual(after.slice(0, 2), before.slice(0, 2), "the CA is the same");
    assert.notEqual(after[2], before[2]);
    assert.ok(summary.server.sans.includes("one.example.org") && summary.server.sans.includes("192.0.2.9"));
    assert.match(summary.messages[1] ?? "", /because the one there lacked 192\.0\.2\.9/);
    loadServerPki(dir);
  });

  test("repairs a server certificate that is missing its key, is corrupt, or is of another CA", async (context) => {
    const { dir, at } = await fresh(context);
    rmSync(at("server.key"));
    assert.ok((await initPki({ dir })).server.sans.includes("one.example.org"), "hosts outlive a lost key");
    writeFileSync(at("server.crt"), "not a certificate");
    assert.equal((await initPki({ dir })).serverIssued, true);
    const other = at("other");
    await initPki({ dir: other });
    for (const file of ["server.crt", "server.key"]) writeFileSync(at(file), readFileSync(join(other, file)));
    assert.equal((await initPki({ dir })).serverIssued, true);
    loadServerPki(dir);
  });

  test("renews a server certificate that has expired or is about to", async (context) => {
    const { dir } = await fresh(context);
    await issueServer({ dir, hosts: ["two.example.org"], validityDays: 5 });
    const renewed = await initPki({ dir });
    assert.match(renewed.messages[1] ?? "", /because the one there expires on /);
    assert.ok(renewed.server.sans.includes("two.example.org"));
    await issueServer({ dir, validityDays: 1, notBefore: new Date(Date.now() - 3 * 86_400_000) });
    assert.match((await initPki({ dir })).messages[1] ?? "", /because .*server\.crt expired on /);
  });

  test("refuses, and touches nothing, where only half of a CA is there", async (context) => {
    const { dir, at } = await fresh(context);
    rmSync(at("ca.crt"));
    await assert.rejects(initPki({ dir }), (error) => {
      assert.ok(error instanceof UserError);
      assert.match(error.message, /ca\.key is there, but the certificate of its CA, .*ca\.crt, is missing/);
      assert.ok(error.hint);
      return true;
    });
    rmSync(at("ca.key"));
    await assert.rejects(initPki({ dir }), /server\.crt is there, but/);
  });

  test("says that the CA's key is missing, corrupt or another's only when it is needed", async (context) => {
    const { dir, at } = await fresh(context);
    const other = at("other");
    await initPki({ dir: other });
    const wantMore = () => initPki({ dir, hosts: ["more.example.org"] });
    writeFileSync(at("ca.key"), readFileSync(join(other, "ca.key")));
    await assert.rejects(wantMore(), /ca\.key is not the key of .*ca\.crt/);
    writeFileSync(at("ca.key"), "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
    await assert.rejects(wantMore(), /ca\.key holds no readable private key/);
    rmSync(at("ca.key"));
    await assert.rejects(wantMore(), /ca\.key is missing, which should be the key of the CA/);
    assert.equal((await initPki({ dir })).serverIssued, false);
  });

  test("warns about a folder in which others can exchange certificates", async (context) => {
    const { dir } = await fresh(context);
    chmodSync(dir, 0o777);
    const warnings: string[] = [];
    const nothing = () => undefined;
    await initPki({
      dir,
      logger: { debug: nothing, info: nothing, error: nothing, warn: (text) => warnings.push(text) },
    });
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? "", /chmod 700/);
  });
});

describe("initPki", { timeout: 30_000 }, () => {
  test("refuses what is neither a host name nor an address before it makes anything", async (context) => {
    const dir = join(await testFolder(context), "pki");
    for (const host of ["", "a b", "host:7440", "-x", "fe80::1%eth0", "a..b", "a/b", "*"]) {
      await assert.rejects(
        initPki({ dir, hosts: [host] }),
        (error) => error instanceof UserError && !!error.hint,
        host,
      );
    }
    await assert.rejects(initPki({ dir, hosts: Array.from({ length: 101 }, (_, n) => `h${n}`) }), /too many/);
    assert.throws(() => readFileSync(join(dir, "ca.crt")), { code: "ENOENT" });
  });

  test("says which part of its path is not a folder", async (context) => {
    const dir = await testFolder(context);
    writeFileSync(join(dir, "file"), "");
    await assert.rejects(initPki({ dir: join(dir, "file", "pki") }), (error) => error instanceof UserError);
  });
});
