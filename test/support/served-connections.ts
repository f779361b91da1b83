import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Connection, type ConnectOptions, connect } from "@kedgefs/client";
import type { StandingFileSystem } from "@kedgefs/conformance";
import { silentLogger } from "@kedgefs/core";
import { initPki, issueClient, loadClientPki, loadServerPki } from "@kedgefs/pki";
import { type RunningServer, startServer } from "@kedgefs/server";

type Client = Pick<Connection, "fileSystem" | "close">;

/** A server and two clients of it in this process, over TLS on the loopback interface. `connectSecond` makes the other client. */
export async function servedConnections(
  connectSecond: (options: ConnectOptions) => Promise<Client> = connect,
): Promise<StandingFileSystem> {
  const dir = mkdtempSync(join(tmpdir(), "k-"));
  const pki = join(dir, "pki");
  const data = join(dir, "data");
  const connections: Client[] = [];
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
    const options = { host, port, exportName: "data", tls: loadClientPki(pki), logger: silentLogger };
    for (const make of [connect, connectSecond]) connections.push(await make(options));
    const [first, second] = connections as [Client, Client];
    return { fileSystem: first.fileSystem, second: second.fileSystem, close };
  } catch (error) {
    await close();
    throw error;
  }
}
