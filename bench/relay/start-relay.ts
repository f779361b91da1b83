import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { Service } from "../system/service.ts";

const readyTimeoutMs = 20_000;
const echoCount = 21;

export interface Relay extends AsyncDisposable {
  /** For each target port, in order, the port through which it is reached late. */
  readonly ports: readonly number[];
  /** Median of a byte's way there and back through it, milliseconds. */
  readonly roundTripMs: number;
}

/** Starts the relay as a process of its own, and measures what it does. */
export async function startRelay(delayMs: number, targets: readonly number[]): Promise<Relay> {
  const echo = createServer({ noDelay: true }, (socket) => socket.on("error", () => socket.destroy()).pipe(socket));
  echo.listen(0, "127.0.0.1");
  await once(echo, "listening");
  const address = echo.address();
  if (address === null || typeof address === "string") throw new Error("the kernel gave no port");
  const program = join(import.meta.dirname, "relay-process.ts");
  const service = new Service("the relay", process.execPath, [
    program,
    ...[delayMs, ...targets, address.port].map(String),
  ]);
  try {
    const [, list = ""] = await service.said(/^relaying on (.*)$/m, readyTimeoutMs);
    const ports = list.split(" ").map(Number);
    const roundTripMs = await measureRoundTrip(ports.pop() ?? 0);
    return { ports, roundTripMs, [Symbol.asyncDispose]: () => service[Symbol.asyncDispose]() };
  } catch (error) {
    await service[Symbol.asyncDispose]();
    throw error;
  } finally {
    echo.close();
  }
}

async function measureRoundTrip(port: number): Promise<number> {
  const socket: Socket = connect({ port, host: "127.0.0.1", noDelay: true });
  try {
    await once(socket, "connect");
    const times: number[] = [];
    for (let count = 0; count < echoCount; count++) {
      const startedMs = performance.now();
      socket.write("x");
      await once(socket, "data");
      times.push(performance.now() - startedMs);
    }
    return times.sort((a, b) => a - b)[echoCount >> 1] ?? 0;
  } finally {
    socket.destroy();
  }
}
