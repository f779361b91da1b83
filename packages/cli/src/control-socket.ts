import { chmod, rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import type { Logger } from "@kedgefs/core";
import type { MountStatus } from "./mount-status.ts";
import { within } from "./within.ts";

export const controlLimits = {
  /** Longest line in either direction, bytes. */
  lineBytesMax: 64 << 10,
  /** Commands that talk to one mount at a time; more are refused. */
  connectionsMax: 16,
  /** How long a command may take to send its request, milliseconds. */
  requestTimeoutMs: 5_000,
  /** How long `close` waits for answers that are being made, milliseconds. */
  closeTimeoutMs: 40_000,
} as const;

export type ControlRequest = { readonly verb: "status" } | { readonly verb: "umount"; readonly lazy: boolean };

export type ControlAnswer =
  | { readonly ok: true; readonly status?: MountStatus; readonly lingering?: boolean }
  | { readonly ok: false; readonly message: string; readonly hint?: string };

export type ControlHandler = (request: ControlRequest) => Promise<ControlAnswer>;

export interface ControlSocket {
  /** Takes no more requests, lets those that are being answered finish within a bound, and ends all connections. */
  close(): Promise<void>;
}

/**
 * Listens for `kedge status` and `kedge umount`: one line of JSON from them, one line of JSON back.
 */
export async function openControlSocket(path: string, handle: ControlHandler, logger: Logger): Promise<ControlSocket> {
  // The caller holds the claim on this mountpoint, so a socket that is there was left behind by a dead process.
  await rm(path, { force: true });
  const connections = new Set<Socket>();
  const answers = new Set<Promise<void>>();
  const server = createServer((socket) => {
    connections.add(socket);
    socket.on("close", () => connections.delete(socket));
    socket.on("error", (error) => logger.debug("control connection failed", { reason: error.message }));
    onLine(socket, (line) => {
      const answering = answer(socket, line, handle).catch((error: unknown) => {
        logger.error("a control request failed", { reason: error instanceof Error ? error.message : String(error) });
        socket.destroy();
      });
      answers.add(answering);
      answering.finally(() => answers.delete(answering)).catch(() => {});
    });
  });
  server.maxConnections = controlLimits.connectionsMax;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  server.on("error", (error) => logger.error("control socket failed", { reason: error.message }));
  await chmod(path, 0o600);
  return {
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await within(controlLimits.closeTimeoutMs, Promise.all(answers));
      for (const socket of connections) socket.destroy();
      await closed;
    },
  };
}

/** Calls back with the first line that arrives; a connection that sends too much or takes too long is ended. */
function onLine(socket: Socket, take: (line: string) => void): void {
  let received = "";
  socket.setEncoding("utf8");
  socket.setTimeout(controlLimits.requestTimeoutMs, () => socket.destroy());
  socket.on("data", function onData(chunk: string) {
    received += chunk;
    const end = received.indexOf("\n");
    if (end === -1) {
      if (received.length > controlLimits.lineBytesMax) socket.destroy();
      return;
    }
    socket.off("data", onData);
    socket.resume();
    socket.setTimeout(0);
    take(received.slice(0, end));
  });
}

/** Resolves once the answer is handed to the kernel, or the other end has gone. */
async function answer(socket: Socket, line: string, handle: ControlHandler): Promise<void> {
  const request = parseControlRequest(line);
  const reply: ControlAnswer =
    request === undefined
      ? { ok: false, message: "the request is of another version of kedge" }
      : await handle(request);
  await new Promise<void>((resolve) => {
    socket.once("close", resolve);
    socket.end(`${JSON.stringify(reply)}\n`, resolve);
  });
}

function parseControlRequest(line: string): ControlRequest | undefined {
  let value: { verb?: unknown; lazy?: unknown } | null;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (value?.verb === "status") return { verb: "status" };
  if (value?.verb === "umount" && typeof value.lazy === "boolean") return { verb: "umount", lazy: value.lazy };
  return undefined;
}
