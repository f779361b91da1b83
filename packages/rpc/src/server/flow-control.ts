import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { ServerHttp2Stream } from "node:http2";
import { limits } from "@kedgefs/core";

const channel = "http2.server.stream.created";

/**
 * Raises the receive windows of every HTTP/2 session of this process's servers.
 *
 * grpc-js leaves a server's windows at HTTP/2's 64 KiB and has no option for them, which caps an upload at 64 KiB per round
 * trip (2 MB/s over 20 ms, measured). Node announces each stream on a diagnostics channel, where its session can be reached.
 *
 * Returns what ends it.
 */
export function raiseServerWindows(): () => void {
  const raised = new WeakSet<object>();
  const onStream = (message: unknown): void => {
    const session = (message as { stream: ServerHttp2Stream }).stream.session;
    // What a subscriber throws ends the process.
    if (session === undefined || session.destroyed || raised.has(session)) return;
    raised.add(session);
    session.setLocalWindowSize(limits.flowControlWindowBytes);
    session.settings({ initialWindowSize: limits.flowControlWindowBytes });
  };
  subscribe(channel, onStream);
  return () => unsubscribe(channel, onStream);
}
