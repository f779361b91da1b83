import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Connection, connect } from "@kedgefs/client";
import type { StandingFileSystem } from "@kedgefs/conformance";
import { silentLogger } from "@kedgefs/core";
import { initPki, issueClient, loadClientPki, loadServerPki } from "@kedgefs/pki";
import { type RunningServer, startServer } from "@kedgefs/server";

/** A server and two clients of it in this process, over TLS on the loopback interface. */
export async function servedConnections(): Promise<StandingFileSystem> {
  const dir = mkdtempSync(join(tmpdir(), "k-"));
  const pki = join(dir, "pki");
  const data = join(dir, "data");
  const connections: Connection[] = [];
  let server: RunningServer | undefined;
  const close = async (): Promise<void> => {
    await Promise.all(connections.map((connection) => connection.close()));
    await server?.stop();
    rmSync(dir, { recursive: true });
  };
  try {
    await initPki({ dir: pki });
    await issueClient({ dir: pki, name: "tester" });
    mkdirSync(data);
    server = await startServer({
      tls: loadServerPki(pki),
      exports: [{ name: "data", path: data, readOnly: false, squash: "none" }],
      allow: [],
      listen: { host: "127.0.0.1", port: 0 },
      stateDir: join(dir, "state"),
      logger: silentLogger,
    });
    const { host, port } = server;
    const client = async (): Promise<Connection> => {
      const options = { host, port, exportName: "data", tls: loadClientPki(pki), logger: silentLogger };
      const connection = await connect(options);
      connections.push(connection);
      return connection;
    };
    const [first, second] = [await client(), await client()];
    return { fileSystem: first.fileSystem, second: second.fileSystem, close };
  } catch (error) {
    await close();
    throw error;
  }
}
