import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { describeCertificate, initPki, issueClient, type PkiSummary } from "./index.ts";

describe("certificates", { timeout: 60_000 }, () => {
  let dir: string;
  let pki: string;
  let summary: PkiSummary;
  const at = (name: string): string => join(pki, name);
  const certificate = (name: string): X509Certificate => new X509Certificate(readFileSync(at(`${name}.crt`)));

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), "kedge-pki-"));
    pki = join(dir, "deep", "pki");
    summary = await initPki({ dir: pki, hosts: ["Files.Example.org", "*.example.net", "192.0.2.7", "2001:db8:0::7"] });
    await issueClient({ dir: pki, name: "alice@host_1.example" });
  });
  after(() => rm(dir, { recursive: true, force: true }));

  test("the folder and the keys are the owner's alone, certificates are for everybody", async () => {
    const mode = (path: string): number => statSync(path).mode & 0o7777;
    assert.equal(mode(pki), 0o700);
    for (const name of ["ca", "server", "alice@host_1.example"]) {
      assert.equal(mode(at(`${name}.key`)), 0o600, name);
      assert.equal(mode(at(`${name}.crt`)), 0o644, name);
    }
    assert.equal((await readdir(pki)).length, 6, "no temporary file is left");
  });

  test("the CA may sign certificates of clients and servers, and nothing between", () => {
    const ca = certificate("ca");
    assert.equal(ca.ca, true);
    assert.ok(ca.checkIssued(ca) && ca.verify(ca.publicKey));
    assert.equal(ca.publicKey.asymmetricKeyDetails?.modulusLength, 3072);
    const years = (ca.validToDate.getTime() - ca.validFromDate.getTime()) / 86_400_000;
    assert.equal(years, 3650);
  });

  test("leaves are signed by the CA with SHA-256, fit their keys, and were valid five minutes ago", () => {
    const ca = certificate("ca");
    for (const name of ["server", "alice@host_1.example"]) {
      const leaf = certificate(name);
      assert.equal(leaf.ca, false);
      assert.ok(leaf.checkIssued(ca) && leaf.verify(ca.publicKey), name);
      assert.equal(leaf.signatureAlgorithm, "sha256WithRSAEncryption");
      assert.match(leaf.serialNumber, /^[4-7][0-9A-F]{31}$/, "128 bits, positive");
      assert.equal(leaf.validToDate.getTime() - leaf.validFromDate.getTime(), 825 * 86_400_000);
      const age = Date.now() - leaf.validFromDate.getTime();
      assert.ok(age >= 300_000 && age < 400_000, `${age} ms`);
      assert.match(leaf.toString(), /^-----BEGIN CERTIFICATE-----\n[^\r]*$/);
    }
  });

  test("the server's certificate is for servers, the client's for clients, and each says who it is", () => {
    assert.deepEqual(certificate("server").keyUsage, ["1.3.6.1.5.5.7.3.1"]);
    assert.deepEqual(certificate("alice@host_1.example").keyUsage, ["1.3.6.1.5.5.7.3.2"]);
    assert.equal(certificate("alice@host_1.example").toLegacyObject().subject?.CN, "alice@host_1.example");
    assert.equal(describeCertificate(readFileSync(at("alice@host_1.example.crt"))).subject, "CN=alice@host_1.example");
  });

  test("the server's certificate is good for the default hosts and the given ones, and for no others", () => {
    const server = certificate("server");
    for (const host of ["localhost", "files.example.org", "any.example.net", hostname()]) {
      assert.ok(server.checkHost(host, { subject: "never" }), host);
    }
    for (const ip of ["127.0.0.1", "::1", "192.0.2.7", "2001:db8::7"]) assert.ok(server.checkIP(ip), ip);
    assert.equal(server.checkHost("example.org"), undefined);
    assert.equal(server.checkIP("192.0.2.8"), undefined);
    const sans = ["localhost", "127.0.0.1", "::1", "files.example.org", "*.example.net", "192.0.2.7", "2001:db8::7"];
    for (const san of sans) assert.ok(summary.server.sans.includes(san), san);
  });

  test("a description tells subject, issuer, dates and fingerprint", () => {
    const described = describeCertificate(readFileSync(at("server.crt")));
    assert.deepEqual(described, summary.server);
    assert.match(described.issuer, /^CN=KedgeFS CA [0-9a-f]{8}$/);
    assert.equal(described.issuer, summary.ca.subject);
    assert.match(described.fingerprint, /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
  });

  const noOpenssl = spawnSync("openssl", ["version"]).error ? "the program openssl is missing" : false;
  const openssl = (...args: string[]) => spawnSync("openssl", args, { encoding: "utf8", timeout: 20_000 });

  test("openssl verifies both chains strictly, for their purpose alone", { skip: noOpenssl }, () => {
    const verify = (purpose: string, name: string) =>
      openssl("verify", "-x509_strict", "-CAfile", at("ca.crt"), "-purpose", purpose, at(`${name}.crt`));
    for (const [purpose, name] of [
      ["sslserver", "server"],
      ["sslclient", "alice@host_1.example"],
    ] as const) {
      const result = verify(purpose, name);
      assert.equal(result.status, 0, result.stdout + result.stderr);
    }
    assert.notEqual(verify("sslclient", "server").status, 0);
    assert.notEqual(verify("sslserver", "alice@host_1.example").status, 0);
  });

  test("openssl reads the extensions as they were meant", { skip: noOpenssl }, () => {
    const text = (name: string): string => openssl("x509", "-noout", "-text", "-in", at(`${name}.crt`)).stdout;
    assert.match(text("ca"), /Basic Constraints: critical\n\s+CA:TRUE, pathlen:0\n/);
    assert.match(text("ca"), /Key Usage: critical\n\s+Certificate Sign, CRL Sign\n/);
    assert.match(text("server"), /Key Usage: critical\n\s+Digital Signature\n/);
    assert.match(text("server"), /Extended Key Usage: ?\n\s+TLS Web Server Authentication\n/);
    const subjectKey = /Subject Key Identifier: ?\n\s+([0-9A-F:]+)/.exec(text("ca"))?.[1];
    const authorityKey = /Authority Key Identifier: ?\n\s+(?:keyid:)?([0-9A-F:]+)/.exec(text("server"))?.[1];
    assert.ok(subjectKey);
    assert.equal(authorityKey, subjectKey);
  });
});
