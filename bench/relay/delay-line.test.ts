import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { test } from "node:test";
import { startRelay } from "./start-relay.ts";

const timeout = 30_000;

test("a byte takes the delay there and back again", { timeout }, async () => {
  await using relay = await startRelay(10, []);
  assert.ok(relay.roundTripMs >= 19 && relay.roundTripMs < 40, `${relay.roundTripMs} ms`);
});

test("the delay limits no bandwidth, loses nothing, and passes the end of a stream on", { timeout }, async () => {
  const bytes = 64 << 20;
  const counting = createServer((socket) => {
    let received = 0;
    socket.on("data", (chunk: Buffer) => {
      received += chunk.length;
    });
    socket.on("end", () => socket.end(String(received)));
  }).listen(0, "127.0.0.1");
  await once(counting, "listening");
  const address = counting.address();
  assert.ok(address !== null && typeof address !== "string");
  await using relay = await startRelay(10, [address.port]);
  const socket = connect({ port: relay.ports[0] ?? 0, host: "127.0.0.1", allowHalfOpen: true });
  const startedMs = performance.now();
  for (let sent = 0; sent < bytes; sent += 1 << 20) socket.write(Buffer.alloc(1 << 20));
  socket.end();
  const [answer] = (await once(socket, "data")) as [Buffer];
  counting.close();
  assert.equal(Number(answer.toString()), bytes);
  // A relay that slept for each piece of 64 KiB would need 10 s.
  assert.ok(performance.now() - startedMs < 5_000);
});
