import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, connect as connectTcp, isIP } from "node:net";
import { describe, type TestContext, test } from "node:test";
import { connect, createServer, type PeerCertificate, type TLSSocket } from "node:tls";
import { initPki, issueClient, issueServer, loadClientPki, loadServerPki } from "./index.ts";
import { testFolder } from "./test-folder.ts";

type Material = Pick<ReturnType<typeof loadServerPki>, "ca" | "cert" | "key">;

/**
 * One handshake over loopback TCP and a line there and back, as the server saw it. The server judges the client's certificate
 * after the handshake: told to reject by itself, Node ends the connection and keeps the reason ("ECONNRESET" is all one gets).
 * The client's own error, if any, rejects.
 */
async function handshake(context: TestContext, server: Material, client: Partial<Material>, host: string) {
  const listener = createServer({ ...server, requestCert: true, rejectUnauthorized: false, minVersion: "TLSv1.3" });
  context.after(() => listener.close());
  // A client that goes away in the handshake is what one of the tests is about; it sees the reason itself.
  listener.on("tlsClientError", () => undefined);
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  const servername = isIP(host) === 0 ? host : "";
  const socket = connect({ ...client, socket: connectTcp(port, "127.0.0.1"), host, servername });
  context.after(() => socket.destroy());

  const accepted = once(listener, "secureConnection") as Promise<[TLSSocket]>;
  await once(socket, "secureConnect");
  const [peer] = await accepted;
  peer.pipe(peer);
  socket.write("there and back");
  const [echo] = await once(socket, "data");
  return {
    echo: String(echo),
    protocol: peer.getProtocol(),
    // Empty where the client showed none.
    identity: (peer.getPeerCertificate() as Partial<PeerCertificate>).subject?.CN,
    // The types say Error; it is the code, a string, in fact.
    refusal: peer.authorized ? undefined : String(peer.authorizationError),
  };
}

describe("a TLS 1.3 handshake with these certificates", { timeout: 60_000 }, () => {
  test("succeeds both ways, tells the server the identity, and does so after a rotation too", async (context) => {
    const dir = await testFolder(context);
    await initPki({ dir });
    await issueClient({ dir, name: "alice" });
    const client = loadClientPki(dir, "alice");
    for (const host of ["localhost", "127.0.0.1"]) {
      const outcome = await handshake(context, loadServerPki(dir), client, host);
      assert.deepEqual(outcome, {
        echo: "there and back",
        protocol: "TLSv1.3",
        identity: "alice",
        refusal: undefined,
      });
    }
    await issueServer({ dir });
    const outcome = await handshake(context, loadServerPki(dir), client, "localhost");
    assert.equal(outcome.identity, "alice");
  });

  test("tells the server of a client without a certificate, of another CA, expired, or with a server's", async (context) => {
    const dir = await testFolder(context);
    const otherDir = await testFolder(context);
    await Promise.all([initPki({ dir }), initPki({ dir: otherDir })]);
    const expired = await issueClient({
      dir,
      name: "late",
      validityDays: 1,
      notBefore: new Date(Date.now() - 172_800_000),
    });
    await issueClient({ dir: otherDir, name: "mallory" });
    const server = loadServerPki(dir);
    const { ca } = server;
    const refusalOf = async (client: Partial<Material>) =>
      (await handshake(context, server, client, "localhost")).refusal;

    assert.equal(await refusalOf({ ca }), "UNABLE_TO_GET_ISSUER_CERT");
    const foreign = loadClientPki(otherDir, "mallory");
    assert.equal(await refusalOf({ ...foreign, ca }), "UNABLE_TO_VERIFY_LEAF_SIGNATURE");
    assert.equal(
      await refusalOf({ ca, cert: readFileSync(expired.cert), key: readFileSync(expired.key) }),
      "CERT_HAS_EXPIRED",
    );
    assert.equal(await refusalOf(server), "INVALID_PURPOSE");
  });

  test("fails at the client for a host that the certificate does not name", async (context) => {
    const dir = await testFolder(context);
    await initPki({ dir });
    await issueClient({ dir, name: "alice" });
    await assert.rejects(handshake(context, loadServerPki(dir), loadClientPki(dir), "elsewhere.example.org"), {
      code: "ERR_TLS_CERT_ALTNAME_INVALID",
    });
  });
});
