// A TCP relay on loopback that delays every byte by the same time in each direction: relay-process.ts DELAY_MS PORT...
// For each target port it opens one of its own, and prints them all in one line, in that order. Ends
// with whoever holds the other end of its standard input.
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { delayLine } from "./delay-line.ts";

const [delayMs = 0, ...targets] = process.argv.slice(2).map(Number);

const ports: number[] = [];
for (const target of targets) {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => relay(near, target));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the kernel gave no port");
  ports.push(address.port);
}
process.stdin.once("end", () => process.exit()).resume();
process.stdout.write(`relaying on ${ports.join(" ")}\n`);

function relay(near: Socket, target: number): void {
  const far = connect({ port: target, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
  // Either end may go away at any time; the delay line then closes the other.
  near.on("error", () => near.destroy());
  far.on("error", () => far.destroy());
  delayLine(near, far, delayMs);
  delayLine(far, near, delayMs);
}
