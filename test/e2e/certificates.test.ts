import assert from "node:assert/strict";
import { once } from "node:events";
import { appendFileSync, cpSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import http2 from "node:http2";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { connect as connectTo } from "@kedgefs/client";
import { silentLogger } from "@kedgefs/core";
import { initPki, issueClient } from "@kedgefs/pki";
import { lacksMounts } from "../support/prerequisites.ts";
import { isMounted, type Server, Site, shell } from "../support/site.ts";

const timeout = 120_000;
const dayMs = 86_400_000;

describe("a mount is refused, with the reason,", { skip: lacksMounts() }, () => {
  let site: Site;
  let server: Server;
  let guarded: Server;
  const folder = (name: string): string => join(site.dir, name);

  before(async () => {
    site = await Site.create();
    await issueClient({ dir: site.pki, name: "alice" });
    await issueClient({ dir: site.pki, name: "bob" });
    const longAgo = new Date(Date.now() - 3 * dayMs);
    await issueClient({ dir: site.pki, name: "late", notBefore: longAgo, validityDays: 1 });
    await issueClient({ dir: site.pki, name: "early", notBefore: new Date(Date.now() + dayMs) });
    await initPki({ dir: folder("theirs") });
    await issueClient({ dir: folder("theirs"), name: "alice" });
    server = await site.serve();
    guarded = await site.serve({
      state: folder("guarded"),
      exports: [`data=${site.data}`, `other=${site.data}`],
      allow: ["alice=data", "bob=data,ro", "bob=other"],
    });
  });
  after(() => site?.[Symbol.asyncDispose]());

  /** A client's own folder: the CA's certificate of one PKI and the client's pair of another, as given. */
  function clientFolder(name: string, ca: string, pair?: { readonly pki: string; readonly client: string }): string {
    const path = folder(name);
    mkdirSync(path);
    cpSync(join(ca, "ca.crt"), join(path, "ca.crt"));
    for (const end of pair ? ["crt", "key"] : []) {
      cpSync(join(pair?.pki ?? "", `${pair?.client}.${end}`), join(path, `${pair?.client}.${end}`));
    }
    return path;
  }

  async function refused(to: Server, pki: string, reason: RegExp, cert = "alice", exportName = "data"): Promise<void> {
    const mountpoint = site.folder("mnt");
    const source = `127.0.0.1:${to.port}/${exportName}`;
    const { code, stderr } = await site.tryKedge("mount", source, mountpoint, "--pki", pki, "--cert", cert);
    assert.equal(code, 1, stderr);
    assert.match(stderr, reason);
    assert.doesNotMatch(stderr, /^ {4}at |internal error/m);
    assert.equal(isMounted(mountpoint), false);
  }

  test("to a client that has no certificate", { timeout }, async () => {
    const pki = clientFolder("none", site.pki);
    await refused(server, pki, /alice\.crt|no client certificate/);
    const { stderr } = await site.tryKedge("mount", `127.0.0.1:${server.port}/data`, site.folder("mnt"), "--pki", pki);
    assert.match(stderr, /holds no client certificate with its key\n {2}Issue one with: kedge pki issue NAME/);
  });

  test("to a client with a certificate of another CA: by itself, or by the server", { timeout }, async () => {
    const pki = clientFolder("mixed", site.pki, { pki: folder("theirs"), client: "alice" });
    await refused(server, pki, /alice\.crt was not issued by the CA in .*ca\.crt\n {2}Copy ca\.crt from the folder/);
    // A client that trusts both CAs finds no fault with its own folder, nor with the server.
    appendFileSync(join(pki, "ca.crt"), readFileSync(join(folder("theirs"), "ca.crt")));
    await refused(server, pki, /signed by another CA\n {2}show a certificate that this server's CA has signed/);
  });

  test("to a client of another CA: by the client itself, for the server's certificate", { timeout }, async () => {
    await refused(
      server,
      folder("theirs"),
      /the certificate of the server 127\.0\.0\.1:\d+ was refused: the certificate was signed by another CA/,
    );
  });

  test("to a client whose certificate has expired, or is not valid yet", { timeout }, async () => {
    await refused(server, site.pki, /late\.crt.* expired .*\n {2}.*kedge pki issue late .*--renew/, "late");
    await refused(server, site.pki, /early\.crt is valid only from .*\n {2}The clock here says/, "early");
  });

  test("to a client without a certificate or with an expired one that does not look at it first", {
    timeout,
  }, async () => {
    const pem = (file: string): Buffer => readFileSync(join(site.pki, file));
    const address = { host: "127.0.0.1", port: server.port, exportName: "data", logger: silentLogger };
    const expired = { ca: pem("ca.crt"), cert: pem("late.crt"), key: pem("late.key") };
    await assert.rejects(connectTo({ ...address, tls: expired }), /certificate .*has expired/);

    const session = http2.connect(`https://127.0.0.1:${server.port}`, { ca: expired.ca });
    try {
      const stream = session.request({ ":method": "POST", ":path": "/kedge.v1.Kedge/Attach" });
      const [headers] = (await once(stream, "response")) as [http2.IncomingHttpHeaders];
      assert.match(decodeURIComponent(String(headers["grpc-message"])), /no client certificate/);
    } finally {
      session.destroy();
    }
  });

  test("to an identity that is not allowed on the export", { timeout }, async () => {
    await refused(guarded, site.pki, /the identity tester is not allowed on the export data/, "tester");
    await refused(guarded, site.pki, /the identity alice is not allowed on the export other/, "alice", "other");
  });

  test("and granted to those who are allowed, as far as they are", { timeout }, async () => {
    const alices = await site.mount(guarded, { args: ["--cert", "alice"] });
    await shell("echo alice > made", alices);
    const bobs = await site.mount(guarded, { args: ["--cert", "bob"] });
    assert.equal(await shell("cat made", bobs), "alice\n");
    await assert.rejects(shell("LC_ALL=C touch made", bobs), /Read-only file system/);
    assert.equal((await site.status(bobs)).readOnly, true);
    const other = await site.mount(guarded, { args: ["--cert", "bob"], export: "other" });
    await shell("echo bob >> made", other);
    assert.equal(await shell("cat made", alices), "alice\nbob\n");
    for (const mountpoint of [alices, bobs, other]) await site.umount(mountpoint);
  });

  test("where one must be named because there are several", { timeout }, async () => {
    const args = [`127.0.0.1:${server.port}/data`, site.folder("mnt"), "--pki", site.pki];
    const { code, stderr } = await site.tryKedge("mount", ...args);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /holds 5 client certificates: alice, bob, early, late, tester\n {2}Say which with --cert NAME/,
    );
  });

  test("to one that speaks no TLS, and by a port that speaks none", { timeout }, async () => {
    const socket = connect(server.port, "127.0.0.1");
    socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    let answer = "";
    for await (const chunk of socket) answer += String(chunk);
    assert.match(answer, /TLS 1\.3 with a client certificate only/);

    const plain = createServer((client) => {
      client.on("error", () => {});
      client.end("HTTP/1.1 400 Bad Request\r\n\r\n");
    }).listen(0, "127.0.0.1");
    try {
      await once(plain, "listening");
      const address = plain.address();
      assert.ok(address !== null && typeof address === "object");
      const args = [`127.0.0.1:${address.port}/data`, site.folder("mnt"), "--pki", site.pki, "--cert", "alice"];
      const { code, stderr } = await site.tryKedge("mount", ...args);
      assert.equal(code, 1);
      assert.match(stderr, /does not speak TLS as a kedge server does\n {2}check the port/);
    } finally {
      plain.close();
    }
  });

  test("when the certificate was renewed under a running server, until it reads its own anew", {
    timeout,
  }, async () => {
    // A server of a CA of its own, which changes while it runs.
    const pki = folder("changing");
    await initPki({ dir: pki });
    await issueClient({ dir: pki, name: "alice" });
    const changing = await site.serve({ pki, state: folder("changing-state") });
    rmSync(pki, { recursive: true });
    await initPki({ dir: pki });
    await issueClient({ dir: pki, name: "alice" });
    await refused(changing, pki, /was refused: the certificate was signed by another CA/);
    changing.kill("SIGHUP");
    await changing.logged(/certificates read anew/);
    const mnt = await site.mount(changing, { pki });
    await site.umount(mnt);
  });
});
