import type { FileSystem } from "@kedgefs/core";
import { remote } from "./remote.ts";
import { type ConnectOptions, type RecallListener, RemoteSession, type SessionStatus } from "./remote-session.ts";

/** A session and the FileSystem over it. */
export interface Connection {
  readonly fileSystem: FileSystem;
  readonly readOnly: boolean;
  /** The server's times don't tell every change: mount with direct_io. */
  readonly coarseTimes: boolean;
  /** Whether the server grants leases. */
  readonly leases: boolean;
  /** For who believes what `fileSystem` answers under leases. */
  onRecall(listener: RecallListener): void;
  status(): SessionStatus;
  /** Back-pressure: called when as many calls wait as may be, and when there is room again. */
  onFull(pause: () => void, resume: () => void): void;
  /** Waits for calls under way, ends the session. */
  close(): Promise<void>;
}

/** Opens a session on an export. Rejects with a UserError that says why not; later failures are retried for ever. */
export async function connect(options: ConnectOptions): Promise<Connection> {
  const session = await RemoteSession.connect(options);
  return {
    fileSystem: remote(session),
    readOnly: session.readOnly,
    coarseTimes: session.coarseTimes,
    leases: session.leaseTerms.leaseMs > 0,
    onRecall: (listener) => session.onRecall(listener),
    status: () => session.status(),
    onFull: (pause, resume) => session.onFull(pause, resume),
    close: () => session.close(),
  };
}
