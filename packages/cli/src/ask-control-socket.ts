import { connect } from "node:net";
import { type ControlAnswer, type ControlRequest, controlLimits } from "./control-socket.ts";

/**
 * - `answered`: with the answer.
 * - `absent`: nobody listens there: the process is dead, or not ready, or gone meanwhile.
 * - `silent`: no answer within the time, or one that is no answer.
 */
export type ControlOutcome =
  | { readonly kind: "answered"; readonly answer: ControlAnswer }
  | { readonly kind: "absent" | "silent" };

/** Asks the process that serves a mount. `timeoutMs` undefined waits as long as it lives: for umount, which may take long. */
export function askControlSocket(
  path: string,
  request: ControlRequest,
  timeoutMs: number | undefined,
): Promise<ControlOutcome> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const timer = timeoutMs === undefined ? undefined : setTimeout(() => finish({ kind: "silent" }), timeoutMs);
    let received = "";
    let connected = false;
    const finish = (outcome: ControlOutcome): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(outcome);
    };
    socket.setEncoding("utf8");
    socket.on("connect", () => {
      connected = true;
      socket.write(`${JSON.stringify(request)}\n`);
    });
    socket.on("data", (chunk: string) => {
      received += chunk;
      const end = received.indexOf("\n");
      if (end === -1) {
        if (received.length > controlLimits.lineBytesMax) finish({ kind: "silent" });
        return;
      }
      const answer = parseControlAnswer(received.slice(0, end));
      finish(answer === undefined ? { kind: "silent" } : { kind: "answered", answer });
    });
    // What went wrong is in `connected`; a connection that was made and lost means a process that ended before it answered.
    socket.on("error", () => {});
    socket.on("close", () => finish({ kind: connected ? "silent" : "absent" }));
  });
}

function parseControlAnswer(line: string): ControlAnswer | undefined {
  let value: { ok?: unknown; message?: unknown } | null;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (value?.ok === true) return value as ControlAnswer;
  if (value?.ok === false && typeof value.message === "string") return value as ControlAnswer;
  return undefined;
}
