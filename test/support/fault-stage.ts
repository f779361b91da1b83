import { setTimeout as delay } from "node:timers/promises";
import { type Connection, connect } from "@kedgefs/client";
import { type Disturbance, makeRunDirectory, type Stage, seamWorld, type World } from "@kedgefs/conformance";
import { silentLogger } from "@kedgefs/core";
import { loadClientPki } from "@kedgefs/pki";
import { Relay } from "./relay.ts";
import { type Server, Site } from "./site.ts";

/** How long a connection goes on without answers before it breaks, so that calls are made whose answers are lost, milliseconds. */
const muteMs = 10;

/** Where scripts are played on two sessions whose connections can be broken, of a server that can be killed. */
export class FaultStage implements Stage, AsyncDisposable {
  readonly directoryLinks = true;
  readonly #site: Site;
  readonly #server: Server;
  readonly #relays: readonly Relay[];
  readonly #connections: readonly [Connection, Connection];
  #count = 0;

  private constructor(site: Site, server: Server, relays: readonly Relay[], connections: [Connection, Connection]) {
    this.#site = site;
    this.#server = server;
    this.#relays = relays;
    this.#connections = connections;
  }

  static async create(): Promise<FaultStage> {
    const site = await Site.create();
    const relays: Relay[] = [];
    try {
      const server = await site.serve();
      const client = async (): Promise<Connection> => {
        const relay = await Relay.start(server.port);
        relays.push(relay);
        const tls = loadClientPki(site.pki, "tester");
        return await connect({ host: "127.0.0.1", port: relay.port, exportName: "data", tls, logger: silentLogger });
      };
      return new FaultStage(site, server, relays, [await client(), await client()]);
    } catch (error) {
      for (const relay of relays) await relay[Symbol.asyncDispose]();
      await site[Symbol.asyncDispose]();
      throw error;
    }
  }

  async world(): Promise<World> {
    this.#count += 1;
    const name = `run-${this.#count}`;
    const [{ fileSystem: one }, { fileSystem: other }] = this.#connections;
    await makeRunDirectory(one, name);
    return { ...(await seamWorld([one, other], name)), disturb: (disturbance) => this.#disturb(disturbance) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.ensureRunning();
    await Promise.all(this.#connections.map((connection) => connection.close()));
    for (const relay of this.#relays) await relay[Symbol.asyncDispose]();
    await this.#site[Symbol.asyncDispose]();
  }

  async #disturb(disturbance: Disturbance): Promise<void> {
    if (disturbance.call === "kill") {
      await this.#server.stop("SIGKILL");
      await this.#server.start();
      return;
    }
    const relay = this.#relays[disturbance.client];
    if (disturbance.losesAnswers) {
      relay?.loseAnswers();
      await delay(muteMs);
    }
    relay?.breakConnections();
  }
}
