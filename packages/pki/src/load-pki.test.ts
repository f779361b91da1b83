import assert from "node:assert/strict";
import { chmodSync, cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { UserError } from "@kedgefs/core";
import { initPki, issueClient, listClients, loadClientPki, loadServerPki } from "./index.ts";

/** A UserError whose message matches and that says what to do. */
function refusal(message: RegExp, hint: RegExp) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof UserError, String(error));
    assert.match(error.message, message);
    assert.match(error.hint ?? "", hint);
    return true;
  };
}

describe("loading a PKI", { timeout: 60_000 }, () => {
  let base: string;
  let dir: string;
  let count = 0;
  const at = (name: string): string => join(dir, name);

  before(async () => {
    base = await mkdtemp(join(tmpdir(), "kedge-pki-"));
    const made = join(base, "made");
    await initPki({ dir: made });
    const dayAgo = new Date(Date.now() - 3 * 86_400_000);
    await Promise.all([
      issueClient({ dir: made, name: "alice" }),
      issueClient({ dir: made, name: "bob" }),
      issueClient({ dir: made, name: "soon", validityDays: 10 }),
      issueClient({ dir: made, name: "gone", validityDays: 1, notBefore: dayAgo }),
      issueClient({ dir: made, name: "early", notBefore: new Date(Date.now() + 86_400_000) }),
    ]);
  });
  after(() => rm(base, { recursive: true, force: true }));
  beforeEach(() => {
    dir = join(base, String(count++));
    cpSync(join(base, "made"), dir, { recursive: true });
  });

  test("gives the files as they are, with their expiry, and nothing to warn of", () => {
    const server = loadServerPki(dir);
    assert.deepEqual(server.ca, readFileSync(at("ca.crt")));
    assert.deepEqual(server.cert, readFileSync(at("server.crt")));
    assert.deepEqual(server.key, readFileSync(at("server.key")));
    assert.ok(Math.abs(server.expires.getTime() - Date.now() - 825 * 86_400_000) < 600_000);
    assert.deepEqual(server.warnings, []);
    assert.equal(loadClientPki(dir, "alice").identity, "alice");
  });

  test("takes the only client certificate without being told its name", () => {
    for (const name of ["bob", "soon", "gone", "early"]) rmSync(at(`${name}.key`));
    assert.equal(loadClientPki(dir).identity, "alice");
  });

  test("lists them where there are several, and says so where there is none", () => {
    assert.deepEqual(listClients(dir), ["alice", "bob", "early", "gone", "soon"]);
    assert.throws(
      () => loadClientPki(dir),
      refusal(/5 client certificates: alice, bob, early, gone, soon$/, /--cert NAME/),
    );
    for (const name of listClients(dir)) rmSync(at(`${name}.key`));
    assert.throws(
      () => loadClientPki(dir),
      refusal(/no client certificate with its key \(alice, .*without/, /kedge pki issue NAME/),
    );
    assert.throws(() => loadClientPki(at("nowhere")), refusal(/nowhere: it does not exist/, /kedge pki init/));
  });

  test("warns of a certificate that expires soon, and of a key that others can read", () => {
    const [warning, ...others] = loadClientPki(dir, "soon").warnings;
    assert.match(warning ?? "", /soon\.crt expires on \d{4}-\d\d-\d\d, in 9 days\. kedge pki issue soon .*--renew$/);
    assert.deepEqual(others, []);
    chmodSync(at("alice.key"), 0o640);
    assert.match(loadClientPki(dir, "alice").warnings.join(), /alice\.key can be read by others .*chmod 600/);
  });

  test("refuses a certificate outside its validity", () => {
    assert.throws(() => loadClientPki(dir, "gone"), refusal(/gone\.crt expired on /, /--renew/));
    assert.throws(() => loadClientPki(dir, "early"), refusal(/early\.crt is valid only from /, /The clock here/));
  });

  test("refuses a key that is another's, is missing or is no key, with its path", () => {
    cpSync(at("bob.key"), at("alice.key"));
    assert.throws(() => loadClientPki(dir, "alice"), refusal(/alice\.key is not the key of .*alice\.crt/, /--renew/));
    writeFileSync(at("alice.key"), "nonsense");
    assert.throws(() => loadClientPki(dir, "alice"), refusal(/alice\.key holds no readable private key/, /Restore/));
    rmSync(at("alice.key"));
    assert.throws(() => loadClientPki(dir, "alice"), refusal(/alice\.key is missing/, /kedge pki issue alice/));
    rmSync(at("server.crt"));
    assert.throws(() => loadServerPki(dir), refusal(/server\.crt is missing/, /kedge pki init/));
  });

  test("refuses a certificate that is none, too large, of the other purpose, or of another CA", async () => {
    writeFileSync(at("alice.crt"), "nonsense");
    assert.throws(() => loadClientPki(dir, "alice"), refusal(/alice\.crt holds no readable certificate/, /PEM/));
    writeFileSync(at("alice.crt"), Buffer.alloc((1 << 20) + 1));
    assert.throws(() => loadClientPki(dir, "alice"), /alice\.crt is too large/);
    for (const suffix of [".crt", ".key"]) cpSync(at(`bob${suffix}`), at(`server${suffix}`));
    assert.throws(
      () => loadServerPki(dir),
      refusal(/server\.crt is not the certificate of a server/, /kedge pki init/),
    );
    await initPki({ dir: at("other") });
    cpSync(at("other/ca.crt"), at("ca.crt"));
    assert.throws(
      () => loadClientPki(dir, "bob"),
      refusal(/bob\.crt was not issued by the CA in .*ca\.crt/, /ca\.crt/),
    );
  });

  test("accepts a bundle of CAs, as one has while moving from one to another", async () => {
    await initPki({ dir: at("other") });
    writeFileSync(at("ca.crt"), Buffer.concat([readFileSync(at("other/ca.crt")), readFileSync(at("ca.crt"))]));
    assert.equal(loadClientPki(dir, "bob").identity, "bob");
  });

  test("says that there is no permission", () => {
    const read = () => loadClientPki(dir, "alice");
    const noPermission = refusal(/alice\.key: no permission/, /owner/);
    for (const path of [base, dir]) chmodSync(path, 0o755);
    chmodSync(at("alice.key"), 0);
    if (process.geteuid?.() !== 0) return assert.throws(read, noPermission);
    // Root may read everything, so be somebody else for the length of this synchronous call.
    process.seteuid?.(65_534);
    try {
      assert.throws(read, noPermission);
    } finally {
      process.seteuid?.(0);
    }
  });
});
