import { type Connection, connect } from "@kedgefs/client";
import type { Logger } from "@kedgefs/core";
import { loadClientPki } from "@kedgefs/pki";
import { type ControlAnswer, type ControlRequest, openControlSocket } from "./control-socket.ts";
import { endMount, unmountOnRequest } from "./end-mount.ts";
import { formatHostPort } from "./host-port.ts";
import { makeMount } from "./make-mount.ts";
import type { MountConfig } from "./mount-config.ts";
import { parseMountOptionsText } from "./mount-options.ts";
import type { MountRecord } from "./mount-record.ts";
import { inFlightShownMax, type MountStatus } from "./mount-status.ts";
import { checkMountpoint } from "./mountpoint.ts";
import { processStartTicks } from "./process-identity.ts";
import { Registry } from "./registry.ts";
import { openRuntimeDirectory } from "./runtime-directory.ts";
import { type StopSignal, unlessStopped } from "./stop-signal.ts";
import { verifyMount } from "./verify-mount.ts";
import { within } from "./within.ts";

/** How long the end of the session may take once nothing is mounted, milliseconds. */
const sessionCloseMs = 35_000;

/**
 * Mounts, calls `onReady` once the mount answers, and serves it until it is unmounted by anyone or `stop` is requested.
 * Afterwards neither mount nor session nor entry in the registry is left.
 *
 * @throws UserError if the mount cannot be made, and StoppedError if `stop` came before it was.
 */
export async function runMount(
  config: MountConfig,
  stop: StopSignal,
  logger: Logger,
  onReady: (record: MountRecord) => void,
): Promise<void> {
  await using cleanup = new AsyncDisposableStack();
  const options = await parseMountOptionsText(config.optionsText, config.driver);
  const registry = new Registry(await openRuntimeDirectory());
  const mountpoint = await checkMountpoint(config.mountpoint);
  const { host, port, exportName } = config.spec;
  const server = formatHostPort(host, port);
  const pki = loadClientPki(config.pki, config.cert);
  for (const warning of pki.warnings) logger.warn(warning);

  const claim: MountRecord = {
    mountpoint,
    source: `${server}/${exportName}`,
    server,
    exportName,
    driver: config.driver,
    readOnly: options.mount.readOnly,
    pid: process.pid,
    processStartTicks: (await processStartTicks(process.pid)) ?? "",
    mountedAt: new Date().toISOString(),
  };
  await registry.claim(claim);
  const leaveRegistry = once(() => registry.release(mountpoint));
  cleanup.defer(leaveRegistry);

  const session = await unlessStopped(stop, connect({ host, port, exportName, tls: pki, logger, purpose: mountpoint }));
  const endSession = once(() => closeSession(session, logger));
  cleanup.defer(endSession);
  const record = { ...claim, readOnly: claim.readOnly || session.readOnly };

  const mounting = makeMount(record, session, options.mount, logger);
  // Also if the stop comes while the mount is being made: this process must not end and leave it there, dead.
  cleanup.defer(() =>
    mounting.then(
      (made) => endMount(made, logger),
      () => {},
    ),
  );
  const mount = await unlessStopped(stop, mounting);
  session.onFull(
    () => mount.pause(),
    () => mount.resume(),
  );
  await unlessStopped(stop, verifyMount(mountpoint));

  const control = await openControlSocket(registry.controlSocketPath(mountpoint), handleRequest, logger);
  const closeControl = once(() => control.close());
  cleanup.defer(closeControl);

  async function handleRequest(request: ControlRequest): Promise<ControlAnswer> {
    if (request.verb === "status") return { ok: true, status: statusOf(record, session) };
    const answer = await unmountOnRequest(mount, request.lazy, logger);
    if (!answer.ok) return answer;
    if (answer.lingering === true) {
      // Programs that linger on a detached mount need the session. The path is free for another mount from now on, whose socket
      // will have the same name; ours gives that name up before the entry in the registry goes. It waits for this answer.
      closeControl().catch((error: unknown) => logger.error("control socket failed", { reason: String(error) }));
      await leaveRegistry();
    } else {
      await endSession();
    }
    return answer;
  }
  logger.info("mounted", { mountpoint, source: record.source, driver: record.driver, identity: pki.identity });
  onReady(record);

  const reason = await Promise.race([mount.closed.then(() => "unmounted"), stop.requested]);
  logger.info("ending", { reason });
}

async function closeSession(session: Connection, logger: Logger): Promise<void> {
  if (await within(sessionCloseMs, session.close())) return;
  logger.warn("the server did not confirm the end of the session in time");
}

function statusOf(record: MountRecord, session: Connection): MountStatus {
  const { state, sinceMs, attempts, lastError, serverIncarnation, inFlight } = session.status();
  const { processStartTicks: _, ...known } = record;
  return {
    ...known,
    state,
    stateMs: Math.round(sinceMs),
    attempts,
    lastError: lastError ?? null,
    serverIncarnation,
    inFlightCount: inFlight.length,
    inFlight: inFlight
      .map(({ operation, pid, sinceMs, waitsForLock }) => ({
        operation,
        pid,
        ageMs: Math.round(sinceMs),
        waitsForLock,
      }))
      // A lock may be waited for as long as its holder likes, and that is no sign of trouble.
      .sort((a, b) => Number(a.waitsForLock) - Number(b.waitsForLock) || b.ageMs - a.ageMs)
      .slice(0, inFlightShownMax),
  };
}

function once(action: () => Promise<void>): () => Promise<void> {
  let result: Promise<void> | undefined;
  return () => {
    result ??= action();
    return result;
  };
}
