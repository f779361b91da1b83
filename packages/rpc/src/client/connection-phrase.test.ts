import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { createServer as createTlsServer } from "node:tls";
import { type ServiceError, status } from "@grpc/grpc-js";
import { initPki, issueClient } from "@kedgefs/pki";
import type { TlsMaterial } from "../tls-material.ts";
import { connectionPhrase } from "./connection-phrase.ts";
import { dial } from "./transport.ts";

const unavailable = (reason: string): string => `No connection established. Last error: ${reason}. Resolution note: `;
const opensslLine = (reason: string): string =>
  `Error: 402DD0BCB27F0000:error:0A00010B:SSL routines:tls_validate_record_header:${reason}:../tlsany_meth.c:77:\n`;
const refusedCertificate = (why: string): string => `the server's certificate was refused: the certificate ${why}`;
const notTls = "what listens there does not speak TLS as a kedge server does";
const brokeOff = "the connection broke off";

const phraseOf: readonly (readonly [details: string, phrase: string])[] = [
  [unavailable("Error: connect ECONNREFUSED 127.0.0.1:7440"), "connection refused"],
  [unavailable("Error: connect ECONNREFUSED ::1:7440"), "connection refused"],
  [unavailable("Error: connect EHOSTUNREACH 10.1.2.3:7440 - Local (0.0.0.0:0)"), "no route to the server"],
  [unavailable("Error: connect ENETUNREACH fd00::1:7440 - Local (:::0)"), "no route to the server"],
  [unavailable("Error: connect EADDRNOTAVAIL fd00::1:7440 - Local (:::0)"), "no route to the server"],
  [unavailable("Error: connect ETIMEDOUT 10.1.2.3:7440"), "timed out: the server does not answer"],
  [
    "Deadline exceeded after 10.002s,metadata filters: 0.001s,Waiting for LB pick",
    "timed out: the server does not answer",
  ],
  ["read ETIMEDOUT", "timed out: the server does not answer"],
  ["Name resolution failed for target dns:nas:7440", "no address is known for the server's name"],
  [unavailable("Error: certificate has expired"), refusedCertificate("has expired")],
  [unavailable("Error: certificate is not yet valid"), refusedCertificate("is not valid yet (or a clock is wrong)")],
  [
    unavailable("Error: unable to verify the first certificate; if the root CA is installed locally, try running Node"),
    refusedCertificate("was signed by another CA"),
  ],
  [unavailable("Error: self-signed certificate in certificate chain"), refusedCertificate("was signed by another CA")],
  [
    unavailable(
      "Error [ERR_TLS_CERT_ALTNAME_INVALID]: Hostname/IP does not match certificate's altnames: " +
        "IP: 127.0.0.2 is not in the cert's list: 127.0.0.1, ::1",
    ),
    "the server's certificate was refused: it was not made for this name",
  ],
  [unavailable(opensslLine("wrong version number")), notTls],
  [unavailable(opensslLine("packet length too long")), notTls],
  [unavailable(opensslLine("tlsv1 alert internal error")), "the TLS handshake failed: tlsv1 alert internal error"],
  [unavailable("Error: read ECONNRESET"), brokeOff],
  [unavailable("Error: Client network socket disconnected before secure TLS connection was established"), brokeOff],
  [unavailable("Failed to connect (2026-01-02T03:04:05.678Z)"), brokeOff],
  ["read ECONNRESET", brokeOff],
  ["Connection dropped", brokeOff],
  ["Received RST_STREAM with code 2 (Internal server error)", "the server closed the stream"],
];

describe("a text of grpc-js becomes a phrase in plain words", () => {
  for (const [details, phrase] of phraseOf) {
    test(`"${phrase}" from: ${details.trim()}`, () => {
      const message = `14 UNAVAILABLE: ${details}`;
      assert.equal(connectionPhrase(Object.assign(new Error(message), { code: status.UNAVAILABLE, details })), phrase);
      assert.equal(connectionPhrase(new Error(message)), phrase, "from the message alone");
      assert.equal(connectionPhrase(new Error(details)), phrase, "from the reason of a lane's end");
      assert.equal(connectionPhrase(new Error(phrase)), phrase, "and stays as it is");
    });
  }
});

test("what is not known is said as it is, less what grpc-js puts around it", () => {
  assert.equal(
    connectionPhrase(new Error(unavailable("Error: connect EMFILE 127.0.0.1:1"))),
    "connect EMFILE 127.0.0.1:1",
  );
  for (const text of ["the server is stopping", "the server closed the stream", "the session was closed"]) {
    assert.equal(connectionPhrase(new Error(text)), text);
  }
});

test("the server's own words are not read as anything else", () => {
  const details = "refused by the server: the certificate has expired";
  for (const code of [status.UNAUTHENTICATED, status.PERMISSION_DENIED]) {
    assert.equal(connectionPhrase(Object.assign(new Error(`${code} X: ${details}`), { code, details })), details);
  }
  const odd = { code: status.NOT_FOUND, details: "Connection dropped is no export" };
  assert.equal(connectionPhrase(Object.assign(new Error("5 NOT_FOUND: …"), odd)), odd.details);
});

describe("what grpc-js says of a failed attempt is known", () => {
  const dir = mkdtempSync(join(tmpdir(), "kedge-phrase-"));
  const read = (pki: string, name: string): Buffer => readFileSync(join(dir, pki, name));
  let ours: TlsMaterial;
  before(async () => {
    for (const pki of ["ours", "theirs"]) {
      await initPki({ dir: join(dir, pki) });
      await issueClient({ dir: join(dir, pki), name: "me" });
    }
    ours = { ca: read("ours", "ca.crt"), cert: read("ours", "me.crt"), key: read("ours", "me.key") };
  });
  after(() => rmSync(dir, { recursive: true }));

  async function listen(server: Server): Promise<number> {
    server.listen(0);
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  }

  async function phraseOfAttempt(host: string, port: number): Promise<string> {
    const transport = dial({ host, port }, ours);
    const query = { exportName: "data", sessionId: Buffer.alloc(0), clientDescription: "test" };
    const error = await transport.attach(query).then(
      () => assert.fail("was let in"),
      (reason: ServiceError) => reason,
    );
    transport.close();
    return connectionPhrase(error);
  }

  async function phraseOfTls(pki: string, host: string): Promise<string> {
    const server = createTlsServer({
      cert: read(pki, "server.crt"),
      key: read(pki, "server.key"),
      ALPNProtocols: ["h2"],
    });
    server.on("tlsClientError", () => {});
    const port = await listen(server);
    try {
      return await phraseOfAttempt(host, port);
    } finally {
      server.close();
    }
  }

  test("where nothing listens", async () => {
    const server = createServer();
    const port = await listen(server);
    server.close();
    await once(server, "close");
    assert.equal(await phraseOfAttempt("127.0.0.1", port), "connection refused");
  });

  test("where no TLS is spoken", async () => {
    const server = createServer((socket) => socket.on("error", () => {}).end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    const port = await listen(server);
    try {
      assert.equal(await phraseOfAttempt("127.0.0.1", port), notTls);
    } finally {
      server.close();
    }
  });

  test("where the connection is reset", async () => {
    const server = createServer((socket) => socket.on("error", () => {}).once("data", () => socket.resetAndDestroy()));
    const port = await listen(server);
    try {
      assert.equal(await phraseOfAttempt("127.0.0.1", port), brokeOff);
    } finally {
      server.close();
    }
  });

  test("where the server's certificate is another CA's", async () => {
    assert.equal(await phraseOfTls("theirs", "127.0.0.1"), refusedCertificate("was signed by another CA"));
  });

  test("where the server's certificate was made for other names", async () => {
    const phrase = "the server's certificate was refused: it was not made for this name";
    assert.equal(await phraseOfTls("ours", "127.0.0.2"), phrase);
  });
});
