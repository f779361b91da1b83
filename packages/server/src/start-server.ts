import { LockManager, type Logger, UserError } from "@kedgefs/core";
import { canSwitchIdentity, umask } from "@kedgefs/posix";
import { startRpcServer, type TlsMaterial } from "@kedgefs/rpc";
import type { AllowRule, ExportConfig } from "./export/export-config.ts";
import { ExportTable } from "./export/export-table.ts";
import { exchangeLeaseMs } from "./leases/exchange-lease-ms.ts";
import { HostWatch } from "./leases/host-watch.ts";
import { LeaseTable } from "./leases/lease-table.ts";
import { HostLocks } from "./locks/host-locks.ts";
import { LapsedLocks } from "./locks/lapsed-locks.ts";
import { LockGrace } from "./locks/lock-grace.ts";
import { LockMarks } from "./locks/lock-marks.ts";
import { SessionTable } from "./session/session-table.ts";
import { Journal } from "./state/journal.ts";
import { openStateDirectory } from "./state/state-directory.ts";

export interface ServerOptions {
  readonly tls: TlsMaterial;
  readonly exports: readonly ExportConfig[];
  /** Who may use what. Empty: every certificate that the CA signed may use every export. */
  readonly allow: readonly AllowRule[];
  readonly listen: { readonly host: string; readonly port: number };
  readonly stateDir: string;
  /** How long clients may believe an answer that is not taken back, milliseconds; 0: not at all. `defaultLeaseMs` unless set. */
  readonly leaseMs?: number | undefined;
  /** How long locks outlive the absence of their client, milliseconds. `defaultLockLeaseMs` unless set. */
  readonly lockLeaseMs?: number | undefined;
  readonly logger: Logger;
}

export interface RunningServer {
  readonly host: string;
  readonly port: number;
  /** What its operator should know, each in a sentence. */
  readonly notes: readonly string[];
  reloadTls(tls: TlsMaterial): void;
  /** Orderly: takes nothing new, finishes what runs, keeps the sessions for the next start. */
  stop(): Promise<void>;
}

const serverVersion = "0.1.0";

/** A change waits as long for a client that holds a lease and does not answer. */
export const defaultLeaseMs = 2_000;

export const defaultLockLeaseMs = 30_000;

/** Starts a server. UserError for whatever the operator can mend: a busy port, another server on the state directory, … */
export async function startServer({
  tls,
  exports,
  allow,
  listen,
  stateDir,
  leaseMs = defaultLeaseMs,
  lockLeaseMs = defaultLockLeaseMs,
  logger,
}: ServerOptions): Promise<RunningServer> {
  for (const { exportName } of allow) {
    if (!exports.some(({ name }) => name === exportName)) {
      throw new UserError(`--allow names the export ${exportName}, which no --export defines`);
    }
  }
  // Modes come from the clients, whose umask has been applied there.
  umask(0);
  const state = openStateDirectory(stateDir);
  const closers: (() => void)[] = [() => state.close()];
  const closeAll = (): void => {
    for (const close of closers.reverse()) close();
  };
  try {
    const { journal, tornBytes } = Journal.open(state.pathOf("journal"), logger);
    closers.push(() => journal.close());
    if (tornBytes > 0) logger.info(`cut a record that was written by half from the journal (${tornBytes} bytes)`);
    const watch = leaseMs === 0 ? undefined : HostWatch.open(logger);
    closers.push(() => watch?.close());
    const marks = new LockMarks(state.pathOf("locks"));
    for (const id of marks.sessions) if (!journal.sessions.has(id)) marks.clear(id);
    const grace = new LockGrace(marks.sessions, lockLeaseMs);
    closers.push(() => grace.close());
    const lapsed = new LapsedLocks();
    const locks = new LockManager(new HostLocks((ask) => lapsed.granted(ask, ask.change)));
    const table = new ExportTable(exports, allow, state, watch, locks);
    closers.push(() => table.close());
    const earlier = { sessions: journal.sessions.keys(), leaseMs: exchangeLeaseMs(state.pathOf("lease-ms"), leaseMs) };
    const leases = new LeaseTable(leaseMs, earlier);
    closers.push(() => leases.close());
    leases.readHost = () => watch?.readNow();
    watch?.start({
      changed: (key) => leases.changedByHost(key),
      anythingChanged: () => leases.anythingChangedByHost(),
      lost: () => leases.stopGranting(),
    });
    const sessions = new SessionTable(table, journal, state, leases, { grace, lapsed, marks, lockLeaseMs }, logger);
    const rpc = await startRpcServer({
      tls,
      listen,
      serverVersion,
      logger,
      handlers: {
        attach: (request) => sessions.attach(request),
        detach: (identity, sessionId) => sessions.detach(identity, sessionId),
        openLane: (identity, sessionId, epoch, name, lane) =>
          sessions.find(identity, sessionId)?.openLane(epoch, name, lane) ?? false,
      },
    });
    const notes = table.notes();
    const unwatched = leaseMs === 0 ? [] : table.unwatched();
    if (unwatched.length > 0) {
      notes.push(
        `${unwatched.join(", ")}: no leases, as changes on this host can't be watched; clients ask for everything`,
      );
    }
    if (!canSwitchIdentity()) {
      notes.push(`not root: every client works with the rights of uid ${process.getuid?.()}, and owns nothing else`);
    }
    return {
      host: rpc.host,
      port: rpc.port,
      notes,
      reloadTls: rpc.reloadTls,
      async stop() {
        await sessions.stop();
        await rpc.stop();
        closeAll();
      },
    };
  } catch (error) {
    closeAll();
    throw error;
  }
}
