import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

interface Pair {
  readonly ends: readonly [Socket, Socket | undefined];
  cut: boolean;
  /** Nothing comes back from the target any more. */
  mute: boolean;
}

/** A TCP relay on the loopback interface that can lose everything without a word, as a cable that was pulled does. */
export class Relay implements AsyncDisposable {
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #down = false;

  private constructor(server: Server, targetPort: number) {
    this.#server = server;
    server.on("connection", (inner) => {
      const outer = this.#down ? undefined : connect(targetPort, "127.0.0.1");
      const pair: Pair = { ends: [inner, outer], cut: this.#down, mute: false };
      this.#pairs.add(pair);
      this.#join(pair, inner, outer);
      if (outer !== undefined) this.#join(pair, outer, inner);
    });
  }

  static async start(targetPort: number): Promise<Relay> {
    const server = createServer({ allowHalfOpen: true });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new Relay(server, targetPort);
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("the relay does not listen");
    return address.port;
  }

  /** From now on nothing passes: no byte, no FIN, no RST. New connections are taken and get no answer. */
  cut(): void {
    this.#down = true;
    this.forgetConnections();
  }

  /** Nothing passes on the connections that there are, for good, as where a firewall has forgotten them. */
  forgetConnections(): void {
    for (const pair of this.#pairs) pair.cut = true;
  }

  /** On the connections that there are nothing comes back any more, while what is sent still arrives. */
  loseAnswers(): void {
    for (const pair of this.#pairs) pair.mute = true;
  }

  /** The connections that there are end at once, as by a reset of the line. */
  breakConnections(): void {
    for (const { ends } of this.#pairs) for (const end of ends) end?.destroy();
    this.#pairs.clear();
  }

  /** New connections work again. */
  mend(): void {
    this.#down = false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const { ends } of this.#pairs) for (const end of ends) end?.destroy();
    await closed;
  }

  #join(pair: Pair, from: Socket, to: Socket | undefined): void {
    from.setNoDelay(true);
    from.on("data", (chunk: Buffer) => {
      // What is read while the line is cut is lost.
      if (pair.cut || to === undefined || (pair.mute && to === pair.ends[0])) return;
      if (!to.write(chunk)) {
        from.pause();
        to.once("drain", () => from.resume());
      }
    });
    from.on("error", () => {});
    from.on("end", () => {
      if (!pair.cut && !pair.mute) to?.end();
    });
    from.on("close", () => {
      if (pair.cut || pair.mute) return;
      to?.destroy();
      this.#pairs.delete(pair);
    });
  }
}
