import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import http2 from "node:http2";
import { connect as connectTcp } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type ServiceError, status } from "@grpc/grpc-js";
import { type Entry, type NodeId, silentLogger } from "@kedgefs/core";
import { initPki, issueClient } from "@kedgefs/pki";
import { connectionProblem } from "../client/connection-problem.ts";
import { dial } from "../client/transport.ts";
import type { TlsMaterial } from "../tls-material.ts";
import { AttachRefusal, type RpcServer, startRpcServer } from "./rpc-server.ts";

const dir = mkdtempSync(join(tmpdir(), "kedge-gate-"));
const material = (pki: string, name: string, ca = pki): TlsMaterial => ({
  ca: readFileSync(join(dir, ca, "ca.crt")),
  cert: readFileSync(join(dir, pki, `${name}.crt`)),
  key: readFileSync(join(dir, pki, `${name}.key`)),
});
const zero = { sec: 0, nsec: 0 };
const root: Entry = {
  node: "root" as NodeId,
  attr: {
    ino: 1n,
    mode: 0o40755,
    nlink: 1,
    uid: 0,
    gid: 0,
    rdev: 0,
    size: 0n,
    blocks: 0n,
    blksize: 4096,
    atime: zero,
    mtime: zero,
    ctime: zero,
    btime: zero,
  },
};

let server: RpcServer;
before(async () => {
  for (const pki of ["ours", "theirs"]) {
    await initPki({ dir: join(dir, pki) });
    await issueClient({ dir: join(dir, pki), name: "me" });
  }
  const longAgo = new Date(Date.now() - 3 * 86_400_000);
  await issueClient({ dir: join(dir, "ours"), name: "old", notBefore: longAgo, validityDays: 1 });
  server = await startRpcServer({
    tls: material("ours", "server"),
    listen: { host: "127.0.0.1", port: 0 },
    serverVersion: "test",
    logger: silentLogger,
    handlers: {
      async attach({ identity, exportName }) {
        if (exportName === "forbidden")
          throw new AttachRefusal("not-allowed", `${identity} is not allowed on forbidden`);
        const id = Buffer.alloc(16, 1);
        return {
          sessionId: id,
          incarnation: id,
          resumed: false,
          epoch: 1,
          root,
          readOnly: false,
          coarseTimes: false,
          closeReports: false,
          awaitsLocks: false,
          strictAtime: false,
          leaseMs: 0,
        };
      },
      async detach() {},
      openLane: () => false,
    },
  });
});
after(async () => {
  await server?.stop();
  rmSync(dir, { recursive: true });
});

async function attach(tls: TlsMaterial, exportName = "data", port = server.port): Promise<ServiceError | string> {
  const transport = dial({ host: "127.0.0.1", port }, tls);
  try {
    const attached = await transport.attach({ exportName, sessionId: Buffer.alloc(0), clientDescription: "test" });
    return attached.root.node;
  } catch (error) {
    return error as ServiceError;
  } finally {
    transport.close();
  }
}

async function refusal(tls: TlsMaterial, exportName?: string): Promise<string> {
  const error = await attach(tls, exportName);
  assert.ok(typeof error !== "string", "was let in");
  return (await connectionProblem(error, { host: "127.0.0.1", port: server.port }, tls)).message;
}

test("a certificate that the CA signed is let in", async () => {
  assert.equal(await attach(material("ours", "me")), "root");
});

test("a certificate of another CA is refused, and the client reads so", async () => {
  const tls = { ...material("theirs", "me"), ca: material("ours", "me").ca };
  assert.match(await refusal(tls), /signed by another CA/);
});

test("an expired certificate is refused, and the client reads so", async () => {
  assert.match(await refusal(material("ours", "old")), /has expired/);
});

test("a server's certificate is no client's", async () => {
  assert.match(await refusal(material("ours", "server")), /another purpose/);
});

test("an identity that is not allowed on the export is refused, and the client reads so", async () => {
  const error = await attach(material("ours", "me"), "forbidden");
  assert.equal((error as ServiceError).code, status.PERMISSION_DENIED);
  assert.match(await refusal(material("ours", "me"), "forbidden"), /me is not allowed on forbidden/);
});

test("a client without a certificate is refused, and reads so", async () => {
  const session = http2.connect(`https://127.0.0.1:${server.port}`, { ca: material("ours", "me").ca });
  try {
    const stream = session.request({
      ":method": "POST",
      ":path": "/kedge.v1.Kedge/Attach",
      "content-type": "application/grpc",
    });
    const [headers] = (await once(stream, "response")) as [http2.IncomingHttpHeaders];
    assert.equal(headers["grpc-status"], String(status.UNAUTHENTICATED));
    assert.match(decodeURIComponent(String(headers["grpc-message"])), /no client certificate/);
  } finally {
    session.destroy();
  }
});

test("a connection without TLS is told to use it", async () => {
  const socket = connectTcp(server.port, "127.0.0.1");
  socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  let answer = "";
  for await (const chunk of socket) answer += String(chunk);
  assert.match(answer, /TLS 1\.3 with a client certificate only/);
});

test("TLS 1.2 is refused", async () => {
  const session = http2.connect(`https://127.0.0.1:${server.port}`, {
    ...material("ours", "me"),
    maxVersion: "TLSv1.2",
  });
  const [error] = (await once(session, "error")) as [NodeJS.ErrnoException];
  assert.match(String(error.code), /ALERT_PROTOCOL_VERSION/);
});

test("a server of another CA is refused by the client, which says so", async () => {
  const tls = { ...material("ours", "me"), ca: material("theirs", "me").ca };
  assert.match(
    await refusal(tls),
    /the certificate of the server .* was refused: the certificate was signed by another CA/,
  );
});

test("a port where nothing listens is named", async () => {
  const tls = material("ours", "me");
  const idle = connectTcp(server.port, "127.0.0.1");
  await once(idle, "connect");
  const port = idle.localPort ?? 0;
  idle.destroy();
  const error = (await attach(tls, "data", port)) as ServiceError;
  assert.match(
    (await connectionProblem(error, { host: "127.0.0.1", port }, tls)).message,
    /nothing listens on 127\.0\.0\.1:/,
  );
});

test("new certificates are used after a reload", async () => {
  server.reloadTls(material("theirs", "server"));
  assert.equal(await attach(material("theirs", "me")), "root");
  assert.notEqual(await attach(material("ours", "me")), "root");
  server.reloadTls(material("ours", "server"));
  assert.equal(await attach(material("ours", "me")), "root");
});
